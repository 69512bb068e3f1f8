/**
 * The keys that content digests are made with: one per namespace and calendar month (UTC). In: the vault. Out: a
 * lookup that is immediate once a key was used, so that the gateway's hot path does not wait.
 */
import type { KeyObject } from "node:crypto";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { KeyVault } from "./key-vault.ts";

export interface DigestKey {
  /** `<namespace>/<period>`: stands beside each digest in the ledger. */
  readonly name: string;
  readonly key: KeyObject;
}

export function digestKeys(vault: Pick<KeyVault, "digestKey">): {
  /** @throws {CordonError} `KEY_SEALED`, `STORE_UNAVAILABLE`, as a rejection */
  current(namespace: Namespace, now: Instant): DigestKey | Promise<DigestKey>;
} {
  const opened = new Map<Namespace, DigestKey & { readonly until: Instant }>();
  return {
    current(namespace, now) {
      const held = opened.get(namespace);
      if (held !== undefined && now < held.until) return held;
      const period = new Date(now).toISOString().slice(0, 7);
      return vault.digestKey(namespace, period).then((key) => {
        const digestKey = { name: `${namespace}/${period}`, key, until: endOfMonth(now) };
        opened.set(namespace, digestKey);
        return digestKey;
      });
    },
  };
}

/** The keys that tokens are made with, one per namespace: immediate once a key was used. */
export function tokenKeys(vault: Pick<KeyVault, "tokenKey">): {
  /** @throws {CordonError} `KEY_SEALED`, `STORE_UNAVAILABLE`, as a rejection */
  current(namespace: Namespace): KeyObject | Promise<KeyObject>;
} {
  const opened = new Map<Namespace, KeyObject>();
  return {
    current: (namespace) =>
      opened.get(namespace) ??
      vault.tokenKey(namespace).then((key) => {
        opened.set(namespace, key);
        return key;
      }),
  };
}

function endOfMonth(now: Instant): Instant {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
