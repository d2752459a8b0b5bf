/** What an SDK gets for a request. Status 0: no answer, as when a network fails. */
export interface SdkAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * What an SDK does with an answer.
 *
 * - `done`: the batch counts as delivered, and leaves the store.
 * - `again`: it sends the batch again, until its attempts are used up.
 * - `delete`: the batch is deleted, although it is not delivered.
 * - `delete_anonymous`: those events of the batch are deleted that have no `anonymousId`; it sends the others again at once.
 * - `stop`: it keeps everything, and sends nothing until the program starts again.
 * - `off`: as `stop`, and it takes no new events until then either.
 * - `wipe`: everything it has stored is deleted, and it takes no new events.
 */
export type Reaction = 'done' | 'again' | 'delete' | 'delete_anonymous' | 'stop' | 'off' | 'wipe';

/** How an SDK sends, and what it does with each answer, as its source code says. */
export interface SdkRule {
  readonly name: string;
  /** The repository, the version or commit, and the files that were read: `REPOSITORY VERSION: FILES`. */
  readonly source: string;
  /** `batch`: `{"batch":[…]}`. `single`: one event for each request. */
  readonly sends: 'batch' | 'single';
  /** The path; `:type` stands for the type of the event, and `:t` for its first letter. */
  readonly path: string;
  /** The `channel` of its events, if it counts. */
  readonly channel?: 'mobile';
  readonly isGzipped: boolean;
  /** A batch has the oldest events, up to these limits. */
  readonly most: { readonly events: number; readonly bytes: number };
  /** Whether what it has stored survives the end of the program. */
  readonly survivesRestart: boolean;
  /** How often it sends the same batch at most. Then it deletes it. */
  readonly attempts: number;
  readonly react: (answer: SdkAnswer) => Reaction;
}

const KIB = 1024;
const FOR_EVER = Number.POSITIVE_INFINITY;
const ONE = { events: 1, bytes: FOR_EVER } as const;

const isSuccess = ({ status }: SdkAnswer): boolean => status >= 200 && status < 300;
const isPassing = ({ status }: SdkAnswer): boolean => status === 0 || status === 429 || status >= 500;

/** The rule of most server SDKs: no answer, a 429 and any 5xx are passing; every other answer is final. */
function deleteUnlessPassing(answer: SdkAnswer): Reaction {
  if (isSuccess(answer)) return 'done';
  return isPassing(answer) ? 'again' : 'delete';
}

/** Kotlin and Swift: four statuses are final, each in its own way. */
function reactAsNewMobile(answer: SdkAnswer): Reaction {
  if (isSuccess(answer)) return 'done';
  const final: Readonly<Record<number, Reaction>> = { 400: 'delete', 401: 'wipe', 404: 'off', 413: 'delete' };
  return final[answer.status] ?? 'again';
}

/** Java for Android: the text counts before the status, whatever the status is. */
function reactAsAndroid({ status, text }: SdkAnswer): Reaction {
  if (status === 200) return 'done';
  if (/invalid write key/i.test(text)) return 'stop';
  return /request neither has anonymousid nor userid/i.test(text) ? 'delete_anonymous' : 'again';
}

/** Objective-C: 404 and 400 count before the text. */
function reactAsIos({ status, text }: SdkAnswer): Reaction {
  if (status === 200) return 'done';
  if (status !== 404 && status !== 400 && /invalid write key/i.test(text)) return 'stop';
  return 'again';
}

/** An error in JSON without `code`, such as API Gateway's own, raises a KeyError, which is retried as a network error is. */
function reactAsPython(answer: SdkAnswer): Reaction {
  if (answer.status === 200) return 'done';
  return isPassing(answer) || answer.text.startsWith('{') ? 'again' : 'delete';
}

function reactAsSegment(answer: SdkAnswer): Reaction {
  const { status } = answer;
  if (status >= 200 && status < 400) return 'done';
  if ([501, 505, 511].includes(status)) return 'delete';
  return isPassing(answer) || [408, 410, 460].includes(status) ? 'again' : 'delete';
}

function reactAsServer(answer: SdkAnswer): Reaction {
  if (isSuccess(answer)) return 'done';
  return isPassing(answer) || answer.status === 408 ? 'again' : 'delete';
}

const mobile = {
  sends: 'batch',
  channel: 'mobile',
  path: '/v1/batch',
  isGzipped: true,
  survivesRestart: true,
  attempts: FOR_EVER,
} as const;
const server = {
  sends: 'batch',
  path: '/v1/batch',
  isGzipped: true,
  survivesRestart: false,
  react: deleteUnlessPassing,
} as const;
const web = {
  sends: 'single',
  path: '/v1/:type',
  isGzipped: false,
  most: ONE,
  survivesRestart: true,
  attempts: 11,
} as const;

