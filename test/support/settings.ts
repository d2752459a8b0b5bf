import { readSettings, type Settings } from '../../lib/rudderstack/settings.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Settings with an app id and the given additions. */
export function settingsWith(config: JsonObject = {}): Settings {
  return readSettings({ appId: '11', ...config });
}
