/** A state folder with an authority in it, for tests: the clock is the test's, keys and store are real. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { isCordonError, type ErrorCode } from "@cordon/core/errors";
import { makeCsr } from "@cordon/core/identity/csr";
import { parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import { openKeyVault } from "../../keys/key-vault.ts";
import { openRootKey } from "../../keys/root-key.ts";
import { openStateStore } from "../../store/open-state-store.ts";
import { openAuthority, type Authority, type AuthorityOptions } from "../authority.ts";
import type { AuthoritySettings } from "../authority-settings.ts";
import { revocationKey, revocationsFrom, type Revocation } from "../revocation.ts";

export const trustDomain = parseTrustDomain("bank.example");
export const workload = parseSpiffeId("spiffe://bank.example/ns/default/agent/assistant");
export const start = Date.UTC(2026, 10, 23, 12, 0, 0, 500);
export const day = 86_400_000;

/** A state folder with a clock that the test turns. `open` is a start of the control plane on it. */
export async function estate(context: TestContext, settings: Partial<AuthoritySettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-authority-"));
  const store = await openStateStore(`sqlite:${join(folder, "cordon.db")}`);
  context.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const clock = { now: start };
  const now = () => clock.now;
  const rootKey = await openRootKey({ file: "root.key" }, { stateFolder: folder });
  const open = (domain = trustDomain, more: Partial<AuthorityOptions> = {}) =>
    openAuthority({ vault: openKeyVault({ store, rootKey, now }), store, trustDomain: domain, now, settings, ...more });
  const revoke = (revocation: Revocation) =>
    store.transact("test", clock.now, (transaction) => transaction.put(revocationKey(revocation), revocation, "api"));
  const trust = async (authority: Authority): Promise<IdentityTrust> => ({
    bundles: new Map([[trustDomain, authority.bundle()]]),
    revocations: revocationsFrom(await store.list("revocation")),
  });
  return { folder, store, clock, open, revoke, trust };
}

export async function request() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, key: { csr: await makeCsr(privateKey) } };
}

export function coded(code: ErrorCode, words: RegExp) {
  return (error: unknown) => {
    assert.ok(isCordonError(error), `threw ${String(error)}`);
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  };
}
