export default async function globalTeardown() {
  await globalThis.testQueueServer.stop();
}
