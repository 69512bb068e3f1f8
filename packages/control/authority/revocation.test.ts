import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { StoredObject } from "../store/state-store.ts";
import { expiredRevocations, revocationKey, revocationsFrom, type Revocation } from "./revocation.ts";

const sha = (digit: string) => digit.repeat(64);
const common = { reason: "left the company", at: 1000 };
const all: readonly Revocation[] = [
  { type: "certificate", sha256: sha("a"), ...common },
  { type: "key", sha256: sha("b"), ...common, expiresAt: 2000 },
  { type: "authority", sha256: sha("c"), ...common },
  { type: "workload", id: "spiffe://bank.example/ns/default/agent/x", ...common },
];

function stored(value: unknown, name = "x"): StoredObject {
  return { kind: "revocation", namespace: "default" as Namespace, name, source: "api", revision: 1 as Revision, value };
}

describe("revocations", () => {
  it("become the sets that verifiers look in", () => {
    const { certificates, keys, workloads } = revocationsFrom(all.map((one) => stored(one)));
    assert.deepEqual([...certificates], [sha("a")]);
    assert.deepEqual([...keys].sort(), [sha("b"), sha("c")]);
    assert.deepEqual([...workloads], ["spiffe://bank.example/ns/default/agent/x"]);
  });

  it("have one name each, the same whenever the same thing is revoked", () => {
    assert.equal(new Set(all.map((one) => revocationKey(one).name)).size, all.length);
    const [first] = all;
    assert.ok(first);
    assert.deepEqual(revocationKey(first), revocationKey({ ...first, reason: "again", at: 5 }));
  });

  it("may go an hour after what they name has expired, and not before", () => {
    const objects = all.map((one) => stored(one));
    assert.equal(expiredRevocations(objects, 3_602_000).length, 0);
    assert.deepEqual(
      expiredRevocations(objects, 3_602_001).map((object) => object.value),
      [all[1]],
    );
  });

  const broken: readonly unknown[] = [
    {},
    { ...all[0], sha256: "A".repeat(64) },
    { ...all[0], sha256: sha("a").slice(1) },
    { ...all[0], extra: true },
    { ...all[3], id: "not an id" },
    { ...all[0], type: "everything" },
    { ...all[0], reason: "" },
  ];
  it("stop everything when one cannot be read: it must not be skipped", () => {
    for (const value of broken)
      assert.throws(
        () => revocationsFrom([...all.map((one) => stored(one)), stored(value, "bad")]),
        (error) => isCordonError(error, "STORE_CORRUPT") && /default\/bad/.test(error.message),
      );
  });
});
