import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ConfigurationError, readSettings } from '../lib/config.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { previewLine } from './preview-line.ts';
import { reportToCaller } from './report-to-caller.ts';

const HELP = `Shows what Heap would get for each event, without sending anything.

  npm run -s preview -- [--config FILE] [FILE]

FILE holds one event a line, as JSON; standard input is read when it is left out. The settings are RudderStack's Config
for Heap, as JSON, from --config, else from the variable DESTINATION_CONFIG, else those of the local pipeline. A line
may also be {"message":{…},"destination":{"Config":{…}}}: its Config then overrides the settings for this line.
`;

await reportToCaller(run);

async function run(): Promise<void> {
  const { values: options, positionals } = parseArgs({
    options: { config: { type: 'string' }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (options.help) {
    console.log(HELP);
    return;
  }
  const config = readConfig(options.config);
  readSettings(config, options.config);

  const [file] = positionals;
  const input = file === undefined ? process.stdin : createReadStream(file);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const hasRoom = process.stdout.write(`${JSON.stringify(previewLine(line, config))}\n`);
    if (!hasRoom) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

function readConfig(file: string | undefined): JsonObject {
  const fromEnvironment = process.env['DESTINATION_CONFIG'];
  const [json, name] =
    file === undefined && fromEnvironment !== undefined
      ? [fromEnvironment, 'DESTINATION_CONFIG']
      : readNamed(file ?? join(import.meta.dirname, '..', 'local', 'settings.json'));
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch {
    throw new ConfigurationError(`${name} is no JSON`);
  }
  if (!isObject(config)) throw new ConfigurationError(`${name} has to be a JSON object`);
  return config;
}

function readNamed(file: string): readonly [string, string] {
  return [readFileSync(file, 'utf8'), file];
}
