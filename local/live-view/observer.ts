import type { Settings } from '../../lib/rudderstack/settings.ts';
import { ENDPOINTS, subjectOf, type HeapCall, type HeapCallKind } from '../../lib/heap/api.ts';
import { isArray, isObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { endOf } from '../../lib/mapping/mapped.ts';
import { unwrap, type Enveloped } from '../../lib/rudderstack/envelope.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import type { Invocation } from '../lambda/event-source-mapping.ts';

/** What happened to one event in one invocation, as the live view shows it. */
export interface Passage {
  /** Stays the same when the event is received again. */
  readonly key: string;
  /** Time of the invocation, in ISO 8601. */
  readonly at: string;
  /** The name of a track event; the type of any other event. */
  readonly name: string;
  /** The event as it was received. */
  readonly raw: string;
  readonly ending: 'delivered' | 'filtered' | 'dead-lettered' | 'waiting';
  readonly why: string;
  /** The entry that Heap got or will get, or a list for an event that makes several; undefined when it gets none. */
  readonly heap: object | undefined;
}

/**
 * Follows events from the outside, because the function does not log their contents. The invocation holds the events, the
 * mapping is run again to see what becomes of them, and the simulator shows which entries Heap has accepted.
 */
export interface Observer {
  readonly noteHeapRequest: (kind: HeapCallKind, body: string, status: number) => void;
  readonly passagesOf: (invocation: Pick<Invocation, 'records' | 'failed'>) => readonly Passage[];
}

export function createObserver(settings: Settings, transformEvent?: TransformEvent): Observer {
  const accepted = new Set<string>();
  let lastProblem = '';

  function passage(one: Enveloped, isBack: boolean): Omit<Passage, 'key' | 'at' | 'raw'> {
    if (one.kind === 'rejected') {
      return { name: '', ending: isBack ? 'waiting' : 'dead-lettered', why: sentence(one.rejection), heap: undefined };
    }
    const name = nameOf(one.event);
    const decision = decide(one.event, settings, Date.now(), transformEvent);
    if (decision.kind === 'filtered') return { name, ending: 'filtered', why: decision.reason, heap: undefined };
    if (decision.kind === 'rejected') {
      return { name, ending: isBack ? 'waiting' : 'dead-lettered', why: sentence(decision), heap: undefined };
    }
    const calls = [decision.call, ...(decision.also ?? [])];
    const entries = calls.map(({ appId, payload }) => ({ app_id: appId, ...payload }));
    const heap = entries.length > 1 ? entries : entries[0];
    const end = endOf(decision);
    if (calls.every((call) => accepted.has(keyOf(call)))) {
      if (end.kind === 'rejected') return { name, ending: 'dead-lettered', why: sentence(end), heap };
      return { name, ending: 'delivered', why: '', heap };
    }
    if (isBack) return { name, ending: 'waiting', why: `deferred: ${lastProblem || 'it waits for its turn'}`, heap };
    return { name, ending: 'dead-lettered', why: lastProblem || 'Heap has not accepted it', heap };
  }

  return {
    noteHeapRequest(kind, body, status) {
      if (status !== 200) {
        lastProblem = status === 0 ? 'Heap cut the connection' : `Heap answered ${status}`;
        return;
      }
      lastProblem = '';
      const parsed: unknown = JSON.parse(body);
      const entries = isObject(parsed) ? parsed[ENDPOINTS[kind].list] : [];
      for (const entry of isArray(entries) ? entries : []) {
        if (!isObject(entry)) continue;
        accepted.add(`${kind} ${String(entry['idempotency_key'] ?? entry['account_id'] ?? entry['identity'])}`);
      }
    },
    passagesOf({ records, failed }) {
      const at = new Date().toISOString();
      return records.flatMap(({ messageId, body }) =>
        unwrap(body).map((one, part) => ({
          key: `${messageId}-${part}`,
          at,
          raw: one.text(),
          ...passage(one, failed.has(messageId)),
        })),
      );
    },
  };
}

function keyOf(call: HeapCall): string {
  return `${call.kind} ${call.kind === 'track' ? call.payload.idempotency_key : subjectOf(call)}`;
}

function nameOf({ type, event }: { readonly type?: unknown; readonly event?: unknown }): string {
  return [type === 'track' ? event : undefined, type].find((one) => typeof one === 'string') ?? '';
}

function sentence({ reason, detail }: { readonly reason: string; readonly detail: string }): string {
  return `${reason}: ${detail}`;
}
