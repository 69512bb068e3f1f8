import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { ObjectKey, StoredObject } from "../store/state-store.ts";
import type { Change } from "../store/state-store.ts";
import { applyChanges, buildSnapshot, project, type Projection } from "./build-snapshot.ts";
import { configurationObjects } from "./configuration-objects.ts";
import { qualifiedNameOf } from "./objects.ts";
import { configured, deps, policyTexts } from "./test-registry.ts";

const namespace = "default" as Namespace;
const revision = (value: number) => value as Revision;
const put = (kind: string, name: string, value: unknown, at = 2): Change => {
  const key = { kind, namespace, name };
  const object: StoredObject = { ...key, source: "api", revision: revision(at), value };
  return { ...key, revision: revision(at), at, actor: "test", op: "put", object };
};
const remove = (kind: string, name: string, at = 2): Change => {
  return { kind, namespace, name, revision: revision(at), at, actor: "test", op: "delete" };
};

function estateObjects(): StoredObject[] {
  return configurationObjects(configured(), policyTexts, "/etc/cordon").map(({ key, value }) => ({
    ...key,
    source: "config",
    revision: revision(1),
    value,
  }));
}

const estate = (): Projection => project({ revision: revision(1), objects: estateObjects() }, deps);
const chat = "spiffe://bank.example/ns/default/endpoint/chat";

test("resolves the estate: components by SPIFFE ID, routes longest path first, references in place", () => {
  const { snapshot } = estate();
  assert.equal(snapshot.components.get(chat as never)?.boundary, "model");
  assert.deepEqual(
    snapshot.routes.map((route) => route.path),
    ["/v1/records", "/v1"],
  );
  const [records, models] = snapshot.routes;
  assert.ok(records?.kind === "http" && models?.kind === "openai");
  assert.equal(records.resource, "spiffe://bank.example/ns/default/dataset/records");
  assert.equal(records.actions.get("PUT"), "write");
  assert.deepEqual(models.models.get("one")?.upstream.authentication, { kind: "spiffe", peer: chat });
  assert.equal(models.models.get("two")?.component, "spiffe://bank.example/ns/team/model/spare");
  assert.equal(snapshot.stalenessLimitMs, 30_000);
  assert.equal(snapshot.policies.size, 2);
});

test("refuses objects that do not fit together, naming them", () => {
  const cases: readonly (readonly [Change, RegExp])[] = [
    [remove("component", "records"), /route default\/records cannot be used: it refers to component default\/records/],
    [remove("upstream", "store"), /route default\/records cannot be used: it refers to upstream default\/store/],
    [remove("component", "chat"), /route default\/chat cannot be used/],
    [
      put("component", "chat", { kind: "endpoint" }),
      /component default\/chat cannot be used: its value does not fit at `boundary`/,
    ],
    [put("setting", "staleness", { limitSeconds: 0 }), /setting default\/staleness/],
    [put("setting", "staleness", { limitSeconds: 5, extra: 1 }), /setting default\/staleness/],
    [
      put("route", "other", {
        kind: "http",
        path: "/v1",
        maxBodyBytes: 1,
        resource: "default/chat",
        upstream: "default/store",
        actions: {},
      }),
      /already has the path \/v1/,
    ],
    [put("isolation", "x", { component: "https://x", reason: "", since: 1 }), /isolation default\/x/],
    [put("bundle", "other.example", { x509Authorities: ["%"] }), /bundle default\/other\.example/],
    [put("policy", "default", { origin: "api", text: "broken" }), /a policy is broken/],
  ];
  for (const [change, words] of cases) {
    assert.throws(
      () => applyChanges(estate(), [change], deps),
      (error: unknown) => error instanceof CordonError && words.test(error.message),
      String(words),
    );
  }
});

test("shares everything that a change did not touch", () => {
  const before = estate();
  const { components, routes, policies, bundles, revocations, overlays } = before.snapshot;
  const unchanged = { components, routes, policies, bundles, revocations, overlays };
  const compilations = deps.compilations;
  const same = (change: Change, ...touched: (keyof typeof unchanged)[]): void => {
    const { snapshot } = applyChanges(before, [change], deps);
    for (const [name, value] of Object.entries(unchanged) as [keyof typeof unchanged, unknown][])
      assert.equal(snapshot[name] === value, !touched.includes(name), `${change.kind} ${change.name}: ${name}`);
  };
  const value = (kind: string, name: string) => before.objects.get(kind)?.get(`default/${name}`)?.value as object;

  same(put("component", "assistant", { ...value("component", "assistant"), description: "new" }), "components");
  same(put("component", "chat", { ...value("component", "chat"), description: "new" }), "components");
  same(put("component", "chat", { ...value("component", "chat"), kind: "model" }), "components", "routes");
  same(put("upstream", "store", { ...value("upstream", "store"), url: "http://127.0.0.1:9" }), "routes");
  same(put("upstream", "unused", value("upstream", "store")));
  same(put("isolation", "chat", { component: chat, reason: "why", since: 1 }), "overlays");
  same(put("reroute", "chat", { from: chat, to: chat }), "overlays");
  same(put("revocation", "chat", {}), "revocations");
  same(put("setting", "staleness", { limitSeconds: 9 }));
  assert.equal(deps.compilations, compilations, "no policy changed, so none was compiled");
  same(put("policy", "default", { origin: "api", text: "other" }), "policies");
  assert.equal(deps.compilations, compilations + 1);
});

