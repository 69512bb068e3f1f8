/**
 * The authority for intercepted TLS: it certifies, to clients that were told to trust it, hosts that egress looks into. In:
 * the vault and the store. Out: its certificates for clients, and a short-lived leaf for a host.
 *
 * It has nothing to do with the authority of SVIDs: its own key, no trust domain's name, in no bundle. Leaves live for a
 * day, their keys in memory only. A new generation is shown to clients long before it signs.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { CordonError } from "@cordon/core/errors";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { z } from "zod";
import { systemNamespace, type KeyVault } from "../keys/key-vault.ts";
import type { ObjectKey, StateStore } from "../store/state-store.ts";
import { buildInterceptionAuthority, buildInterceptionLeaf } from "./certificates.ts";
import { generateP256 } from "./generations.ts";

export interface InterceptionLeaf {
  readonly key: KeyObject;
  /** Leaf first. DER. */
  readonly chain: readonly Uint8Array[];
  readonly notAfter: Instant;
}

export interface InterceptionAuthority {
  /** What clients are to trust: DER, the one that signs now and the one that will. Made on first demand. */
  certificates(): Promise<readonly Uint8Array[]>;
  /** A certificate for a host: a DNS name, an IPv4 address, or an IPv6 address in brackets. @throws {CordonError} `KEY_SEALED` */
  leafFor(host: string): Promise<InterceptionLeaf>;
}

export interface InterceptionOptions {
  readonly vault: Pick<KeyVault, "signingKey" | "forgetSigningKey">;
  readonly store: StateStore;
  readonly trustDomain: TrustDomain;
  readonly now: () => Instant;
  /** Hosts whose leaves are kept. The longest unused goes first. */
  readonly maxLeaves?: number;
}

const dayMs = 86_400_000;
const authorityLifeMs = 730 * dayMs;
/** A successor is made this long before the end, and signs once it was shown for this long. */
const overlapMs = 90 * dayMs;
const shownMs = 30 * dayMs;
export const leafLifeMs = dayMs;
const backdateMs = 3_600_000;

const stateSchema = z.strictObject({
  version: z.literal(1),
  generations: z
    .array(
      z.strictObject({
        purpose: z.string().min(1).max(128),
        certificate: z.base64().max(8_192),
        notBefore: z.number().int(),
        notAfter: z.number().int(),
      }),
    )
    .max(8),
});
type State = z.infer<typeof stateSchema>;
type Generation = State["generations"][number];

const stateKey: ObjectKey = { kind: "interception-authority", namespace: systemNamespace, name: "authority" };
const actor = "system:authority";

export function openInterceptionAuthority(options: InterceptionOptions): InterceptionAuthority {
  const { vault, now, maxLeaves = 1_000 } = options;
  const leaves = new Map<string, Promise<InterceptionLeaf & { readonly renewAt: Instant }>>();
  let held: Promise<State> | undefined;

  /** Read again where something is due; else as it was. */
  async function state(): Promise<State> {
    const known = await held?.catch(() => undefined);
    if (known !== undefined && !isDue(known, now())) return known;
    held = settle(options);
    return held;
  }

  async function make(host: string): Promise<InterceptionLeaf & { readonly renewAt: Instant }> {
    const at = now();
    const { purpose, certificate, notAfter: end } = signing(await state(), at);
    const [issuerKey, key] = [await vault.signingKey(purpose, generateP256), await generateP256()];
    const issuer = Buffer.from(certificate, "base64");
    const bare = host.startsWith("[") ? host.slice(1, -1) : host;
    const notAfter = Math.min(at + leafLifeMs, end);
    const leaf = await buildInterceptionLeaf(
      {
        ...{ host: bare, address: isIP(bare) !== 0, notBefore: at - backdateMs, notAfter },
        publicKeyInfo: publicKeyInfoOf(key),
      },
      { certificate: issuer, key: issuerKey },
    );
    return { key, chain: [leaf, issuer], notAfter, renewAt: at + (notAfter - at) / 2 };
  }

  return {
    certificates: async () => (await state()).generations.map(({ certificate }) => Buffer.from(certificate, "base64")),
    async leafFor(host) {
      let leaf = leaves.get(host);
      if (leaf !== undefined && (await leaf).renewAt <= now()) leaf = undefined;
      leaves.delete(host);
      if (leaf === undefined) {
        leaf = make(host);
        leaf.catch(() => leaves.delete(host));
      }
      leaves.set(host, leaf);
      const [oldest] = leaves.keys();
      if (leaves.size > maxLeaves && oldest !== undefined) leaves.delete(oldest);
      return leaf;
    },
  };
}

function isDue({ generations }: State, at: Instant): boolean {
  const newest = generations.at(-1);
  return newest === undefined || newest.notAfter - at < overlapMs || generations.some(({ notAfter }) => notAfter <= at);
}

/** The newest that clients have been shown for long enough; else the oldest that stands. */
function signing({ generations }: State, at: Instant): Generation {
  const standing = generations.filter(({ notAfter }) => notAfter - leafLifeMs > at);
  const shown = standing.filter(({ notBefore }) => notBefore + shownMs <= at);
  const found = shown.at(-1) ?? standing[0];
  if (found === undefined) throw new CordonError("KEY_SEALED", "there is no interception authority that can sign now");
  return found;
}

/** Drops what has ended, adds what is due, and writes it down unless another process was first. */
async function settle({ store, vault, trustDomain, now }: InterceptionOptions): Promise<State> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const stored = await store.get(stateKey);
    const before = stored === undefined ? { version: 1 as const, generations: [] } : readState(stored.value);
    const at = now();
    if (!isDue(before, at)) return before;
    const standing = before.generations.filter(({ notAfter }) => notAfter > at);
    const newest = standing.at(-1);
    const made =
      newest === undefined || newest.notAfter - at < overlapMs ? [await generation({ vault, trustDomain }, at)] : [];
    const next: State = { version: 1, generations: [...standing, ...made] };
    const { result: won } = await store.transact(actor, at, async (transaction) => {
      if ((await transaction.get(stateKey))?.revision !== stored?.revision) return false;
      await transaction.put(stateKey, next, "system");
      return true;
    });
    const unused = won ? before.generations.filter((one) => !next.generations.includes(one)) : made;
    for (const { purpose } of unused) await vault.forgetSigningKey(purpose);
    if (won) return next;
  }
  throw new CordonError("STORE_CONFLICT", "another process keeps changing the interception authority; try again");
}

async function generation(
  { vault, trustDomain }: Pick<InterceptionOptions, "vault" | "trustDomain">,
  at: Instant,
): Promise<Generation> {
  const unnamed = await generateP256();
  const id = sha256Hex(publicKeyInfoOf(unnamed)).slice(0, 16);
  const purpose = `interception-${id}`;
  const key = await vault.signingKey(purpose, () => unnamed);
  const times = { notBefore: at - backdateMs, notAfter: at + authorityLifeMs };
  const certificate = await buildInterceptionAuthority(
    { ...times, name: `${trustDomain} egress interception ${id}`, publicKeyInfo: publicKeyInfoOf(key) },
    key,
  );
  return { purpose, certificate: Buffer.from(certificate).toString("base64"), ...times };
}

function readState(value: unknown): State {
  const parsed = stateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CordonError("STORE_CORRUPT", "the interception authority is not readable; restore the state from a backup");
}

function publicKeyInfoOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}
