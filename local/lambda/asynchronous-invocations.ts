import { randomUUID } from 'node:crypto';
import type { InvocationAnswer, Lambda } from './lambda.ts';

export interface AsynchronousInvocationsOptions {
  readonly lambda: Pick<Lambda, 'invoke'>;
  /** The pauses before the second and the third attempt, in ms; the default are Lambda's. */
  readonly pausesMs?: readonly number[];
  /** Gets the invocation record of an event that every attempt has failed with, as an on-failure destination does. */
  readonly onFailure: (record: string) => Promise<void>;
}

/** Lambda's queue of asynchronous invocations, in front of a function. */
export interface AsynchronousInvocations {
  /**
   * Accepts an event, as `Invoke` with the invocation type `Event` does.
   *
   * @param payload JSON
   * @returns the error code with which Lambda refuses it; undefined when it is accepted
   */
  invoke(payload: string): string | undefined;
  /** Resolves when every accepted event has been handled, or reported as failed. */
  settled(): Promise<void>;
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_PAYLOAD_BYTES = 1024 * 1024;

const PAUSES_MS = [60_000, 120_000] as const;

/**
 * Does what Lambda does with asynchronous invocations: it accepts an event at once, tries it three times when the function
 * fails, and reports it to the on-failure destination then. It leaves out what only happens to a busy function: throttling, and
 * giving up events by their age.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export function createAsynchronousInvocations(options: AsynchronousInvocationsOptions): AsynchronousInvocations {
  const { lambda, pausesMs = PAUSES_MS, onFailure } = options;
  const running = new Set<Promise<void>>();

  async function attempt(event: unknown): Promise<void> {
    let answer = await lambda.invoke(event);
    for (const pauseMs of pausesMs) {
      if (answer.kind === 'response') return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      answer = await lambda.invoke(event);
    }
    if (answer.kind === 'error') await onFailure(JSON.stringify(toRecord(event, answer, pausesMs.length + 1)));
  }

  return {
    invoke(payload) {
      if (Buffer.byteLength(payload) > MOST_PAYLOAD_BYTES) return 'RequestTooLargeException';
      const parsed = parse(payload);
      if (parsed === undefined) return 'InvalidRequestContentException';
      const attempts = attempt(parsed.event).finally(() => running.delete(attempts));
      running.add(attempts);
      return undefined;
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

function parse(payload: string): { readonly event: unknown } | undefined {
  try {
    return { event: JSON.parse(payload) };
  } catch {
    return undefined;
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function toRecord(
  event: unknown,
  { message }: InvocationAnswer & { readonly kind: 'error' },
  attempts: number,
): object {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: randomUUID(),
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:lambda-destination:$LATEST',
      condition: 'RetriesExhausted',
      approximateInvokeCount: attempts,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: 'Error', errorMessage: message, trace: [] },
  };
}
