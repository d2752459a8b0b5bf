/** A priority queue: the value with the smallest key comes first. Of equal keys, the one that came first. */
export interface MinHeap<Value> {
  /** Infinity if the heap is empty. */
  readonly smallestKey: () => number;
  readonly push: (key: number, value: Value) => void;
  /** Removes the value with the smallest key; undefined if the heap is empty. */
  readonly pop: () => Value | undefined;
}

interface Node<Value> {
  readonly key: number;
  /** How many came before. */
  readonly turn: number;
  readonly value: Value;
}

/** Creates an empty binary heap. */
export function createMinHeap<Value>(): MinHeap<Value> {
  const nodes: Node<Value>[] = [];
  let turns = 0;

  function rise(node: Node<Value>, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = nodes[parent];
      if (above === undefined || isBefore(above, node)) break;
      nodes[index] = above;
      index = parent;
    }
    nodes[index] = node;
  }

  function sink(node: Node<Value>): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBefore(nodes[left + 1], nodes[left]) ? left + 1 : left;
      const below = nodes[child];
      if (below === undefined || isBefore(node, below)) break;
      nodes[index] = below;
      index = child;
    }
    nodes[index] = node;
  }

  return {
    smallestKey: () => nodes[0]?.key ?? Infinity,
    push(key, value) {
      turns += 1;
      rise({ key, turn: turns, value }, nodes.length);
    },
    pop() {
      const top = nodes[0];
      const last = nodes.pop();
      if (last !== undefined && nodes.length > 0) sink(last);
      return top?.value;
    },
  };
}

function isBefore<Value>(a: Node<Value> | undefined, b: Node<Value> | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.key < b.key || (a.key === b.key && a.turn < b.turn);
}