/** Every SDK of RudderStack that sends by itself, Segment's clients, and RudderStack's own servers. */
export const SDK_RULES: readonly SdkRule[] = [
  {
    ...mobile,
    name: 'Kotlin',
    source:
      'rudderlabs/rudder-sdk-kotlin 1.7.0: NetworkErrorStatus.kt, EventUpload.kt, AnalyticsUtils.kt, Analytics.kt (closeAndCleanupStorage)',
    most: { events: 30, bytes: 500 * KIB },
    react: reactAsNewMobile,
  },
  {
    ...mobile,
    name: 'Swift',
    source:
      'rudderlabs/rudder-sdk-swift 1.3.1: EventUploader.swift, EventUploadResult.swift, Analytics.swift (shutdownHook)',
    most: { events: 30, bytes: 500 * KIB },
    react: reactAsNewMobile,
  },
  {
    ...mobile,
    name: 'Android (Java)',
    source: 'rudderlabs/rudder-sdk-android 7fa2a1b: RudderNetworkManager.java (getResult), RudderCloudModeManager.java',
    most: { events: 30, bytes: 500 * KIB },
    react: reactAsAndroid,
  },
  {
    ...mobile,
    name: 'iOS (Objective-C)',
    source: 'rudderlabs/rudder-sdk-ios dcf152d: RSNetworkManager.m (sendNetworkRequest), RSCloudModeManager.m',
    most: { events: 30, bytes: 500 * KIB },
    react: reactAsIos,
  },
  {
    ...web,
    name: 'Web 3',
    source:
      'rudderlabs/rudder-sdk-js 3.115.0: analytics-js-common/src/utilities/http.ts, analytics-js-plugins/src/xhrQueue/index.ts, RetryQueue.ts',
    react: deleteUnlessPassing,
  },
  {
    ...web,
    name: 'Web 3, batches',
    source: 'rudderlabs/rudder-sdk-js 3.115.0: as Web 3, with queueOptions.batch',
    sends: 'batch',
    path: '/v1/batch',
    most: { events: 100, bytes: 512 * KIB },
    react: deleteUnlessPassing,
  },
  {
    ...web,
    name: 'Web 1.1 and 2',
    source: 'rudderlabs/rudder-sdk-js 3.115.0: analytics-v1.1/src/utils/xhrModule.js',
    react: deleteUnlessPassing,
  },
  {
    ...server,
    name: 'Node 2 and 3',
    source: 'rudderlabs/rudder-sdk-node 3.0.12: src/index.js (_isErrorRetryable); 2.1.11 of npm is the same',
    most: { events: 20, bytes: 450 * KIB },
    attempts: 4,
  },
  {
    ...server,
    name: 'Python',
    source: 'rudderlabs/rudder-sdk-python dd8c29d: consumer.py (request), request.py (post)',
    most: { events: 100, bytes: 4096 * KIB },
    attempts: 11,
    react: reactAsPython,
  },
  {
    ...server,
    name: 'Java',
    source: 'rudderlabs/rudder-sdk-java 3.1.4: AnalyticsClient.java (BatchUploadTask)',
    most: { events: 250, bytes: 500 * KIB },
    attempts: 4,
  },
  {
    ...server,
    name: 'Ruby',
    source: 'rudderlabs/rudder-sdk-ruby 3.2.1: transport.rb, retry_policy.rb, defaults.rb',
    most: { events: 100, bytes: 500_000 },
    attempts: 10,
  },
  {
    ...server,
    name: 'PHP',
    source: 'rudderlabs/rudder-php-sdk 2.2.0: lib/Consumer/QueueConsumer.php, LibCurl.php',
    most: { events: 100, bytes: 500 * KIB },
    attempts: 4,
  },
  {
    ...server,
    name: '.NET',
    source: 'rudderlabs/rudder-sdk-.net 2.0.2: Request/BlockingRequestHandler.cs, Backo.cs',
    most: { events: 20, bytes: 512 * KIB },
    // 7 or 8: it stops after a pause of ten seconds or more, and the pauses are random.
    attempts: 7,
  },
  {
    ...server,
    name: 'Go',
    source: 'rudderlabs/analytics-go 4.2.3: analytics.go (send, report)',
    most: { events: 250, bytes: 500 * KIB },
    attempts: 10,
    react: (answer) => (answer.status > 0 && answer.status < 300 ? 'done' : 'again'),
  },
  {
    ...server,
    name: 'Rust 2',
    source: 'rudderlabs/rudder-sdk-rust 2.0.1: src/client.rs, src/retry.rs',
    sends: 'single',
    path: '/v1/:type',
    isGzipped: false,
    most: ONE,
    attempts: 4,
  },
  {
    ...server,
    name: 'Segment for Node',
    source: 'segmentio/analytics-next node-3.1.0: packages/node/src/plugins/segmentio/publisher.ts',
    isGzipped: false,
    most: { events: 15, bytes: 480 * KIB },
    attempts: 11,
    react: reactAsSegment,
  },
  {
    ...web,
    name: 'Segment for browsers',
    source:
      'segmentio/analytics-next browser-1.84.1: packages/browser/src/plugins/segmentio/fetch-dispatcher.ts, shared-dispatcher.ts',
    path: '/v1/:t',
    attempts: 10,
    react: reactAsSegment,
  },
  {
    ...server,
    name: 'RudderStack’s servers',
    source: 'rudderlabs/rudder-server 1.83.0: router/misc.go (isJobTerminated)',
    sends: 'single',
    path: '/webhook',
    isGzipped: false,
    most: ONE,
    survivesRestart: true,
    // For three hours at least; after a 429 for 30 days.
    attempts: FOR_EVER,
    react: reactAsServer,
  },
];