test("rebuilds only the routes that stand on what changed", () => {
  const before = estate();
  const store = before.objects.get("upstream")?.get("default/store")?.value as object;
  const after = applyChanges(before, [put("upstream", "store", { ...store, url: "http://127.0.0.1:9" })], deps);
  assert.equal(after.routes.get("default/chat"), before.routes.get("default/chat"));
  assert.notEqual(after.routes.get("default/records"), before.routes.get("default/records"));
});

test("a snapshot cannot be changed, nor is an older one by a newer", () => {
  const before = estate();
  const size = before.snapshot.components.size;
  applyChanges(before, [remove("component", "assistant")], deps);
  assert.equal(before.snapshot.components.size, size);
  assert.throws(() => ((before.snapshot as { revision: number }).revision = 9), TypeError);
  assert.throws(() => ((before.snapshot.routes as unknown[]).length = 0), TypeError);
});

test("an order of isolation holds although its component is gone", () => {
  const gone = "spiffe://bank.example/ns/default/agent/gone";
  const { snapshot } = applyChanges(
    estate(),
    [put("isolation", "gone", { component: gone, reason: "exfiltration", since: 7 })],
    deps,
  );
  assert.deepEqual(snapshot.overlays.isolated.get(gone as never), {
    component: gone,
    reason: "exfiltration",
    since: 7,
  });
});

// Random changes: few names, so that they collide, dangle, and come back.
const few = (prefix: string) => fc.nat(2).map((index) => `${prefix}${index}`);
const reference = (prefix: string) => few(prefix).map((name) => `default/${name}`);
const labels = { sensitivity: "internal", categories: [], integrity: "trusted" };
const timeouts = { connectMs: 1, firstByteMs: 1, idleMs: 1 };
const componentPut = fc
  .record({ kind: fc.constantFrom("tool", "model"), description: fc.constantFrom("", "x") })
  .map((value) => ({ ...value, boundary: "api", labels, bearerTokens: false }));
const upstreamPut = fc
  .oneof(
    fc.constant({ kind: "loopback" }),
    reference("c").map((peer) => ({ kind: "spiffe", peer })),
  )
  .map((authentication) => ({ url: "https://x.example", external: false, authentication, timeouts }));
const routePut = fc.oneof(
  fc.record({
    kind: fc.constant("http"),
    path: few("/p"),
    maxBodyBytes: fc.constant(9),
    resource: reference("c"),
    upstream: reference("u"),
    actions: fc.constant({ GET: "read" }),
  }),
  fc.record({
    kind: fc.constant("openai"),
    path: few("/p"),
    maxBodyBytes: fc.constant(9),
    models: fc.record({ m: fc.record({ component: reference("c"), upstream: reference("u") }) }),
  }),
);
const id = few("c").map((name) => `spiffe://bank.example/ns/default/tool/${name}`);
const op = fc.oneof(
  fc.record({ kind: fc.constant("component"), name: few("c"), value: fc.option(componentPut) }),
  fc.record({ kind: fc.constant("upstream"), name: few("u"), value: fc.option(upstreamPut) }),
  fc.record({ kind: fc.constant("route"), name: few("r"), value: fc.option(routePut) }),
  fc.record({
    kind: fc.constant("policy"),
    name: few("p"),
    value: fc.option(fc.constantFrom({ origin: "a", text: "x" }, { origin: "a", text: "broken" })),
  }),
  fc.record({
    kind: fc.constant("setting"),
    name: fc.constant("staleness"),
    value: fc.option(fc.record({ limitSeconds: fc.nat(3) })),
  }),
  fc.record({
    kind: fc.constant("isolation"),
    name: few("i"),
    value: fc.option(fc.record({ component: id, reason: fc.constant("r"), since: fc.nat(5) })),
  }),
  fc.record({ kind: fc.constant("reroute"), name: few("i"), value: fc.option(fc.record({ from: id, to: id })) }),
  fc.record({ kind: fc.constant("revocation"), name: few("v"), value: fc.option(fc.constant({})) }),
);

const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof CordonError, String(error));
    return undefined;
  }
};

test("changes one after another lead where building from scratch leads, also past revisions that cannot be built", () => {
  let built = 0;
  fc.assert(
    fc.property(
      fc.array(fc.array(op, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
      (revisions) => {
        const objects = new Map<string, StoredObject>();
        const keyOf = (key: ObjectKey) => `${key.kind} ${qualifiedNameOf(key)}`;
        let projection = project({ revision: revision(0), objects: [] }, deps);
        let open: Change[] = [];
        for (const [index, ops] of revisions.entries()) {
          for (const { kind, name, value } of ops) {
            const change = value === null ? remove(kind, name, index + 1) : put(kind, name, value, index + 1);
            open.push(change);
            if (change.object) objects.set(keyOf(change), change.object);
            else objects.delete(keyOf(change));
          }
          const state = { revision: revision(index + 1), objects: [...objects.values()] };
          const scratch = attempt(() => buildSnapshot(state, deps));
          const next = attempt(() => applyChanges(projection, open, deps));
          assert.equal(next === undefined, scratch === undefined, "one can be built, the other cannot");
          if (!next) continue;
          built += 1;
          assert.deepEqual(next.snapshot, scratch);
          projection = next;
          open = [];
        }
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(built > 100, "too few of the random states could be built to show anything");
});
