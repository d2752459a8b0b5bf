import { readSettings, type Settings } from '../../lib/rudderstack/settings.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Settings of a Heap destination with an app id and whatever the test adds. */
export function settingsWith(config: JsonObject = {}): Settings {
  return readSettings({ appId: '11', ...config });
}
