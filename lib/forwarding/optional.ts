import { mapOptional } from '../mapping/map-optional.ts';
import { callsOf, joinOutcomes } from './several-calls.ts';

/**
 * What only settings need that turn on pages, screens or groups, and a transformation. The function loads it only then, since each
 * kilobyte costs time at a cold start.
 */
export const OPTIONAL = { mapOptional, callsOf, joinOutcomes };

export type Optional = typeof OPTIONAL;
