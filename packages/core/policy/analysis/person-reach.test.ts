/** What people reach, alone and through workloads, against decisions one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../../contract/vocabulary.ts";
import { userId } from "../../identity/spiffe-id.ts";
import type { Grant, User } from "../people.ts";
import type { Snapshot } from "../snapshot.ts";
import { compile, component, snapshot, trustDomain } from "../test-estate.ts";
import { Windows } from "../windows.ts";
import { personRadius } from "./blast-radius.ts";
import { personReach, type PersonEdge } from "./person-reach.ts";
import { reach } from "./reach.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const hour = 3_600_000;
const person = (name: string, groups: readonly string[], locked?: string): User => ({
  id: userId(trustDomain, "default" as Namespace, name),
  namespace: "default" as Namespace,
  kind: "user",
  ...{ name, displayName: name, groups, locked },
});
const analyst = person("analyst", ["data-science"]);
const visitor = person("visitor", []);
const assistant = component("default/agent/assistant");
const rival = component("default/agent/rival");
const docs = component("default/dataset/docs", { boundary: "data" });
const training = component("default/dataset/training", { boundary: "data", purpose: "training" });
const secret = component("default/dataset/secret", { boundary: "data" });
const windows = new Windows([
  {
    ...{ namespace: "default" as never, name: "nightly", timeZone: "UTC" },
    ...{ opens: "0 1 * * *", closes: "0 5 * * *", except: [] },
  },
]);
const policies = compile(`
  @id("science-reads") permit(principal is User, action == Action::"read", resource == Component::"default/dataset/docs")
    when { context.userGroups.contains("data-science") };
  @id("science-trains") permit(principal is User, action == Action::"read", resource == Component::"default/dataset/training")
    when { context.userGroups.contains("data-science") && context.windows.contains("nightly") };
  @id("assistant-reads") permit(principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/docs");
  @id("deploys") @approval("1") permit(principal == User::"default/user/analyst", action == Action::"deploy", resource == Component::"default/agent/assistant");`);
const granted = (principal: User, from: number, until: number, more: Partial<Grant> = {}): Grant => ({
  ...{ id: "g-1", principal: principal.id, actions: ["read"], resources: [secret.id] },
  ...{ starts: from, ends: until, reason: "an audit", approvers: [], ...more },
});

function reached(who: User, more: Partial<Snapshot> = {}, through?: Parameters<typeof personReach>[2]): string[] {
  const components = [assistant, rival, docs, training, secret];
  const users = new Map([analyst, visitor].map((each) => [each.id, each]));
  const estate = snapshot(policies, { windows, users: users.set(who.id, who), ...more }, components);
  const words = ({ action, resource, during, grant, eachCallApproved }: PersonEdge): string =>
    [
      `${action} ${resource.name}`,
      ...(during === undefined ? [] : during.map((open) => `during ${open.join()}`)),
      ...(grant === undefined ? [] : [`by ${grant.id}`]),
      ...(eachCallApproved ? ["each call approved"] : []),
    ].join(", ");
  return personReach(reach(estate, policies, now), who, through)
    .map(words)
    .toSorted();
}

test("a person reaches what policies say to them and to their groups, at the times that they say", () => {
  assert.deepEqual(reached(analyst), [
    "deploy assistant, each call approved",
    "read docs",
    "read training, during default/nightly",
  ]);
  assert.deepEqual(reached(visitor), []);
});

test("a grant opens what policy does not, now or later, and nothing once it is over or for one call alone", () => {
  const by = (grant: Grant) => reached(visitor, { grants: new Map([[visitor.id, [grant]]]) });
  assert.deepEqual(by(granted(visitor, now - hour, now + hour)), ["read secret, by g-1"]);
  assert.deepEqual(by(granted(visitor, now + hour, now + 2 * hour)), ["read secret, by g-1"]);
  assert.deepEqual(by(granted(visitor, now - 2 * hour, now - hour)), []);
  assert.deepEqual(by(granted(visitor, now - hour, now + hour, { call: "digest" })), []);
  const already = granted(analyst, now - hour, now + hour, { resources: [docs.id] });
  assert.ok(reached(analyst, { grants: new Map([[analyst.id, [already]]]) }).includes("read docs"));
});

test("through a workload a person reaches what both may do", () => {
  assert.deepEqual(reached(analyst, {}, assistant), ["read docs"]);
  assert.deepEqual(reached(analyst, {}, rival), []);
  assert.deepEqual(reached(visitor, {}, assistant), [], "the workload may, the person may not");
  const own = new Map([[visitor.id, [granted(visitor, now - hour, now + hour)]]]);
  assert.deepEqual(reached(visitor, { grants: own }, assistant), [], "a person's grant is not the workload's");
});

test("a locked account, and an isolated one, reaches nothing", () => {
  assert.deepEqual(reached(person("analyst", ["data-science"], "left the company")), []);
  const isolated = new Map([[analyst.id, { reason: "phished", since: 1 }]]) as never;
  assert.deepEqual(reached(analyst, { overlays: { isolated, rerouted: new Map() } }), []);
});

test("a person's compromise spreads over what they reach, and on from there", () => {
  const administers = compile(`
    @id("administers") permit(principal == User::"default/user/analyst", action == Action::"administer", resource == Component::"default/agent/assistant");
    @id("assistant-reads") permit(principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/docs");`);
  const users = new Map([[analyst.id, analyst]]);
  const estate = snapshot(administers, { windows, users }, [assistant, rival, docs, training, secret]);
  const radius = personRadius(reach(estate, administers, now), analyst);
  assert.deepEqual(
    radius.map(({ component: { name }, path }) => [name, ...path.map(({ action }) => action)]),
    [
      ["assistant", "administer"],
      ["docs", "administer", "read"],
    ],
  );
});
