import { createHandler, type Handler, type HandlerDependencies } from '../../lib/forwarding/create-handler.ts';

/** One of Lambda's execution environments. After its death, nothing that it does has any effect. */
export interface Container {
  readonly handle: Handler;
  readonly die: () => void;
}

/** Starts a container with the real handler. Its clock has to be a virtual one. */
export function createContainer(dependencies: HandlerDependencies): Container {
  let isAlive = true;
  const whileAlive = async <Value>(work: () => Promise<Value>): Promise<Value> =>
    isAlive ? await work() : await new Promise<never>(() => undefined);
  const { clock, transport, loadQueues } = dependencies;
  const handle = createHandler({
    ...dependencies,
    clock: { now: clock.now, sleep: (ms) => whileAlive(() => clock.sleep(ms)) },
    transport: (url, body, timeoutMs) => whileAlive(() => transport(url, body, timeoutMs)),
    loadQueues: () =>
      whileAlive(async () => {
        const queues = await loadQueues();
        return {
          sendDeadLetters: (messages, deadline) => whileAlive(() => queues.sendDeadLetters(messages, deadline)),
          changeVisibility: (changes, deadline) => whileAlive(() => queues.changeVisibility(changes, deadline)),
        };
      }),
  });
  return { handle, die: () => void (isAlive = false) };
}
