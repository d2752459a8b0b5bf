import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * Loads a bundle, invokes its handler with the event in a file, and prints its peak memory in bytes. This is plain JavaScript,
 * because Node's type stripping would add to the peak.
 */
const [, , bundle = '', file = ''] = process.argv;
const { handler } = await import(pathToFileURL(bundle).href);
const event = JSON.parse(readFileSync(file, 'utf8'));
const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 120_000 });
if (batchItemFailures.length > 0) throw new Error('not everything was delivered');
console.log(`peak ${process.resourceUsage().maxRSS * 1024}`);
