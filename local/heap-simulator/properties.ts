import { isObject, type JsonObject } from '../../lib/json.ts';

/** The current properties of a user. */
export interface SimulatedUser {
  readonly appId: string;
  readonly identity: string;
  readonly properties: JsonObject;
}

/** The current properties of an account. */
export interface SimulatedAccount {
  readonly appId: string;
  readonly accountId: string;
  readonly properties: JsonObject;
}

/** The properties of users and accounts. The last value of each property counts. */
export interface Properties {
  /** @param entry of a user, or of an account if it has an `account_id` */
  readonly set: (appId: string, entry: JsonObject) => void;
  readonly users: () => readonly SimulatedUser[];
  readonly accounts: () => readonly SimulatedAccount[];
}

export function createProperties(): Properties {
  const users = new Map<string, SimulatedUser>();
  const accounts = new Map<string, SimulatedAccount>();
  return {
    set(appId, entry) {
      const { identity, account_id: accountId } = entry;
      const key = JSON.stringify([appId, identity, accountId]);
      if (typeof accountId === 'string') {
        accounts.set(key, { appId, accountId, properties: merge(accounts.get(key), entry) });
      } else {
        users.set(key, { appId, identity: String(identity), properties: merge(users.get(key), entry) });
      }
    },
    users: () => [...users.values()],
    accounts: () => [...accounts.values()],
  };
}

function merge(known: { readonly properties: JsonObject } | undefined, { properties }: JsonObject): JsonObject {
  return { ...known?.properties, ...(isObject(properties) ? properties : {}) };
}
