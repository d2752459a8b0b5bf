import { isObject, type JsonObject } from '../../lib/json.ts';
import { idsOfCell, jsonInText, valueOfCell } from './cells.ts';
import { CONTEXT_TRAITS, isOwnColumn, type Row } from './columns.ts';
import type { CellTypes, DateFormat, TableName } from './read-options.ts';
import { firstTime } from './times.ts';

/** How rows become events. */
export interface RowOptions {
  readonly types: CellTypes;
  readonly dateFormat?: DateFormat | undefined;
  /** In ms since 1970. */
  readonly nowMs: number;
}

/** RudderStack's call of each table. */
const CALLS: Readonly<Record<TableName, string>> = {
  event: 'track',
  tracks: 'track',
  identifies: 'identify',
  users: 'identify',
  pages: 'page',
  screens: 'screen',
  groups: 'group',
  aliases: 'alias',
};

/** What the SDKs call fields that the mapping looks for, by the names that warehouses make of them. */
const PROPERTY_NAMES: Readonly<Record<string, string>> = { idempotency_key: 'idempotencyKey' };
const TRAIT_NAMES: Readonly<Record<string, string>> = { user_id: 'userId' };

/**
 * Restores the event of a row. Properties and traits keep the names of their columns, since the original names are lost. Of
 * the context it has what decides whether and as whom an event is sent: consent, library and traits.
 *
 * @param row of a table that RudderStack has written
 * @see https://www.rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema/
 */
export function eventOfRow(row: Row, table: TableName, options: RowOptions): JsonObject {
  const type = CALLS[table];
  const isUser = table === 'users';
  const facts = factsOf(row, options.types);
  const times = [row.get('timestamp'), row.get('original_timestamp'), row.get('received_at'), row.get('sent_at')];
  const about = {
    type,
    messageId: isUser ? undefined : row.get('id'),
    userId: isUser ? row.get('id') : row.get('user_id'),
    anonymousId: row.get('anonymous_id'),
    channel: row.get('channel'),
    timestamp: firstTime(times, options.dateFormat, options.nowMs),
    context: contextOfRow(row, options.types),
    ...integrationsOfRow(row),
  };
  return { ...about, ...saidBy(type, row, facts) };
}

/** What a call says, in the fields in which the live event has it. */
function saidBy(type: string, row: Row, facts: JsonObject): JsonObject {
  switch (type) {
    case 'identify':
      return { traits: facts };
    case 'page':
    case 'screen':
      return { name: facts['name'], properties: renamed(without(facts, 'name'), PROPERTY_NAMES) };
    case 'group':
      return { groupId: row.get('group_id'), traits: without(facts, 'group_id') };
    case 'alias':
      return { previousId: row.get('previous_id') };
    default:
      return { event: row.get('event_text') ?? row.get('event'), properties: renamed(facts, PROPERTY_NAMES) };
  }
}

function without(facts: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => key !== name));
}

/** The properties or traits of a row. A column with the JSON of all of them counts as its members. */
function factsOf(row: Row, types: CellTypes): JsonObject {
  const facts: [string, unknown][] = [];
  for (const [name, cell] of row) {
    if (isOwnColumn(name)) continue;
    const value = valueOfCell(cell, types);
    const isData = isObject(value) && !JSON.isRawJSON(value);
    if (isData && (name === 'context' || name === 'integrations')) continue;
    if (isData && (name === 'properties' || name === 'traits')) facts.push(...Object.entries(value));
    else facts.push([name, value]);
  }
  return Object.fromEntries(facts);
}

/** A column that somebody has added, since RudderStack's own tables do not have it. */
function integrationsOfRow(row: Row): JsonObject {
  const integrations = objectIn(row.get('integrations'));
  return integrations === undefined ? {} : { integrations };
}

function renamed(facts: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [names[name] ?? name, value]));
}

/** @returns undefined if the row has nothing of the context that counts */
function contextOfRow(row: Row, types: CellTypes): JsonObject | undefined {
  const given = objectIn(row.get('context'));
  const traits = [...row].flatMap(([name, cell]): [string, unknown][] =>
    name.startsWith(CONTEXT_TRAITS) ? [traitOf(name.slice(CONTEXT_TRAITS.length), cell, types)] : [],
  );
  const consentManagement = consentOfRow(row);
  const library = filled({ name: row.get('context_library_name'), variant: row.get('context_library_variant') });
  const context = filled({
    ...given,
    ...(row.has('context_traits') && { traits: objectIn(row.get('context_traits')) }),
    ...(traits.length > 0 && { traits: renamed(Object.fromEntries(traits), TRAIT_NAMES) }),
    ...(consentManagement !== undefined && { consentManagement }),
    ...(library !== undefined && { library }),
    ...(row.has('context_mapped_to_destination') && { mappedToDestination: row.get('context_mapped_to_destination') }),
  });
  return context;
}

function traitOf(name: string, cell: unknown, types: CellTypes): [string, unknown] {
  return [name, valueOfCell(cell, types, name)];
}

/** The object in a column of JSON. RudderStack writes such columns for the paths that its setting names. */
function objectIn(cell: unknown): JsonObject | undefined {
  const value = typeof cell === 'string' ? jsonInText(cell) : cell;
  return isObject(value) && !JSON.isRawJSON(value) ? value : undefined;
}

const CONSENT = 'context_consent_management_';

/** The user's choices as the live event has them. Only what is denied decides. */
function consentOfRow(row: Row): JsonObject | undefined {
  const whole = objectIn(row.get('context_consent_management'));
  if (whole !== undefined) return whole;
  const denied = row.get(`${CONSENT}denied_consent_ids`);
  if (denied === undefined) return undefined;
  return filled({
    deniedConsentIds: idsOfCell(denied),
    provider: row.get(`${CONSENT}provider`),
    resolutionStrategy: row.get(`${CONSENT}resolution_strategy`),
  });
}

/** Without members that are undefined; undefined if none is left. */
function filled(object: JsonObject): JsonObject | undefined {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}
