import type { Settings } from './settings.ts';
import { filtered, rejected, type Filtered, type Rejected } from '../outcome.ts';
import { isConsentDenied } from './consent.ts';
import { eventFilteringReason } from './event-filtering.ts';
import type { RudderStackEvent } from './event.ts';
import { typeName, UNSUPPORTED_TYPES, type SupportedType } from './event-types.ts';
import { isIntegrationEnabled } from './integrations.ts';
import { isCopyOfBrowser } from './web-device-mode.ts';

/** The event is to be sent to Heap. */
export interface Admitted {
  readonly kind: 'admitted';
  readonly type: SupportedType;
}

/**
 * Decides whether an event is to be sent to Heap. The checks run in the order of RudderStack's pipeline: integrations, type,
 * event filtering, consent, device mode. The first check that fails determines the reason. RudderStack's lists of event names are
 * for track events alone, so they do not apply to the names that pages and screens get.
 */
export function admit(event: RudderStackEvent, settings: Settings): Admitted | Filtered | Rejected {
  if (!isIntegrationEnabled(event)) return filtered('integrations');

  const admission = admitType(event.type, settings);
  if (admission.kind !== 'admitted') return admission;

  const isCopy = settings.isWebDeviceMode && isCopyOfBrowser(event);
  // By default the lists are for device mode, as at RudderStack. A copy of what the browser has held back names the list.
  if (admission.type === 'track' && (isCopy || settings.eventFiltering.scope === 'all')) {
    const reason = eventFilteringReason(event.event, settings.eventFiltering);
    if (reason !== undefined) return filtered(reason);
  }
  if (isConsentDenied(event, settings.consent)) return filtered('consent');
  // RudderStack's integration in the browser sends no groups to Heap.
  if (isCopy && admission.type !== 'group') return filtered('device_mode');
  return admission;
}

/** Ignores case and surrounding spaces, as rudder-server does. The messages are RudderStack's. */
function admitType(type: unknown, { moreTypes }: Pick<Settings, 'moreTypes'>): Admitted | Filtered | Rejected {
  if (typeof type !== 'string' || type.trim() === '') {
    return rejected('missing_type', 'message Type is not present. Aborting message.');
  }
  const name = typeName(type);
  if (name === 'identify' || name === 'track') return { kind: 'admitted', type: name };
  const more = moreTypes.find((one) => one === name);
  if (more !== undefined) return { kind: 'admitted', type: more };
  if (UNSUPPORTED_TYPES.has(name)) return filtered('unsupported_type');
  return rejected('unknown_type', `message type ${type.slice(0, 100)} is not supported`);
}
