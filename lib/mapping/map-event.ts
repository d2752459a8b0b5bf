import type { Settings } from '../config.ts';
import type { HeapCall } from '../heap/api.ts';
import { rejected, type Filtered, type Rejected } from '../outcome.ts';
import type { SupportedType } from '../rudderstack/admission.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { resolveAppId } from './app-id.ts';
import type { Cuts } from './flatten.ts';
import { mapIdentify } from './identify.ts';
import { mapTrack } from './track.ts';

/** What an admitted event asks of Heap. */
export interface Mapped {
  readonly kind: 'mapped';
  readonly call: HeapCall;
  readonly cuts: Cuts;
}

/**
 * Maps one admitted event to a call to Heap. A pure function of its arguments, shared by the Lambda and the command line.
 *
 * @returns filtered when there is nothing to send, rejected when something that Heap needs is missing
 */
export function mapEvent(
  event: RudderStackEvent,
  type: SupportedType,
  settings: Pick<Settings, 'appId'>,
): Mapped | Filtered | Rejected {
  const app = resolveAppId(event, settings.appId);
  if (app.id === '') return rejected('missing_app_id', 'neither the event nor the setting appId gives an app id');

  if (type === 'identify') {
    const mapped = mapIdentify(app.event);
    if (mapped.kind !== 'mapped') return mapped;
    const { payload, timestamp, cuts } = mapped;
    return { kind: 'mapped', call: { kind: 'add_user_properties', appId: app.id, payload, timestamp }, cuts };
  }
  const mapped = mapTrack(app.event);
  if (mapped.kind !== 'mapped') return mapped;
  return { kind: 'mapped', call: { kind: 'track', appId: app.id, payload: mapped.payload }, cuts: mapped.cuts };
}
