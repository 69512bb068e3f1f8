/** SVIDs held ready: renewed at half, dropped when withdrawn, kept through an outage, ended by either clock. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { parseCertificate } from "@cordon/core/identity/certificate";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509BatchRequest } from "@cordon/core/contract/node-api";
import { openMeasurer } from "../attestation/measure.ts";
import { testAuthority } from "../run/testing/authority.ts";
import type { ControlLink } from "./control-link.ts";
import { parseState, type KnownState } from "./node-state.ts";
import { openSvidCache } from "./svid-cache.ts";

const id = parseSpiffeId("spiffe://bank.example/ns/default/agent/assistant");
const selectors = [{ nodes: ["node-a"], sha256: "a".repeat(64) }];
const lifeMs = 3_600_000;

async function rig(t: TestContext) {
  const authority = await testAuthority("bank.example", "issuer");
  const clock = { wall: Date.now(), monotonic: 0 };
  const control = { away: false, refuse: undefined as string | undefined, asked: 0 };
  const call = async ({ body }: { readonly body: X509BatchRequest }): Promise<unknown> => {
    if (control.away) throw new CordonError("CONTROL_UNREACHABLE", "away");
    control.asked++;
    const svids = body.requests.map(async ({ id: asked, csr }) =>
      control.refuse === undefined
        ? { id: asked, ...(await authority.sign(csr, asked, { lifeMs: clock.wall + lifeMs - Date.now() })) }
        : { id: asked, refused: { code: "ACCESS_DENIED", message: control.refuse } },
    );
    return { svids: await Promise.all(svids) };
  };
  const said: string[] = [];
  const cache = openSvidCache({
    link: { call, [Symbol.asyncDispose]: () => Promise.resolve() } as unknown as ControlLink,
    measurer: openMeasurer(),
    clocks: { wall: () => clock.wall, monotonic: () => clock.monotonic },
    random: () => 0.5,
    onTrouble: (words) => said.push(words),
  });
  t.after(() => cache[Symbol.asyncDispose]());
  const state = (more: object = {}, registered = true): KnownState =>
    parseState({
      revision: 1,
      trustDomain: "bank.example",
      registrations: registered ? [{ id, bearerTokens: false, selectors, ...more }] : [],
      bundles: { "bank.example": bundleDocument(authority.bundle) },
      revoked: { keys: [], certificates: [], workloads: [] },
      tainted: [],
      gateway: { url: "https://127.0.0.1:1", id, egress: false },
    });
  const passes = async (holds: () => boolean, what: string): Promise<void> => {
    for (let tries = 0; tries < 300; tries++) {
      if (holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`it never came to pass: ${what}; ${said.join("; ")}`);
  };
  return { cache, clock, control, said, state, passes };
}

test("an SVID is fetched before anybody asks, renewed at half of its life, by either clock", async (t) => {
  const { cache, clock, control, state, passes } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  const first = cache.get(id);
  assert.ok(first !== undefined);
  clock.monotonic += lifeMs * 0.44;
  clock.wall += lifeMs * 0.44;
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(control.asked, 1, "not before its time");
  clock.monotonic += lifeMs * 0.1; // the wall clock stands, or was set back
  await passes(() => cache.get(id) !== first, "a new one by the monotonic clock");
});

test("while the control plane is away the last one stands until it ends, by either clock, and no longer", async (t) => {
  const { cache, clock, control, state } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  control.away = true;
  clock.wall += lifeMs * 0.9;
  assert.ok(cache.get(id) !== undefined);
  clock.monotonic += lifeMs + 1;
  assert.equal(cache.get(id), undefined, "the wall clock was set back: the other one ends it");
});

test("a machine that wakes past the end recovers by itself", async (t) => {
  const { cache, clock, state, passes } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  clock.wall += 3 * lifeMs;
  assert.equal(cache.get(id), undefined);
  await passes(() => cache.get(id) !== undefined, "a new SVID after the sleep");
});

test("what is no longer registered, or refused, is dropped at once", async (t) => {
  const { cache, clock, control, state, passes } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  cache.follow(state({}, false));
  assert.deepEqual([cache.get(id), cache.size], [undefined, 0]);
  cache.follow(state());
  await cache.settled(id);
  control.refuse = "its model is not admitted";
  clock.wall += lifeMs / 2;
  await passes(() => cache.get(id) === undefined, "the refused one goes");
});

test("a revoked SVID is replaced, though its workload stands", async (t) => {
  const { cache, state, passes } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  const first = cache.get(id);
  const certificate = sha256Hex(first?.chain[0] ?? new Uint8Array());
  const next = state();
  cache.follow({ ...next, revocations: { ...next.revocations, certificates: new Set([certificate]) } });
  assert.equal(cache.get(id), undefined);
  await passes(() => cache.get(id) !== undefined && cache.get(id) !== first, "another");
});

test("an SVID under a tainted authority is replaced now, and serves until then", async (t) => {
  const { cache, control, state, passes } = await rig(t);
  cache.follow(state());
  await cache.settled(id);
  const first = cache.get(id);
  const issuer = first?.chain[1];
  assert.ok(issuer);
  control.away = true;
  cache.follow({ ...state(), tainted: new Set([parseCertificate(issuer).keyFingerprint]) });
  assert.equal(cache.get(id), first, "it still serves");
  control.away = false;
  cache.follow({ ...state(), tainted: new Set([parseCertificate(issuer).keyFingerprint]) });
  await passes(() => cache.get(id) !== first, "another");
});

test("a model file that is not the registered model ends the identity", async (t) => {
  const { cache, said, state, passes } = await rig(t);
  const modelFile = import.meta.filename;
  const measured = (await openMeasurer().measure(modelFile)).sha256;
  cache.follow(state({ modelDigest: `sha256:${measured}`, selectors: [{ ...selectors[0], modelFile }] }));
  await cache.settled(id);
  assert.ok(cache.get(id) !== undefined, said.join("; "));
  cache.follow(state({}, false));
  cache.follow(state({ modelDigest: `sha256:${"0".repeat(64)}`, selectors: [{ ...selectors[0], modelFile }] }));
  await cache.settled(id);
  await passes(() => said.some((words) => words.includes("is registered")), "why");
  assert.equal(cache.get(id), undefined);
});
