import type { HttpRequest } from '../http/request.ts';
import { refuse, refuseForNow, type Refusal } from '../http/refusal.ts';
import type { Authentication } from '../http/routes.ts';
import type { KeyRing } from './key-ring.ts';
import type { Source } from './write-keys.ts';

/** The header with the secret of requests to /webhook. */
export const WEBHOOK_SECRET_HEADER = 'x-webhook-secret';

/** The source that a request's key belongs to. */
export interface Authenticated {
  readonly kind: 'source';
  readonly source: Source;
  readonly key: string;
}

const MISSING_KEY = {
  header: 'no_write_key_in_header',
  query: 'no_write_key_in_query',
  webhook: 'invalid_webhook_secret',
} as const satisfies Record<Authentication, Refusal['reason']>;

/**
 * Finds the source that a request's key belongs to.
 *
 * @param from where the key has to be in the request
 * @returns refused with a status that SDKs retry while the key cannot be checked
 */
export async function authenticate(
  request: HttpRequest,
  from: Authentication,
  keyRing: KeyRing,
): Promise<Authenticated | Refusal> {
  const key = keyIn(request, from);
  if (key === '') return refuse(MISSING_KEY[from]);
  const finding = await keyRing.find(from === 'webhook' ? 'webhookSecrets' : 'writeKeys', key);
  if (finding.kind === 'found') return { kind: 'source', source: finding.source, key };
  // Some SDKs delete all that they have stored after a 401, so it has to be certain.
  if (finding.kind === 'undecided') return refuseForNow('key_undecided', finding.retryAfterMs);
  if (finding.kind === 'unavailable') return refuseForNow('keys_unavailable', finding.retryAfterMs);
  return refuse(from === 'webhook' ? 'invalid_webhook_secret' : 'invalid_write_key');
}

/** Returns the key in a request; empty if there is none. */
export function keyIn({ headers, query }: HttpRequest, from: Authentication): string {
  if (from === 'webhook') return headers[WEBHOOK_SECRET_HEADER]?.trim() ?? '';
  if (from === 'query') return query.get('writeKey')?.trim() ?? '';
  const credentials = /^Basic +(?<base64>[\w+/=-]+)$/i.exec(headers['authorization']?.trim() ?? '')?.groups?.['base64'];
  const [user = ''] = Buffer.from(credentials ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return user.trim();
}
