import type { Command } from 'commander';
import { toReadOptions, withReading, type ReadFlags } from './history/flags.ts';
import { withTransformation } from './options.ts';
import { preview, type PreviewFlags } from './preview.ts';
import { WITHOUT_CONFIG } from './read-config.ts';

/** Adds the command `preview`. */
export function addPreviewCommand(program: Command): void {
  withReading(
    withTransformation(
      program
        .command('preview [file]')
        .description('print as JSON what would be sent to Heap for each line; sends nothing')
        .option('--config <file>', `RudderStack’s Config for Heap, as JSON; ${WITHOUT_CONFIG}`)
        .exitOverride(),
    ),
  ).action(async (file: string | undefined, options: ReadFlags & PreviewFlags) => {
    // Events without a time are shown, with a note.
    await preview(file, options, toReadOptions(options, { skip: [], allowNoTime: true }, Date.now()));
  });
}