/** One event in an SDK's store, as JSON text: an SDK may have written what JSON.stringify would not. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly json: string;
}

/** One request of an SDK. */
export interface SdkRequest {
  readonly path: string;
  readonly isGzipped: boolean;
  readonly body: string;
}

/** An SDK that acts by its rule. It has no clock: it is ready to send again at once, where the real one waits. */
export interface SimulatedSdk {
  readonly name: string;
  /** The request that it sends next; undefined if it has nothing to send, or has stopped. */
  readonly next: () => SdkRequest | undefined;
  /** Gives it the answer to that request. */
  readonly answered: (answer: SdkAnswer) => void;
  /** The ids of the events that it has deleted although they were not delivered. */
  readonly lost: () => readonly string[];
  /** The ids of the events that it still has. */
  readonly stored: () => readonly string[];
  /** Ends the program and starts it again. */
  readonly restart: () => void;
}

/**
 * Creates an SDK that has some events to send.
 *
 * @param batchOf the size of its batches, if that is below its own limit
 */
export function simulateSdk(
  rule: SdkRule,
  events: readonly StoredEvent[],
  batchOf: number = rule.most.events,
): SimulatedSdk {
  let stored = [...events];
  let isSending = true;
  let attempts = 0;
  const lost: string[] = [];

  function batch(): readonly StoredEvent[] {
    let bytes = 0;
    const end = stored.findIndex(({ json }, index) => {
      bytes += Buffer.byteLength(json) + 1;
      return index >= Math.min(batchOf, rule.most.events) || (index > 0 && bytes > rule.most.bytes);
    });
    return stored.slice(0, end === -1 ? undefined : end);
  }

  function remove(gone: readonly StoredEvent[], isLost: boolean): void {
    stored = stored.filter((event) => !gone.includes(event));
    if (isLost) lost.push(...gone.map(({ id }) => id));
    attempts = 0;
  }

  const effects: Readonly<Record<Reaction, () => void>> = {
    done: () => remove(batch(), false),
    again() {
      attempts += 1;
      if (attempts >= rule.attempts) remove(batch(), true);
    },
    delete: () => remove(batch(), true),
    delete_anonymous: () =>
      remove(
        batch().filter(({ json }) => !/"anonymousId":(?!null)/.test(json)),
        true,
      ),
    stop() {
      isSending = false;
    },
    off() {
      isSending = false;
    },
    wipe() {
      remove(stored, true);
      isSending = false;
    },
  };

  return {
    name: rule.name,
    next() {
      const [first, ...others] = batch();
      if (!isSending || first === undefined) return undefined;
      const path = rule.path.replace(':type', first.type).replace(':t', first.type.slice(0, 1));
      const list = [first, ...others].map(({ json }) => json).join(',');
      const body = rule.sends === 'single' ? first.json : `{"sentAt":"${SENT_AT}","batch":[${list}]}`;
      return { path, isGzipped: rule.isGzipped, body };
    },
    answered: (answer) => effects[rule.react(answer)](),
    lost: () => lost,
    stored: () => stored.map(({ id }) => id),
    restart() {
      if (!rule.survivesRestart) remove(stored, true);
      isSending = true;
    },
  };
}

const SENT_AT = '2026-11-20T10:00:00.000Z';
