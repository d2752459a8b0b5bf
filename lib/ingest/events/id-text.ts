/**
 * An id as RudderStack's gateway looks at it: text without blanks at the ends and without characters that cannot be seen.
 * The event itself keeps what it has.
 */
export function idText(id: unknown): string {
  if (id === undefined || id === null) return '';
  const text = typeof id === 'string' ? id : JSON.stringify(id);
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').trim();
}
