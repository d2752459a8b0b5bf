import { endOnClosedPipe } from './interrupt.ts';
import { heapqProgram } from './program.ts';
import { reportToCaller } from './report-to-caller.ts';

endOnClosedPipe();

const program = heapqProgram();
await reportToCaller(async () => {
  await program.parseAsync();
});
