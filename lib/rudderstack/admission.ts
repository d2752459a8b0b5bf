import type { Settings } from './settings.ts';
import { filtered, rejected, type Filtered, type Rejected } from '../outcome.ts';
import { isConsentDenied } from './consent.ts';
import { eventFilteringReason } from './event-filtering.ts';
import type { RudderStackEvent } from './event.ts';
import { isIntegrationEnabled } from './integrations.ts';

/** A call that Heap has a counterpart for. */
export type SupportedType = 'identify' | 'track';

export interface Admitted {
  readonly kind: 'admitted';
  readonly type: SupportedType;
}

/** RudderStack's other calls: nothing is wrong with them, but Heap's server-side API has no place for them. */
const UNSUPPORTED_TYPES: ReadonlySet<string> = new Set([
  'page',
  'screen',
  'group',
  'alias',
  'merge',
  'record',
  'audiencelist',
  'reset',
]);

/**
 * Decides whether an event is to be sent to Heap at all. The order is that of RudderStack's own pipeline: integrations,
 * type, event filtering, consent, device mode; the first that says no gives the reason.
 */
export function admit(event: RudderStackEvent, settings: Settings): Admitted | Filtered | Rejected {
  if (!isIntegrationEnabled(event)) return filtered('integrations');

  const admission = admitType(event.type);
  if (admission.kind !== 'admitted') return admission;

  if (admission.type === 'track') {
    const reason = eventFilteringReason(event.event, settings.eventFiltering);
    if (reason !== undefined) return filtered(reason);
  }
  if (isConsentDenied(event, settings.consent)) return filtered('consent');
  if (settings.isWebDeviceMode && event.channel === 'web') return filtered('device_mode');
  return admission;
}

/** The type without regard to case and outer blanks, as rudder-server has it. The texts are RudderStack's own. */
function admitType(type: unknown): Admitted | Filtered | Rejected {
  if (typeof type !== 'string' || type.trim() === '') {
    return rejected('missing_type', 'message Type is not present. Aborting message.');
  }
  const name = type.trim().toLowerCase();
  if (name === 'identify' || name === 'track') return { kind: 'admitted', type: name };
  if (UNSUPPORTED_TYPES.has(name)) return filtered('unsupported_type');
  return rejected('unknown_type', `message type ${type.slice(0, 100)} is not supported`);
}
