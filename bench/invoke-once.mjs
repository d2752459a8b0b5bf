/**
 * Loads a bundle, invokes its handler with the event in a file, and prints its peak memory in bytes, the ms and CPU ms until the answer
 * since the process started, and the ms of the invocation alone. This is plain JavaScript, because Node's type stripping would add
 * to all of it; and built-in modules are not imported, because that would load all that they export.
 */
const { readFileSync } = process.getBuiltinModule('node:fs');
const { pathToFileURL } = process.getBuiltinModule('node:url');

const [, , bundle = '', file = ''] = process.argv;
const { handler } = await import(pathToFileURL(bundle).href);
const event = JSON.parse(readFileSync(file, 'utf8'));
const loadedMs = performance.now();
const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 120_000 });
const answeredMs = performance.now();
const { user, system } = process.cpuUsage();
if (batchItemFailures.length > 0) throw new Error('not everything was delivered');
console.log(`peak ${process.resourceUsage().maxRSS * 1024}`);
console.log(`times ${answeredMs} ${(user + system) / 1000} ${answeredMs - loadedMs}`);
process.exit(0);
