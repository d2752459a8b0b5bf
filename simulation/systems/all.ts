import { forwarder } from './forwarder.ts';
import { powertoolsLambda } from './powertools-lambda.ts';
import { rudderstack } from './rudderstack.ts';
import { sampleLambda } from './sample-lambda.ts';
import type { System } from './system.ts';

/** All systems, in the order of the page. */
export const SYSTEMS: readonly System[] = [forwarder, rudderstack, sampleLambda, powertoolsLambda];
