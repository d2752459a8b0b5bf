/**
 * Loads a bundle, invokes its handler again and again with the event in a file, and prints the CPU ms of each invocation, of all threads.
 * The text INVOCATION in the file stands for the number of the invocation, so that no event comes twice. This is plain JavaScript without
 * imports of built-in modules, because both would add to what is measured.
 */
const { readFileSync } = process.getBuiltinModule('node:fs');
const { pathToFileURL } = process.getBuiltinModule('node:url');

const [, , bundle = '', file = '', invocations = ''] = process.argv;
const text = readFileSync(file, 'utf8');

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const { handler } = await import(pathToFileURL(bundle).href);
const times = [];
for (let invocation = 1; invocation <= Number(invocations); invocation += 1) {
  const event = JSON.parse(text.replaceAll('INVOCATION', String(invocation)));
  const before = cpuMs();
  const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 120_000 });
  times.push(cpuMs() - before);
  if (batchItemFailures.length > 0) throw new Error('not everything was delivered');
}
console.log(`cpu ${times.join(' ')}`);
process.exit(0);
