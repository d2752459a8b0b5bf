import { setTimeout as sleep } from 'node:timers/promises';
import { startLoopbackServer } from '../local/loopback-server.ts';
import { createSelfSignedCertificate } from '../local/self-signed-certificate.ts';

/**
 * A Heap on loopback that speaks TLS, accepts everything, and answers so many ms after a request as its argument says. It sends its URL
 * and its certificate to the process that has started this one. In a process of its own, because its CPU time must not count.
 */
const delayMs = Number(process.argv[2] ?? 0);
const certificate = createSelfSignedCertificate();
const { url } = await startLoopbackServer(
  0,
  async (request, response) => {
    // The body is not decoded: that would take longer than all the rest.
    for await (const _ of request) continue;
    if (delayMs > 0) await sleep(delayMs);
    response.end('OK');
  },
  certificate,
);
process.send?.({ url, cert: certificate.cert });
