import type { Source } from './keys/write-keys.ts';

/**
 * What RudderStack's control plane tells a web or mobile SDK when it starts: the source, and the destinations that it should load
 * by itself. There are none: everything goes through the queue.
 *
 * @see https://github.com/rudderlabs/rudder-sdk-js
 */
export function sourceConfig({ name, isEnabled }: Source, writeKey: string): string {
  return JSON.stringify({
    isHosted: true,
    source: {
      id: name,
      name,
      writeKey,
      enabled: isEnabled,
      workspaceId: 'self-hosted',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      // No statistics to RudderStack about errors and use.
      config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
      connections: [],
      destinations: [],
    },
  });
}
