import { CONTEXT_TRAITS, isOwnColumn } from './columns.ts';
import type { FileProblem } from './refusal.ts';
import type { TableName } from './read-options.ts';

/** The table that rows belong to, or why it is not known. */
export type TableFound =
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'unknown'; readonly code: FileProblem; readonly problem: string; readonly remedy: string };

/** What is known of the first rows of a file. */
export interface FirstRows {
  /** The columns of all of them, as RudderStack has meant their names. */
  readonly columns: ReadonlySet<string>;
  /** The same with the columns that are absent in all of these rows, as far as they are named. */
  readonly named: ReadonlySet<string>;
  /** The different values of their columns `event`, as JSON. */
  readonly eventNames: ReadonlySet<string>;
}

/** Columns that the SDKs add to page calls, or that most identify calls have. None of them proves anything alone. */
const OF_PAGES = [
  'path',
  'url',
  'referrer',
  'search',
  'tab_url',
  'initial_referrer',
  'initial_referring_domain',
  'referring_domain',
];
const OF_PEOPLE = [
  'email',
  'first_name',
  'firstname',
  'last_name',
  'lastname',
  'phone',
  'username',
  'avatar',
  'birthday',
  'gender',
  'is_anonymous',
];

/** Page and screen calls have a name and a title as well as people, whose traits are in the context of every call. */
const OF_BOTH: ReadonlySet<string> = new Set([...OF_PAGES, 'name', 'title', 'category']);

/** Columns that are in no call, and come with an export: the numbers of rows, and what tools that copy tables add. */
const OF_EXPORTS =
  /^(?:|record_id|unnamed: \d+|index|level_0|rn|row_num(?:ber)?|__.*|metadata\$.*|_(?:airbyte|fivetran|sdc|dlt|dbt)_.*)$/;

const HOW_TO_NAME = 'Say which table it is, for example --table identifies';

/**
 * Tells RudderStack's tables apart by their columns. In doubt it does not decide: a page that is read as an identify call would
 * become properties of the user, and the full row of a track event would be dropped as a copy of its row in `tracks`.
 *
 * @see https://www.rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema/
 */
export function tableOf({ columns, named, eventNames }: FirstRows): TableFound {
  if (columns.has('rudder_event')) return tableOfWhole({ columns, named, eventNames });
  const facts = [...columns].filter((name) => !isOwnColumn(name));
  if (columns.has('event') || columns.has('event_text')) return trackTableOf(facts, eventNames);
  const hasIds = named.has('user_id') || named.has('anonymous_id');
  if (!hasIds) return usersTableOf(columns);
  if (!isRudderStacks(columns)) {
    const problem = 'has rows with users and times, and nothing says that RudderStack has written them';
    return { kind: 'unknown', code: 'unknown_table', problem, remedy: HOW_TO_NAME };
  }
  const candidates = tablesWith(columns);
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return { kind: 'table', table: only };
  const problem =
    candidates.length === 0
      ? 'has rows of RudderStack, and nothing says whether they are identify calls, pages or screens'
      : `has rows of RudderStack that may be from ${candidates.join(' or ')}`;
  return { kind: 'unknown', code: 'unknown_table', problem, remedy: HOW_TO_NAME };
}

/**
 * The table of rows with whole events, which counts for rows that have none: RudderStack may have begun to write the column later.
 * If it is not known, or has no properties, such rows are not read.
 */
function tableOfWhole({ columns, named, eventNames }: FirstRows): TableFound {
  const others = new Set([...columns].filter((name) => name !== 'rudder_event'));
  const found = tableOf({ columns: others, named, eventNames });
  return found.kind === 'table' ? found : { kind: 'table', table: 'tracks' };
}

/** Whether rows have a column that only RudderStack's tables have. Users and a time are in many other tables. */
function isRudderStacks(columns: ReadonlySet<string>): boolean {
  return (
    ['received_at', 'original_timestamp', 'uuid_ts', 'loaded_at'].some((name) => columns.has(name)) ||
    [...columns].some((name) => name.startsWith('context_'))
  );
}

/** Returns the tables that rows without an event may belong to, by columns that say something. Several are a doubt. */
export function tablesWith(columns: ReadonlySet<string>): readonly TableName[] {
  const isPage = OF_PAGES.filter((name) => columns.has(name)).length >= 2;
  const isPerson = OF_PEOPLE.some((name) => columns.has(name)) || hasTraitsOfContext(columns);
  const found: TableName[] = [];
  if (columns.has('previous_id')) found.push('aliases');
  if (columns.has('group_id')) found.push('groups');
  if (isPage) found.push('pages');
  if (isPerson) found.push('identifies');
  return found;
}

/** Whether all traits of the context are columns of their own as well: RudderStack writes them twice for identify calls alone. */
function hasTraitsOfContext(columns: ReadonlySet<string>): boolean {
  const traits = [...columns].flatMap((name) =>
    name.startsWith(CONTEXT_TRAITS) ? [name.slice(CONTEXT_TRAITS.length)] : [],
  );
  return traits.every((name) => columns.has(name)) && traits.some((name) => !isOwnColumn(name) && !OF_BOTH.has(name));
}

function trackTableOf(facts: readonly string[], eventNames: ReadonlySet<string>): TableFound {
  if (facts.some((name) => !OF_EXPORTS.test(name))) return { kind: 'table', table: 'event' };
  if (eventNames.size > 1) return TRACKS;
  const problem =
    'has track events without any property: it may be the table tracks, or the own table of an event that has none';
  const remedy = `${INSTEAD_OF_TRACKS}. For the table of an event without properties say --table event`;
  return { kind: 'unknown', code: 'tracks_table', problem, remedy };
}

const INSTEAD_OF_TRACKS =
  'The table tracks has no properties, and its rows would take the place of the full ones. Export the table of each event instead (its name is in the column event), or tracks with the column rudder_event';

/** Why the table `tracks` is not read. */
export const TRACKS: TableFound = {
  kind: 'unknown',
  code: 'tracks_table',
  problem: 'is the table tracks',
  remedy: INSTEAD_OF_TRACKS,
};

function usersTableOf(columns: ReadonlySet<string>): TableFound {
  const isOurs =
    columns.has('uuid_ts') || columns.has('loaded_at') || [...columns].some((name) => name.startsWith('context_'));
  if (columns.has('id') && columns.has('received_at') && isOurs) return { kind: 'table', table: 'users' };
  const problem = 'has rows without event, user_id and anonymous_id';
  return { kind: 'unknown', code: 'unknown_table', problem, remedy: 'If it is the table users, say --table users' };
}
