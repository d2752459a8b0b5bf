/**
 * Loads a bundle, invokes its handler with the event in a file, and prints what that took since the process started: ms and CPU ms
 * until the bundle was loaded, and until the answer. Plain JavaScript, because Node's type stripping would add to it; and built-in
 * modules are not imported, because that would load all that they export.
 */
const { readFileSync } = process.getBuiltinModule('node:fs');
const { pathToFileURL } = process.getBuiltinModule('node:url');

const [, , bundle = '', file = ''] = process.argv;
const event = JSON.parse(readFileSync(file, 'utf8'));
const context = { awsRequestId: 'bench', functionName: 'ingest', getRemainingTimeInMillis: () => 15_000 };
const { handler } = await import(pathToFileURL(bundle).href);
const loaded = times();
const { statusCode } = await handler(event, context);
const answered = times();
if (statusCode !== 200) throw new Error(`the function answered ${statusCode}`);
console.log(`times ${[...loaded, ...answered].join(' ')}`);
process.exit(0);

function times() {
  const { user, system } = process.cpuUsage();
  return [performance.now(), (user + system) / 1000];
}
