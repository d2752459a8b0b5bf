/*
 * A stub of Heap's script, cdn.heapanalytics.com/js/heap-<appId>.js. It keeps every call in `heapCalls`, and tells the page of
 * it by an event `heap`. It sends nothing to Heap.
 */
(() => {
  const queue = globalThis.heap;
  const calls = (globalThis.heapCalls ??= []);
  const heap = { appid: queue.appid };
  for (const method of ['identify', 'addUserProperties', 'track']) {
    heap[method] = (...args) => {
      const call = { appId: queue.appid, method, args };
      calls.push(call);
      globalThis.dispatchEvent(new CustomEvent('heap', { detail: call }));
    };
  }
  globalThis.heap = heap;
  for (const [method, ...args] of queue) heap[method](...args);
})();
