/*
 * A stub of the file Heap.min.js that RudderStack's Web SDK loads in device mode. It calls Heap as RudderStack's integration
 * does, as far as that can be seen from outside, and loads Heap's script from the same address. It is for tests and for
 * `npm run dev`, which have no internet, and not for a website.
 */
globalThis.Heap_RS = (() => {
  const METHODS = ['identify', 'addUserProperties', 'track'];

  /** Flat properties without null and undefined. RudderStack's code loses elements after a nested array, which this does not. */
  function flatten(value, name, flat) {
    if (value === null || value === undefined) return flat;
    if (value instanceof Date) return Object.assign(flat, { [name]: value.toISOString() });
    if (typeof value !== 'object') return Object.assign(flat, { [name]: value });
    const isList = Array.isArray(value);
    const children = Object.entries(value);
    if (children.length === 0 && name !== '') return Object.assign(flat, { [name]: value });
    for (const [key, child] of children) {
      const path = isList ? `${name}[${key}]` : [name, key].filter((part) => part !== '').join('.');
      flatten(child, path, flat);
    }
    return flat;
  }

  class Heap {
    constructor(config) {
      this.name = 'HEAP';
      this.appId = config.appId;
    }

    init() {
      const queue = [];
      queue.appid = this.appId;
      for (const method of METHODS) queue[method] = (...args) => queue.push([method, ...args]);
      globalThis.heap = queue;
      const script = document.createElement('script');
      script.src = `${globalThis.heapScripts ?? 'https://cdn.heapanalytics.com/js'}/heap-${this.appId}.js`;
      document.head.append(script);
    }

    isLoaded() {
      return (
        Boolean(globalThis.heap?.appid) && METHODS.every((method) => typeof globalThis.heap[method] === 'function')
      );
    }

    isReady() {
      return this.isLoaded();
    }

    identify({ message }) {
      if (message.userId) globalThis.heap.identify(message.userId);
      globalThis.heap.addUserProperties(flatten(message.context.traits, '', {}));
    }

    track({ message }) {
      globalThis.heap.track(message.event, flatten(message.properties, '', {}));
    }
  }

  return { Heap };
})();
