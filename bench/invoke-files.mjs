/**
 * Loads a bundle, invokes its handler once with the event in each file of a folder, and prints its peak memory in bytes. Plain JavaScript for
 * the same reasons as invoke-once.mjs.
 */
const { readdirSync, readFileSync } = process.getBuiltinModule('node:fs');
const { pathToFileURL } = process.getBuiltinModule('node:url');

/** Enough for the work, so that what waits for a rate limit is given back soon. */
const LEFT_MS = 10_000;

const [, , bundle = '', folder = ''] = process.argv;
const { handler } = await import(pathToFileURL(bundle).href);
for (const file of readdirSync(folder)) {
  await handler(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')), { getRemainingTimeInMillis: () => LEFT_MS });
}
console.log(`peak ${process.resourceUsage().maxRSS * 1024}`);
process.exit(0);
