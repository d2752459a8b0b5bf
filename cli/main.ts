import { endOnClosedPipe } from './interrupt.ts';
import { heapqProgram } from './program.ts';
import { reportToCaller } from './report-to-caller.ts';

endOnClosedPipe();

const program = await heapqProgram(process.argv[2]);
await reportToCaller(async () => {
  await program.parseAsync();
});
