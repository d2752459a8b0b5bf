import type { Source } from './keys/write-keys.ts';

/**
 * Returns the source configuration that web and mobile SDKs request from RudderStack's control plane when they start. It
 * lists no destinations, so the SDKs load none and send all events to the HTTP endpoint.
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
      // The SDKs must not send error reports and usage statistics to RudderStack.
      config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
      connections: [],
      destinations: [],
    },
  });
}
