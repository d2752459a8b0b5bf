import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ConfigurationError } from '../../lib/config.ts';
import type { JsonObject } from '../../lib/json.ts';
import { inBatchesAsTheyCome, SQS_LIMITS } from '../../lib/sqs.ts';
import { packForQueue } from '../pack-for-queue.ts';
import { readItems, type Item } from './read-items.ts';
import { toBody } from './to-body.ts';

export interface EnqueueOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** Items to leave out: they are in the queue already. */
  readonly skip: number;
  /** Events that share a message at most. */
  readonly eventsPerMessage: number;
  /** Items a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
  /**
   * @param done items from the beginning of the file that are in the queue, without a gap
   * @param bytes read of the file
   */
  readonly onProgress: (done: number, bytes: number) => void;
}

/** Sends that are under way at once. */
const PARALLEL_SENDS = 8;
const TRIES = 4;
/** SQS counts 64 KB as one request; a message beyond that saves nothing. */
const SHARED_BYTES = 60 * 1024;

/** A batch on its way. */
interface Sending {
  readonly upTo: number;
  isDone: boolean;
  ended: Promise<void>;
}

interface Packed {
  readonly body: string;
  readonly bytes: number;
  /** Items up to and including its last one. */
  readonly upTo: number;
  readonly group: string;
}

/**
 * Puts the events of a file into the queue, holding no more of it than is under way. What is no JSON, or too large, stops it with the
 * line: history that is half loaded should not pass for whole.
 *
 * @returns items from the beginning that are in the queue; fewer than the file has when it was interrupted
 * @throws ConfigurationError naming file and line
 */
export async function enqueueFile(client: SQSClient, queueUrl: string, options: EnqueueOptions): Promise<number> {
  const { signal, skip, rate, onProgress } = options;
  const isFifo = queueUrl.endsWith('.fifo');
  let bytes = 0;
  let done = skip;
  const underWay: Sending[] = [];
  const failures: unknown[] = [];
  const startedAt = Date.now();

  /** A gap must not be jumped over: what is behind a batch that is still under way counts later. */
  function settleHead(): void {
    while (underWay[0]?.isDone === true) done = underWay.shift()?.upTo ?? done;
    onProgress(done, bytes);
  }

  const items = readItems(options.file, (read) => (bytes += read));
  try {
    for await (const batch of inBatchesAsTheyCome(pack(items, { ...options, isFifo }), (message) => message.bytes)) {
      if (signal.aborted || failures.length > 0) break;
      const upTo = batch.at(-1)?.upTo ?? done;
      const send = async (): Promise<void> => {
        try {
          await sendBatch(client, queueUrl, batch, isFifo);
          one.isDone = true;
          settleHead();
        } catch (error) {
          failures.push(error);
        }
      };
      const one: Sending = { upTo, isDone: false, ended: Promise.resolve() };
      one.ended = send();
      underWay.push(one);
      if (isFifo || underWay.length >= PARALLEL_SENDS) await underWay[0]?.ended;
      const aheadMs = rate === undefined ? 0 : ((upTo - skip) / rate) * 1000 - (Date.now() - startedAt);
      if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await Promise.all(underWay.map(({ ended }) => ended));
    settleHead();
  }
  if (failures.length > 0) throw failures[0];
  return done;
}

/** Events into messages: several share one, and what is no single event goes alone. */
async function* pack(
  items: AsyncIterable<Item>,
  { file, skip, eventsPerMessage, isFifo }: EnqueueOptions & { readonly isFifo: boolean },
): AsyncGenerator<Packed> {
  let shared: string[] = [];
  let size = 0;
  let index = 0;
  const flush = function* (): Generator<Packed> {
    const [only] = shared;
    if (only === undefined) return;
    yield toMessage(shared.length === 1 ? only : `{"batch":[${shared.join(',')}]}`, index, '');
    shared = [];
    size = 0;
  };
  for await (const { text, line } of items) {
    if (index < skip) {
      index += 1;
      continue;
    }
    const place = `${file === '-' ? 'standard input' : file}, line ${line}`;
    const body = toBody(text);
    if (body.kind === 'not_json') {
      yield* flush();
      throw new ConfigurationError(`${place} is no JSON: ${body.problem}`);
    }
    const bytes = Buffer.byteLength(body.text);
    const isAlone = body.kind === 'body' || isFifo || bytes > SHARED_BYTES;
    if (isAlone || shared.length === eventsPerMessage || size + bytes > SHARED_BYTES) yield* flush();
    index += 1;
    if (isAlone) {
      const message = toMessage(body.text, index, body.kind === 'event' ? userOf(body.event) : 'backfill');
      if (message.bytes > SQS_LIMITS.bytes) {
        throw new ConfigurationError(`${place} fits into no SQS message, even packed: ${message.bytes} bytes`);
      }
      yield message;
    } else {
      shared.push(body.text);
      size += bytes + 1;
    }
  }
  yield* flush();
}

function toMessage(text: string, upTo: number, group: string): Packed {
  const body = packForQueue(text);
  return { body, bytes: Buffer.byteLength(body), upTo, group };
}

/** On a FIFO queue a user's events keep their order. */
function userOf({ userId, anonymousId }: JsonObject): string {
  return createHash('md5')
    .update(JSON.stringify([userId, anonymousId]))
    .digest('hex');
}

/** @throws when a message is still not in the queue after several tries */
async function sendBatch(
  client: SQSClient,
  queueUrl: string,
  batch: readonly Packed[],
  isFifo: boolean,
): Promise<void> {
  let left = batch;
  for (let tries = 1; ; tries += 1) {
    const Entries = left.map(({ body, group, upTo }, index) => ({
      Id: String(index),
      MessageBody: body,
      ...(isFifo ? { MessageGroupId: group, MessageDeduplicationId: `${upTo}-${hashOf(body)}` } : {}),
    }));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const failed = new Set(Failed.map(({ Id }) => Number(Id)));
    left = left.filter((_, index) => failed.has(index));
    if (left.length === 0) return;
    if (tries === TRIES || Failed.some(({ SenderFault }) => SenderFault === true)) {
      throw new ConfigurationError(
        `the queue refuses a message: ${Failed[0]?.Message ?? Failed[0]?.Code ?? 'no reason given'}`,
      );
    }
    await sleep(100 * 2 ** tries);
  }
}

function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
