import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, Boundary } from "../contract/vocabulary.ts";
import { checkBoundaries, crossingOf, exceptionKey, type BoundaryException } from "./boundaries.ts";
import { decide } from "./decide.ts";
import { component, context, request, snapshot, strictBoundaries } from "./test-estate.ts";
import type { Component } from "./snapshot.ts";
import { Windows } from "./windows.ts";

const at = (sensitivity: "public" | "internal" | "confidential" | "restricted") => ({
  labels: { sensitivity, categories: [], integrity: "trusted" as const },
});
const assistant = component("default/agent/assistant");
const endpoint = component("default/endpoint/chat", { boundary: "model" });
const weights = component("default/model/chat-weights", { boundary: "model" });
const otherEndpoint = component("default/endpoint/credit", { boundary: "model" });
const serving = component("default/endpoint/chat", { boundary: "model", serves: [weights.id] });
const pipeline = component("default/pipeline/train", { boundary: "pipeline" });
const training = component("default/dataset/training", { boundary: "data", purpose: "training" });
const evaluation = component("default/dataset/evaluation", { boundary: "data", purpose: "evaluation" });
const inPipeline = component("default/dataset/features", { boundary: "pipeline" });
const retrieval = component("default/dataset/index", { boundary: "data", purpose: "retrieval" });
const store = component("default/service/store", { boundary: "data" });
const outside = component("default/external/partner", at("public"));
const hosted = component("default/endpoint/gpt", { boundary: "model", ...at("internal") });

const crosses = (principal: Component, action: Action, resource: Component, external = false): Boundary | undefined =>
  crossingOf({ ...request(principal, action, resource), context: { ...context, external } }, principal, resource)
    ?.boundary;

test("each boundary refuses what crosses it and nothing that does not", () => {
  const table: readonly (readonly [Component, Action, Component, Boundary | undefined, boolean?])[] = [
    // data: what serves does not reach what is learned from
    [assistant, "read", training, "data"],
    [endpoint, "read", training, "data"],
    [endpoint, "write", evaluation, "data"],
    [assistant, "read", inPipeline, "data"],
    [pipeline, "read", training, undefined],
    [pipeline, "train", training, undefined],
    [store, "write", training, undefined],
    [assistant, "read", retrieval, undefined],
    // model: weights and configuration
    [otherEndpoint, "read", weights, "model"],
    [endpoint, "read", weights, "model"],
    [serving, "read", weights, undefined],
    [endpoint, "administer", otherEndpoint, "model"],
    [endpoint, "deploy", otherEndpoint, "model"],
    [endpoint, "infer", otherEndpoint, undefined],
    [endpoint, "write", endpoint, undefined],
    // pipeline: apart from production
    [assistant, "read", pipeline, "pipeline"],
    [endpoint, "write", pipeline, "pipeline"],
    [pipeline, "write", endpoint, "pipeline"],
    [pipeline, "train", endpoint, "pipeline"],
    [pipeline, "deploy", endpoint, undefined],
    [pipeline, "embed", endpoint, undefined],
    [pipeline, "write", retrieval, undefined],
    // api: in from outside, and out
    [outside, "infer", endpoint, undefined],
    [outside, "callTool", assistant, undefined],
    [outside, "read", weights, "api"],
    [outside, "read", retrieval, "api"],
    [outside, "administer", endpoint, "api"],
    [assistant, "egress", outside, "api"],
    [assistant, "read", outside, undefined],
    [component("default/agent/public-site", at("public")), "egress", outside, undefined],
    [assistant, "infer", hosted, undefined, true],
    [component("default/agent/confidential", at("confidential")), "infer", hosted, "api", true],
    [component("default/agent/confidential", at("confidential")), "infer", hosted, undefined, false],
  ];
  for (const [principal, action, resource, expected, external] of table)
    assert.equal(
      crosses(principal, action, resource, external),
      expected,
      `${principal.name} ${action} ${resource.name}`,
    );
});

const permitAll = `@id("all") permit(principal, action, resource);`;
const decideOn = (more: Parameters<typeof snapshot>[1], now = 1_000) =>
  decide(
    snapshot(permitAll, more, [assistant, training]),
    request(assistant, "read", training),
    { snapshotAgeMs: 0 },
    now,
  );

