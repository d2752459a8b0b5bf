/** The calls that are sent only if the owner asks for them, see `Settings.moreTypes`. */
export const OPTIONAL_TYPES = ['page', 'screen', 'group'] as const;
export type OptionalType = (typeof OPTIONAL_TYPES)[number];

/** The calls that can be sent to Heap. */
export type SupportedType = 'identify' | 'track' | OptionalType;

/** RudderStack's calls that its Heap destination does not take. They are valid events. */
export const UNSUPPORTED_TYPES: ReadonlySet<string> = new Set([
  'page',
  'screen',
  'group',
  'alias',
  'merge',
  'record',
  'audiencelist',
  'reset',
]);

/** The type of an event in the form in which it is compared: as in rudder-server, without case and surrounding blanks. */
export function typeName(type: string): string {
  return type.trim().toLowerCase();
}

/** Whether a `type` is one of RudderStack's. `extract` is that of rows which only RudderStack's own transformations read. */
export function isRudderStackType(type: unknown): boolean {
  if (typeof type !== 'string') return false;
  const name = typeName(type);
  return name === 'track' || name === 'identify' || name === 'extract' || UNSUPPORTED_TYPES.has(name);
}
