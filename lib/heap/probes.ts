import type { BulkRequest } from './bulk.ts';

/**
 * Sends a request. While a circuit is probing, only one request of its endpoint and app is under way; the others wait for its
 * end and then see what the circuit says.
 *
 * @param send told whether the request is a probe
 */
export type OneProbe = <Result>(request: BulkRequest, send: (isProbe: boolean) => Promise<Result>) => Promise<Result>;

/** @param isProbing whether the circuit of a request is probing now */
export function createProbes(isProbing: (request: BulkRequest) => boolean): OneProbe {
  const probes = new Map<string, Promise<unknown>>();
  return async (request, send) => {
    const place = `${request.kind} ${request.appId}`;
    while (isProbing(request)) {
      const other = probes.get(place);
      if (other === undefined) {
        const probe = send(true);
        probes.set(place, probe);
        return await probe.finally(() => probes.delete(place));
      }
      await other;
    }
    return await send(false);
  };
}
