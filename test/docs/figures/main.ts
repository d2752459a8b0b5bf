import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CallerError } from '../../../cli/caller-error.ts';
import { reportToCaller } from '../../../cli/report-to-caller.ts';
import { NOT_MADE_HERE, SOURCES } from './sources.ts';
import { writeFigures } from './write-figures.ts';

const HELP = `Measures the figures of the pages again, and writes them into the pages.

  npm run docs:figures                 runs every command: about an hour
  npm run docs:figures -- --only cost  runs one, or several separated by commas
  npm run docs:figures -- --pages      runs nothing: writes into the pages what the commands have kept
  npm run docs:figures -- --check      runs and writes nothing: says which pages differ from that
  npm run docs:figures -- --list       lists the commands, and the figures that none of them makes`;

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      pages: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const names = SOURCES.map(({ name }) => name);
  const wanted = values.only?.split(',') ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new CallerError(`unknown name ${unknown}, expected one of ${names.join(', ')}`);
  if (values.help || values.list) {
    console.log(values.help ? HELP : describeSources());
    return;
  }
  const sources = SOURCES.filter(({ name }) => wanted.includes(name));
  if (!values.pages && !values.check) {
    for (const words of sources.flatMap(({ commands }) => commands)) {
      if (!run(words)) throw new CallerError(`npm ${words.join(' ')} failed; the pages were not written`);
    }
  }
  for (const { pages } of sources) {
    if (pages === undefined) continue;
    if (!run(values.check ? [...pages, '--check'] : pages)) process.exitCode = 1;
  }
  for (const { path, before, after } of writeFigures()) {
    if (before === after) continue;
    console.log(`${path} ${values.check ? 'differs' : 'was written'}`);
    if (values.check) process.exitCode = 1;
    else writeFileSync(path, after);
  }
});

/** Runs npm, and returns whether it succeeded. What it prints of a measurement is in the pages afterwards. */
function run(words: readonly string[]): boolean {
  console.log(`npm ${words.join(' ')}`);
  const isLong = !words.includes('--check');
  return spawnSync('npm', words, { stdio: ['ignore', isLong ? 'ignore' : 'inherit', 'inherit'] }).status === 0;
}

function describeSources(): string {
  const made = SOURCES.map(({ name, commands, takes, pages }) => {
    const lines = [...commands, ...(pages === undefined ? [] : [pages])]
      .map((words) => `\n  npm ${words.join(' ')}`)
      .join('');
    return `${name}, ${takes}${lines}`;
  });
  const others = NOT_MADE_HERE.map(({ what, where, from }) => `${what}\n  in ${where}\n  from ${from}`);
  return `${made.join('\n')}\n\nNot made here:\n\n${others.join('\n')}`;
}
