import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * Loads a bundle, invokes its handler with the event in a file, and prints the peak of its memory in bytes. Plain JavaScript: what
 * Node needs to take types away would count as well.
 */
const [, , bundle = '', file = ''] = process.argv;
const { handler } = await import(pathToFileURL(bundle).href);
const event = JSON.parse(readFileSync(file, 'utf8'));
const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 120_000 });
if (batchItemFailures.length > 0) throw new Error('not everything was delivered');
console.log(`peak ${process.resourceUsage().maxRSS * 1024}`);
