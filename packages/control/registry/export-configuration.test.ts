import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfiguration } from "@cordon/core/contract/configuration";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { applyConfiguration } from "./apply-configuration.ts";
import { configurationObjects } from "./configuration-objects.ts";
import { exportConfiguration } from "./export-configuration.ts";
import { describeObject } from "./objects.ts";
import { configured, policyTexts, temporaryStore } from "./test-registry.ts";

test("what is exported makes the same objects again, those of the API among them", async () => {
  await using scope = await temporaryStore();
  const options = { actor: "config", now: 1, folder: "/etc/cordon", validate: () => undefined };
  await applyConfiguration(scope.store, configured(), policyTexts, options);
  await scope.store.transact("api:alice", 2, async (transaction) => {
    const key = (kind: string, name: string) => ({ kind, namespace: "team" as Namespace, name });
    const labels = { sensitivity: "confidential", categories: ["GDPR"], integrity: "trusted" };
    await transaction.put(
      key("component", "search"),
      { kind: "tool", boundary: "api", labels, bearerTokens: true, description: "a: b # c" },
      "api",
    );
    await transaction.put(
      key("component", "partner"),
      { kind: "external", boundary: "api", labels, bearerTokens: false, description: "" },
      "api",
    );
    const destination = { host: "*.partner.example", port: 443, component: "team/partner", protocol: "any" };
    const times = { privateAddresses: true, connectMs: 5_000, idleMs: 60_000 };
    await transaction.put(key("egress", "partner"), { ...destination, ...times }, "api");
    await transaction.put(
      key("policy", "search"),
      { origin: "api", text: '@id("x")\npermit (principal, action, resource);\n' },
      "api",
    );
    await transaction.put(
      key("isolation", "search"),
      { component: "spiffe://bank.example/ns/team/tool/search", reason: "r", since: 1 },
      "api",
    );
  });
  const { objects } = await scope.store.snapshot();
  const exported = exportConfiguration(objects, configured());
  const again = configurationObjects(
    parseConfiguration(exported.configuration, "export"),
    exported.policies,
    "/elsewhere",
  );

  const withoutOrigin = (value: unknown) => ({ ...(value as object), origin: undefined });
  const wanted = objects.filter((object) => object.kind !== "isolation");
  assert.deepEqual(
    new Map(again.map(({ key, value }) => [describeObject(key), withoutOrigin(value)])),
    new Map(wanted.map((object) => [describeObject(object), withoutOrigin(object.value)])),
  );
  assert.equal(again.length, 19);
});

test("keeps what the process runs with", () => {
  const base = configured(["staleness: { limitSeconds: 30 }", "gateway: { drainSeconds: 3 }"]);
  const exported = parseConfiguration(
    exportConfiguration([], { ...base, gateway: { ...base.gateway, drainSeconds: 4 } }).configuration.replace(
      "components: []",
      "components:\n  - { name: gateway, kind: service, boundary: api }",
    ),
    "export",
  );
  assert.equal(exported.gateway.drainSeconds, 4);
  assert.deepEqual(exported.store, base.store);
});
