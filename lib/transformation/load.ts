import { describeThrown, nameInStacks } from './failure.ts';
import { defineRudderStackFunctions } from './not-here.ts';
import type { TransformEvent } from './transform-event.ts';

type Log = (...values: readonly unknown[]) => void;

/** A transformation, or why the file is none. */
export type LoadedTransformation =
  | { readonly kind: 'loaded'; readonly transformEvent: TransformEvent }
  /** The file as this project has it, which exports `isEmpty`. */
  | { readonly kind: 'empty' }
  /** `why` is a sentence in one line. */
  | { readonly kind: 'wrong'; readonly why: string };

/** How a transformation is loaded. */
export interface LoadOptions {
  /** The last part of the path of its file. */
  readonly file?: string;
  /** Called with the arguments of the transformation's `log`. */
  readonly log?: Log;
}

/**
 * Loads a transformation from its source. The source is run as it is, so that the line of an error is that of the file, although
 * the function around it was minified. Never throws.
 *
 * @param source a module that exports `transformEvent`
 */
export async function loadTransformation(
  source: string,
  { file = 'transformation.js', log }: LoadOptions = {},
): Promise<LoadedTransformation> {
  defineRudderStackFunctions(log);
  const name = nameInStacks(file);
  const named = `${source}\n//# sourceURL=${name}`;
  const url = `data:text/javascript;base64,${Buffer.from(named).toString('base64')}`;
  try {
    const loaded: unknown = await import(url);
    return transformEventIn(loaded, name);
  } catch (error) {
    return wrong(name, `cannot be loaded: ${reasonOf(error)}`);
  }
}

/** The bundler would leave it out, and personal data that it removes would go on. */
const BESIDE_EMPTY =
  'exports isEmpty beside transformEvent: take the line with isEmpty out of it, or nothing of it is run';

const ASYNC = 'has an async transformEvent: it has to be a plain function, without async and await';
const GENERATOR = 'has a generator as transformEvent: it has to be a plain function that returns a list';
/** By the name of the constructor of a function. */
const NO_PLAIN_FUNCTION: Readonly<Record<string, string>> = {
  AsyncFunction: ASYNC,
  AsyncGeneratorFunction: ASYNC,
  GeneratorFunction: GENERATOR,
};

/**
 * Finds the transformation in what a module exports.
 *
 * @param name of its file, for messages
 */
export function transformEventIn(loaded: unknown, name: string): LoadedTransformation {
  const { isEmpty, transformEvent, transformBatch } = Object(loaded);
  if (isTransformEvent(transformEvent)) {
    // Before an event fails: none could succeed.
    const why = isEmpty === true ? BESIDE_EMPTY : NO_PLAIN_FUNCTION[transformEvent.constructor.name];
    return why === undefined ? { kind: 'loaded', transformEvent } : wrong(name, why);
  }
  if (isEmpty === true) return { kind: 'empty' };
  return wrong(
    name,
    transformBatch === undefined
      ? 'has to export a function transformEvent(event, metadata)'
      : 'exports transformBatch, which is not supported: write transformEvent, which gets one event',
  );
}

function isTransformEvent(value: unknown): value is TransformEvent {
  return typeof value === 'function';
}

function wrong(name: string, what: string): LoadedTransformation {
  return { kind: 'wrong', why: `${name} ${what}` };
}

/** In one line. Node's own words about an import would quote the whole source. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const [, imported] = /^Failed to resolve module specifier "([^"]*)"/.exec(message) ?? [];
  if (imported !== undefined) {
    return `it imports ${JSON.stringify(imported)}: put what it needs of that into the file itself`;
  }
  return describeThrown(error).replaceAll(/\s+/g, ' ');
}
