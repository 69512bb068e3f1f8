/** The shadow beside a real engine: what agrees is counted, what does not is told once, and no answer is changed or waits. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { compilePolicies } from "@cordon/core/policy/cedar-engine";
import type { ShadowSample } from "@cordon/core/policy/cedar-shadow";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Component } from "@cordon/core/policy/snapshot";
import { openPolicyShadow, type PolicyShadow } from "./policy-shadow.ts";

const trustDomain = parseTrustDomain("bank.example");
const namespace = "default" as Namespace;

function component(kind: "agent" | "dataset", name: string): Component {
  return {
    ...{ id: componentId(trustDomain, namespace, kind, name), namespace, kind, name, boundary: "api" },
    ...{ labels: { sensitivity: "internal", categories: [], integrity: "trusted" }, description: "" },
    bearerTokens: false,
  };
}
const reader = component("agent", "reader");
const data = component("dataset", "data");
const request: AccessRequest = {
  ...{ principal: reader.id, action: "read", resource: data.id },
  context: { assurance: "x509-svid", route: "r", method: "GET", stream: false, external: false },
};
const text = `@id("reads") permit(principal == Workload::"default/agent/reader", action == Action::"read", resource);
@id("overflows") forbid(principal, action, resource) when { resource.sensitivityRank + 9223372036854775807 < 0 && context.stream };`;

function open(t: TestContext, oneIn: number): { shadow: PolicyShadow; problems: unknown[] } {
  const problems: unknown[] = [];
  const shadow = openPolicyShadow({ oneIn, now: Date.now, onProblem: (error) => problems.push(error) });
  t.after(() => shadow[Symbol.asyncDispose]());
  return { shadow, problems };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds());
}

test("evaluations of a running engine are compared, errors among them, and agree", async (t) => {
  const { shadow, problems } = open(t, 1);
  const engine = compilePolicies([{ namespace, origin: "t", text }], { trustDomain, sample: shadow.sample });
  const plain = compilePolicies([{ namespace, origin: "t", text }], { trustDomain });
  const deadline = Date.now() + 10_000;
  while (shadow.status().compared < 3 && Date.now() < deadline) {
    assert.deepEqual(engine.evaluate(request, reader, data), plain.evaluate(request, reader, data));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { compared, disagreements, skipped } = shadow.status();
  assert.ok(compared >= 3, `${compared} compared`);
  assert.equal(disagreements, 0);
  assert.ok(skipped > 0, "while it is busy, and rests, evaluations are left out");
  assert.deepEqual(problems, []);
});

test("a disagreement is counted, told once, and leaves the answer as it is", async (t) => {
  const { shadow } = open(t, 1);
  const heard: string[] = [];
  shadow.hear(({ words }) => heard.push(words));
  let one: ShadowSample | undefined;
  const take = (sample: ShadowSample): void => void (one = sample);
  const engine = compilePolicies([{ namespace, origin: "t", text }], { trustDomain, sample: { oneIn: 1, take } });
  const answer = engine.evaluate(request, reader, data);
  assert.ok(one !== undefined);
  // As if the compiled engine had answered otherwise than it should.
  const wrong: ShadowSample = { ...one, evaluation: { permits: [], forbids: [], errors: [] } };
  for (let times = 1; times <= 2; times += 1) {
    await until(() => {
      if (shadow.status().disagreements < times) shadow.sample.take(wrong);
      return shadow.status().disagreements >= times;
    });
  }
  assert.equal(heard.length, 1);
  assert.match(heard[0] ?? "", /disagree about .*reader read .*data/);
  assert.deepEqual(engine.evaluate(request, reader, data), answer);
});

test("one in so many is picked", () => {
  let taken = 0;
  const take = (): void => void (taken += 1);
  const engine = compilePolicies([{ namespace, origin: "t", text }], { trustDomain, sample: { oneIn: 10, take } });
  for (let n = 0; n < 100; n += 1) engine.evaluate(request, reader, data);
  assert.equal(taken, 10);
});
