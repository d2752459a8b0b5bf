import type { Message } from '@aws-sdk/client-sqs';
import { isArray, isObject, valueAt } from '../lib/json.ts';

export interface QueueServer {
  /** The value for `AWS_ENDPOINT_URL_SQS`. */
  readonly endpoint: string;
  /**
   * Returns every message of a queue, with its text attributes, also those in flight and delayed. None of them is received by that, so
   * it holds nothing back and counts as no receive. SQS itself cannot do this.
   */
  inspect(queueUrl: string): Promise<readonly Message[]>;
  stop(): Promise<void>;
}

/**
 * Starts the embedded SQS server on loopback. It speaks SQS's protocol and keeps everything in memory.
 *
 * `startFauxqs` would listen on every interface, whatever `host` it is given, and the server asks nobody for credentials.
 *
 * @param port 0 for any free port
 * @throws Node's error `EADDRINUSE` if the port is in use
 */
export async function startQueueServer(port = 0): Promise<QueueServer> {
  // Loaded here, so that a wrong option is answered at once: it takes longer than all the rest of a start.
  const { buildApp } = await import('fauxqs');
  const app = buildApp({ host: '127.0.0.1', logger: false });
  const endpoint = await app.listen({ port, host: '127.0.0.1' });
  return {
    endpoint,
    async inspect(queueUrl) {
      const queue = encodeURIComponent(queueUrl.slice(queueUrl.lastIndexOf('/') + 1));
      const answer = await app.inject({ url: `/_fauxqs/queues/${queue}` });
      return readInspection(JSON.parse(answer.body));
    },
    stop: () => app.close(),
  };
}

/** Turns the server's own form of its messages into that of SQS's API. */
function readInspection(inspection: unknown): readonly Message[] {
  const listAt = (name: string): readonly unknown[] => {
    const list = valueAt(inspection, ['messages', name]);
    return isArray(list) ? list : [];
  };
  const inFlight = listAt('inflight').map((entry) => valueAt(entry, ['message']));
  return [...listAt('ready'), ...listAt('delayed'), ...inFlight].filter(isObject).map((message) => ({
    MessageId: String(message['messageId']),
    Body: String(message['body']),
    Attributes: { SentTimestamp: String(message['sentTimestamp']) },
    MessageAttributes: Object.fromEntries(
      Object.entries(isObject(message['messageAttributes']) ? message['messageAttributes'] : {}).map(
        ([name, value]) => {
          const text = valueAt(value, ['StringValue']);
          return [name, { DataType: 'String', ...(typeof text === 'string' && { StringValue: text }) }];
        },
      ),
    ),
  }));
}
