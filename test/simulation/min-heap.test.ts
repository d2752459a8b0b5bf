import fc from 'fast-check';
import { createMinHeap } from '../../simulation/model/min-heap.ts';

test('the smallest key comes first, and of equal keys the one that came first', () => {
  const step = fc.oneof(fc.record({ push: fc.nat(9) }), fc.constant('pop' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = createMinHeap<string>();
      const popped: (readonly [string | undefined, string | undefined])[] = [];
      let inside: { readonly key: number; readonly value: string }[] = [];
      for (const [index, one] of steps.entries()) {
        const [first, ...others] = inside.toSorted((a, b) => a.key - b.key);
        expect(heap.smallestKey()).toBe(first?.key ?? Infinity);
        if (one === 'pop') popped.push([heap.pop(), first?.value]);
        else heap.push(one.push, `value ${index}`);
        inside = one === 'pop' ? others : [...inside, { key: one.push, value: `value ${index}` }];
      }
      expect(popped.map(([given]) => given)).toEqual(popped.map(([, expected]) => expected));
    }),
  );
});
