import { ENDPOINTS, type HeapCallKind } from '../../lib/heap/api.ts';
import { isArray, isObject, type JsonObject } from '../../lib/json.ts';

/** Heap's documented limits, written down a second time on purpose: they check the limits in lib/heap. */
const MOST_ENTRIES = 1000;
const LONGEST_IDENTITY = 255;
const LONGEST_EVENT_NAME = 1024;
const LONGEST_KEY = 512;
const LONGEST_STRING = 1023;

/** A request in one of Heap's documented forms. */
export interface ValidRequest {
  readonly appId: string;
  readonly kind: HeapCallKind;
  readonly entries: readonly JsonObject[];
}

export type Validated =
  | { readonly kind: 'request'; readonly request: ValidRequest; readonly problems: ReadonlyMap<number, string> }
  | { readonly kind: 'malformed'; readonly problem: string };

/**
 * Reads a request in single or bulk form. Each entry is validated on its own, because Heap does not document whether one
 * bad entry fails the whole request.
 *
 * @see https://developers.heap.io/reference/bulk-track
 * @see https://developers.heap.io/reference/bulk-add-user-properties
 * @see https://developers.heap.io/reference/bulk-add-account-properties
 */
export function validate(kind: HeapCallKind, body: string): Validated {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return malformed('the body is not valid JSON');
  }
  if (!isObject(parsed)) return malformed('the body is not an object');
  const { app_id: appId } = parsed;
  if (typeof appId !== 'string' || appId === '') return malformed('app_id has to be a string');

  const list = parsed[ENDPOINTS[kind].list];
  const entries = list === undefined ? [parsed] : list;
  if (!isArray(entries)) return malformed(`${ENDPOINTS[kind].list} has to be a list`);
  if (entries.length === 0) return malformed(`${ENDPOINTS[kind].list} is empty`);
  if (entries.length > MOST_ENTRIES) return malformed(`more than ${MOST_ENTRIES} entries`);

  const problems = new Map<number, string>();
  const objects: JsonObject[] = [];
  for (const [index, entry] of entries.entries()) {
    const problem = isObject(entry) ? problemOf(kind, entry) : 'an entry has to be an object';
    if (problem !== undefined) problems.set(index, problem);
    objects.push(isObject(entry) ? entry : {});
  }
  return { kind: 'request', request: { appId, kind, entries: objects }, problems };
}

function problemOf(kind: HeapCallKind, entry: JsonObject): string | undefined {
  const { identity, user_id: userId, properties = {} } = entry;
  if (kind === 'track') {
    if ((identity === undefined) === (userId === undefined)) return 'either identity or user_id is required, not both';
    if (userId !== undefined && !(typeof userId === 'string' && isUserId(userId)))
      return 'user_id has to be a number from 0 to 2^53-1';
    const { event, timestamp, idempotency_key: key, session_id: session } = entry;
    if (session !== undefined && !(typeof session === 'string' && /^\d{1,20}$/.test(session)))
      return 'session_id has to be the id of a session';
    if (typeof event !== 'string' || event === '') return 'event has to be a string';
    if (event.length > LONGEST_EVENT_NAME) return `event is longer than ${LONGEST_EVENT_NAME}`;
    if (timestamp !== undefined && !isDate(timestamp)) return 'timestamp is not in ISO 8601';
    if (key !== undefined && typeof key !== 'string') return 'idempotency_key has to be a string';
  }
  if (kind === 'add_account_properties') {
    const { account_id: accountId } = entry;
    if (typeof accountId !== 'string' || accountId === '') return 'account_id has to be a string';
    if (accountId.length > LONGEST_STRING) return `account_id is longer than ${LONGEST_STRING}`;
    if (identity !== undefined) return 'an account has no identity';
  }
  if (identity !== undefined || kind === 'add_user_properties') {
    if (typeof identity !== 'string' || identity === '') return 'identity has to be a string';
    if (identity.length > LONGEST_IDENTITY) return `identity is longer than ${LONGEST_IDENTITY}`;
  }
  if (!isObject(properties)) return 'properties has to be an object';
  for (const [name, value] of Object.entries(properties)) {
    const problem = propertyProblem(kind, name, value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function propertyProblem(kind: HeapCallKind, name: string, value: unknown): string | undefined {
  if (name === '') return 'a property has no name';
  if (name.length > LONGEST_KEY) return `a property name is longer than ${LONGEST_KEY}`;
  if (kind === 'add_user_properties' && (name.toLowerCase() === 'id' || name === 'user_id'))
    return `${name} is reserved`;
  if (typeof value === 'string') {
    return value.length > LONGEST_STRING ? `the property ${name} is longer than ${LONGEST_STRING}` : undefined;
  }
  // Heap silently drops objects; the simulator refuses them, so that tests notice.
  return typeof value === 'number' || typeof value === 'boolean'
    ? undefined
    : `the property ${name} is not a string, number or boolean`;
}

function isUserId(text: string): boolean {
  return /^\d{1,16}$/.test(text) && BigInt(text) < 2n ** 53n;
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value) && !/ /.test(value);
}

function malformed(problem: string): Validated {
  return { kind: 'malformed', problem };
}
