import { removeInvisible } from '../../visible-text.ts';

/**
 * Normalizes an id as RudderStack's gateway does before it checks it: to a string, trimmed, without invisible characters.
 * The event itself is not changed.
 */
export function idText(id: unknown): string {
  if (id === undefined || id === null) return '';
  const text = typeof id === 'string' ? id : JSON.stringify(id);
  return removeInvisible(text);
}
