import { dropOldest } from '../drop-oldest.ts';
import type { Deferred } from '../outcome.ts';
import { createCircuit, type Circuit, type CircuitState, type Span } from './circuit.ts';

/** What a failed attempt says something about. */
export type FailureScope =
  /** Heap as a whole: unreachable, no answer in time, 5xx. */
  | 'host'
  /** One app: 429, and any other 4xx. */
  | 'app';

/**
 * The circuits of one endpoint that an attempt depends on: one for the host, and one for its app. They live as long as their
 * container. All times are in ms since 1970.
 */
export interface Circuits {
  /** The state for an app: that of the host or of the app, whichever allows less. */
  readonly state: (appId: string, now: number) => CircuitState;
  /** When the open period of the host or of the app ends, whichever is later. */
  readonly openUntil: (appId: string) => number;
  /** Records that Heap has accepted or refused a request of the app. Either way it is available. */
  readonly judged: (appId: string) => void;
  /** Records a failed attempt. */
  readonly failed: (appId: string, scope: FailureScope, failure: Deferred, attempt: Span) => void;
  /** The last failure of what is open for the longer time, the app or the host. Undefined if neither has failed. */
  readonly lastFailure: (appId: string) => Deferred | undefined;
}

/** An app that has failed since its last success. */
interface FailingApp {
  readonly circuit: Circuit;
  lastFailure: Deferred | undefined;
}

/** The capacity in apps, since app ids may come from events. The app whose first failure is the oldest is evicted first. */
const MOST_APPS = 1000;

/**
 * Creates closed circuits. A failure of the host counts for its app too. The host's circuit opens only if more than one app
 * has failed, so that one app for which Heap always fails does not hold up the others.
 *
 * @param apps stores the circuits of the apps that have failed
 */
export function createCircuits(
  create: () => Circuit = createCircuit,
  apps: Map<string, FailingApp> = new Map(),
): Circuits {
  const host = create();
  /** The apps that have failed since the host's last success; two are enough to know. */
  const failing = new Set<string>();
  let lastFailureOfHost: Deferred | undefined;

  const hostState = (now: number): CircuitState => (failing.size < 2 ? 'closed' : host.state(now));
  const hostOpenUntil = (): number => (failing.size < 2 ? 0 : host.openUntil());
  const hostAnswers = (): void => {
    host.succeeded();
    failing.clear();
  };

  function appOf(appId: string): FailingApp {
    const known = apps.get(appId);
    if (known !== undefined) return known;
    const app: FailingApp = { circuit: create(), lastFailure: undefined };
    apps.set(appId, app);
    dropOldest(apps, MOST_APPS);
    return app;
  }

  return {
    state(appId, now) {
      const states = [hostState(now), apps.get(appId)?.circuit.state(now) ?? 'closed'];
      return states.find((state) => state === 'open') ?? states.find((state) => state === 'probing') ?? 'closed';
    },
    openUntil: (appId) => Math.max(hostOpenUntil(), apps.get(appId)?.circuit.openUntil() ?? 0),
    judged(appId) {
      hostAnswers();
      apps.delete(appId);
    },
    failed(appId, scope, failure, attempt) {
      const app = appOf(appId);
      app.circuit.failed(attempt);
      app.lastFailure = failure;
      if (scope === 'app') {
        hostAnswers();
      } else {
        if (failing.size < 2) failing.add(appId);
        lastFailureOfHost = failure;
        host.failed(attempt);
      }
    },
    lastFailure(appId) {
      const app = apps.get(appId);
      return app !== undefined && app.circuit.openUntil() >= hostOpenUntil() ? app.lastFailure : lastFailureOfHost;
    },
  };
}
