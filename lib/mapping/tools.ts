import { isObject, valueAt } from '../json.ts';
import { isCopyOfBrowser } from '../rudderstack/web-device-mode.ts';
import { flatten, withCuts } from './flatten.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { firstId, readIdentity } from './identity.ts';
import { readTimestamp } from './timestamp.ts';
import { mapTrack } from './track.ts';

/**
 * What the mappings of optional types, and transformations, are made of. They get it as an argument: with imports of their own, the bundler would cut
 * what they share with the function's file into more files, which every cold start had to load.
 */
export const TOOLS = {
  mapTrack,
  flatten,
  withCuts,
  firstId,
  readIdentity,
  readTimestamp,
  isCopyOfBrowser,
  readIdempotencyKey,
  isObject,
  valueAt,
};

export type Tools = typeof TOOLS;
