import type { HeapCall } from '../heap/api.ts';
import type { Cuts } from './flatten.ts';

/** What an admitted event asks of Heap, and what had to be cut for it. */
export interface Mapped {
  readonly kind: 'mapped';
  readonly call: HeapCall;
  readonly cuts: Cuts;
}