const exception: BoundaryException = {
  name: "audit",
  boundary: "data",
  principal: assistant.id,
  resource: training.id,
  actions: ["read"],
  owner: "risk team",
  reason: "annual audit",
  expires: 5_000,
};
const excepted = (...list: BoundaryException[]) => ({
  ...strictBoundaries,
  exceptions: new Map([[exceptionKey(assistant.id, training.id), list]]),
});

test("no permit is stronger than a boundary; without the boundary the same permit lets the call through", () => {
  const denied = decideOn({});
  assert.equal(denied.effect, "deny");
  assert.deepEqual(
    denied.reasons.map(({ code, boundary }) => [code, boundary]),
    [["boundary", "data"]],
  );
  assert.match(denied.reasons[0]?.words ?? "", /training data is out of reach of inference: default\/agent\/assistant/);
  const plain = component("default/dataset/training", { boundary: "data" });
  const open = decide(
    snapshot(permitAll, {}, [assistant, plain]),
    request(assistant, "read", plain),
    { snapshotAgeMs: 0 },
    1_000,
  );
  assert.equal(open.effect, "allow");
});

test("an exception lets through what it names, says so, and ends by itself", () => {
  const decision = decideOn({ boundaries: excepted(exception) });
  assert.equal(decision.effect, "allow");
  assert.deepEqual(
    decision.reasons.map(({ code }) => code),
    ["permitted", "boundary-exception"],
  );
  assert.match(decision.reasons[1]?.words ?? "", /`audit` of risk team, until 1970-01-01T00:00:05.000Z: annual audit/);
  assert.equal(decision.validUntil, 5_000, "it is decided again when the exception ends");
  assert.equal(decideOn({ boundaries: excepted(exception) }, 4_999).effect, "allow");
  assert.equal(decideOn({ boundaries: excepted(exception) }, 5_000).effect, "deny");
});

test("an exception for another boundary, action or party is none, and none permits by itself", () => {
  assert.equal(decideOn({ boundaries: excepted({ ...exception, boundary: "api" }) }).effect, "deny");
  assert.equal(decideOn({ boundaries: excepted({ ...exception, actions: ["write"] }) }).effect, "deny");
  const { kind } = checkBoundaries(excepted(exception), request(store, "read", training), store, training, 1_000);
  assert.equal(kind, "within");
  const unpermitted = decide(
    snapshot("", { boundaries: excepted(exception) }, [assistant, training]),
    request(assistant, "read", training),
    { snapshotAgeMs: 0 },
    1_000,
  );
  assert.deepEqual(
    unpermitted.reasons.map(({ code }) => code),
    ["no-permit"],
  );
});

test("a boundary that only observes lets through, and the decision says what it would have refused", () => {
  const boundaries = { ...strictBoundaries, modes: { ...strictBoundaries.modes, data: "observe" as const } };
  const decision = decideOn({ boundaries });
  assert.equal(decision.effect, "allow");
  assert.deepEqual(
    decision.observed?.reasons.map(({ code }) => code),
    ["boundary"],
  );
  assert.match(decision.reasons[0]?.words ?? "", /only observed: training data is out of reach/);
  const unpermitted = decide(
    snapshot("", { boundaries }, [assistant, training]),
    request(assistant, "read", training),
    { snapshotAgeMs: 0 },
    1_000,
  );
  assert.equal(unpermitted.effect, "deny", "observing a boundary permits nothing");
});

test("a policy speaks of windows, and the decision ends with them", () => {
  const windows = new Windows([
    {
      namespace: "default" as never,
      name: "nightly",
      timeZone: "UTC",
      opens: "0 1 * * *",
      closes: "0 5 * * *",
      except: [],
    },
  ]);
  const policy = `@id("nightly") permit(principal, action, resource) when { context.windows.contains("nightly") };`;
  const decideAt = (time: string) =>
    decide(
      snapshot(policy, { windows }, [pipeline, training]),
      request(pipeline, "read", training),
      { snapshotAgeMs: 0 },
      Date.parse(time),
    );
  assert.equal(decideAt("2026-11-25T00:59:59Z").effect, "deny");
  const open = decideAt("2026-11-25T04:59:30Z");
  assert.equal(open.effect, "allow");
  assert.equal(open.validUntil, Date.parse("2026-11-25T05:00:00Z"));
  assert.equal(decideAt("2026-11-25T05:00:00Z").effect, "deny");
});
