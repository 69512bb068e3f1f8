/** Suggested policies for people: who asked, in which way, and nothing that a grant let through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../../contract/vocabulary.ts";
import { userId } from "../../identity/spiffe-id.ts";
import type { DecisionEntry } from "../../ledger/entry.ts";
import { decide } from "../decide.ts";
import type { Reason } from "../decision.ts";
import type { ActingUser, Principal } from "../people.ts";
import { compile, component, context, snapshot, trustDomain } from "../test-estate.ts";
import type { Component } from "../snapshot.ts";
import { userOf } from "./estate-people.ts";
import { ObservedFlows } from "./suggest.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const namespace = "default" as Namespace;
const mei = userOf(userId(trustDomain, namespace, "mei"), namespace, "mei", []);
const kim = userOf(userId(trustDomain, namespace, "kim"), namespace, "kim", []);
const assistant = component("default/agent/assistant");
const rival = component("default/agent/rival");
const docs = component("default/dataset/docs", { boundary: "data" });
const secret = component("default/dataset/secret", { boundary: "data" });
const permitted: Reason = { code: "permitted", policy: "p", namespace, words: "" };
const granted: Reason = { code: "granted", grant: "g-1", words: "" };

function seen(
  principal: Principal,
  action: "read" | "write",
  resource: Component,
  user?: Partial<ActingUser> & { readonly id: ActingUser["id"] },
  reasons: readonly Reason[] = [permitted],
): DecisionEntry {
  return {
    ...{ v: 1, kind: "decision", at: now, id: "r", namespace, revision: 1 as never },
    ...{ principal: principal.id, action, resource: resource.id, context, effect: "allow", reasons },
    ...(user === undefined ? {} : { user: { session: "s", ...user } }),
    credential: { assurance: "x509-svid", fingerprint: "" },
    ...{ signals: { snapshotAgeMs: 0 }, obligations: [], risk: { tier: "low", score: 0, contributions: [] } },
  };
}

function suggested(...entries: readonly DecisionEntry[]): string {
  const flows = new ObservedFlows();
  for (const [index, entry] of entries.entries()) flows.add(index, entry);
  return flows.policies(trustDomain).get(namespace) ?? "";
}

/** Whether policies let somebody do it, asked as a running Cordon would. */
function allows(text: string, entry: DecisionEntry): boolean {
  const session = { id: "s", user: mei.id, kind: "cli" as const, authenticatedAt: now, ends: now + 1_000 };
  const client = { name: "notebook", displayName: "Notebook", bearer: false };
  const estate = snapshot(
    compile(text),
    {
      users: new Map([mei, kim].map((user) => [user.id, user])),
      sessions: new Map([["s", { ...session, user: entry.user?.id ?? mei.id, client: entry.user?.client }]]),
      clients: new Map([["default/notebook", client as never]]),
    },
    [assistant, rival, docs, secret],
  );
  const alone = entry.user?.id === entry.principal ? { assurance: "passkey-session" as const } : {};
  const asked = { ...entry, context: { ...entry.context, ...alone } };
  return decide(estate, asked, { snapshotAgeMs: 0 }, now).effect === "allow";
}

test("a person who asked alone gets a permit to do so, and none to do it through somebody or by a program", () => {
  const own = seen(mei, "read", docs, { id: mei.id });
  const text = suggested(own, own, seen(mei, "write", docs, { id: mei.id }));
  assert.match(text, /\/\/ read: 2 calls, 2026-11-25 to 2026-11-25, entries 0 to 1\n\/\/ write: 1 call/);
  assert.match(text, /principal == User::"default\/user\/mei",/);
  assert.ok(allows(text, own));
  assert.ok(!allows(text, seen(kim, "read", docs, { id: kim.id })));
  assert.ok(!allows(text, seen(mei, "read", docs, { id: mei.id, client: "default/notebook", scopes: ["read"] })));
  const lent = `${text}@id("lent") permit(principal == Workload::"default/agent/assistant", action, resource);`;
  assert.ok(!allows(lent, seen(assistant, "read", docs, { id: mei.id })));
});

test("a workload that acted for a person gets its permit for people alone, and the person hers through it alone", () => {
  const through = seen(assistant, "read", docs, { id: mei.id });
  const text = suggested(through);
  assert.ok(allows(text, through));
  assert.ok(!allows(text, seen(assistant, "read", docs)), "never by itself");
  assert.ok(!allows(text, seen(assistant, "read", docs, { id: kim.id })));
  assert.ok(!allows(text, seen(rival, "read", docs, { id: mei.id })));
  assert.ok(!allows(text, seen(mei, "read", docs, { id: mei.id })), "nor the person by herself");
  const alone = suggested(through, seen(assistant, "write", docs));
  assert.ok(allows(alone, seen(assistant, "write", docs)) && !allows(alone, seen(assistant, "read", docs)));
});

test("a program that acted for a person is named", () => {
  const client = seen(mei, "read", docs, { id: mei.id, client: "default/notebook", scopes: ["read"] });
  const text = suggested(client);
  assert.match(text, /context.client == "default\/notebook"/);
  assert.ok(allows(text, client) && !allows(text, seen(mei, "read", docs, { id: mei.id })));
});

test("what stood on a grant gets no permit, is said, and names no more grants than can be read", () => {
  const text = suggested(
    seen(mei, "read", secret, { id: mei.id }, [granted]),
    seen(assistant, "read", docs, { id: mei.id }, [permitted, granted]),
    ...Array.from({ length: 9 }, (_, n) =>
      seen(kim, "read", secret, { id: kim.id }, [{ ...granted, grant: `g-${n}` }]),
    ),
  );
  assert.match(text, /No permit: default\/user\/mei was seen to use default\/dataset\/secret by grant g-1, which ends/);
  assert.match(text, /No permit: default\/user\/mei, through default\/agent\/assistant was seen to use/);
  assert.match(text, /by grant g-0, g-1, g-2, g-3, g-4 and perhaps more/);
  assert.deepEqual(text.match(/permit \(\n {2}principal == .*/g), [
    `permit (\n  principal == Workload::"default/agent/assistant",`,
  ]);
  assert.equal(suggested(seen(assistant, "read", docs, undefined, [granted])).includes("permit ("), false);
});

test("a program whose name is Cedar text writes no policy, in a comment or elsewhere", () => {
  const client = `x\n"permit(principal, action, resource);\u2028permit(principal, action, resource);`;
  const text = suggested(
    seen(mei, "read", secret, { id: mei.id, client }, [granted]),
    seen(mei, "read", docs, { id: mei.id }),
  );
  assert.equal(compile(text).size, 1);
  const named = suggested(seen(mei, "read", docs, { id: mei.id, client }));
  assert.throws(() => compile(named), /invisible character/, "refused as it is loaded, not taken for two");
});

test("ids that would come out the same are told apart", () => {
  const [one, other] = [component("default/agent/a-b"), component("default/agent/a.b")];
  const text = suggested(seen(one, "read", docs), seen(other, "read", docs));
  assert.equal(new Set(text.match(/@id\(".*"\)/g)).size, 2);
});
