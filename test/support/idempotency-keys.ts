/** Returns the `messageId` in an idempotency key that has a digest of the content behind it. */
export function messageIdIn(key: unknown): string {
  return String(key).replace(/-[0-9a-v]{12}$/, '');
}
