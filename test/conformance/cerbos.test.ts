/**
 * Another PDP beside ours: tables of rules, each written in Cedar and in Cerbos' policy language, asked of both about every
 * pair of a small estate. Both say deny by default, and a denial overrules. Cerbos is one binary of 100 MB, so it is no
 * dependency: where `npm install --no-save @cerbos/cerbos-linux-x64` put it (or `CORDON_CERBOS` names it), it is asked.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { request } from "undici";
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { compilePolicies } from "@cordon/core/policy/cedar-engine";
import type { Component } from "@cordon/core/policy/snapshot";
import { boundaries, sensitivities, type ComponentKind } from "@cordon/core/contract/vocabulary";

const binary = process.env["CORDON_CERBOS"] ?? "node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64";
const skip = existsSync(binary) ? false : "Cerbos is missing: npm install --no-save @cerbos/cerbos-linux-x64@0.55.0";

const trustDomain = parseTrustDomain("bank.example");
const namespace = "default" as Namespace;
const actions = ["read", "write", "infer"] as const satisfies readonly Action[];

/** One condition in both languages. */
const conditions = [
  [`principal.kind == "agent"`, `P.attr.kind == "agent"`],
  [`principal.kind != resource.kind`, `P.attr.kind != R.attr.kind`],
  [`resource.kind == "dataset"`, `R.attr.kind == "dataset"`],
  [`principal.sensitivityRank >= resource.sensitivityRank`, `P.attr.rank >= R.attr.rank`],
  [`resource.sensitivityRank < 2`, `R.attr.rank < 2`],
  [`principal.boundary == resource.boundary`, `P.attr.boundary == R.attr.boundary`],
  [`resource.labels.categories.contains("GDPR")`, `"GDPR" in R.attr.categories`],
  [
    `principal.labels.categories.containsAll(resource.labels.categories)`,
    `R.attr.categories.isSubset(P.attr.categories)`,
  ],
  [
    `principal.labels.categories.containsAny(resource.labels.categories)`,
    `hasIntersection(P.attr.categories, R.attr.categories)`,
  ],
  [`principal.name like "a*"`, `P.attr.name.startsWith("a")`],
  [`principal.name == resource.name`, `P.attr.name == R.attr.name`],
  [`context.stream`, `R.attr.stream`],
] as const;

const anyRule = fc.record({
  effect: fc.constantFrom("permit", "permit", "forbid"),
  actions: fc.uniqueArray(fc.constantFrom(...actions), { minLength: 1, maxLength: 3 }),
  when: fc.array(fc.tuple(fc.constantFrom(...conditions), fc.boolean()), { minLength: 0, maxLength: 3 }),
});
type Rule = typeof anyRule extends fc.Arbitrary<infer T> ? T : never;

const kinds: readonly ComponentKind[] = ["agent", "service", "dataset", "endpoint"];
const estate: readonly Component[] = Array.from({ length: 8 }, (_, n) => {
  const kind = kinds[n % kinds.length] ?? "agent";
  const name = ["alpha", "beta", "apple"][n % 3] ?? "alpha";
  return {
    ...{ id: componentId(trustDomain, namespace, kind, `${name}-${n}`), namespace, kind, name: `${name}-${n}` },
    boundary: boundaries[n % boundaries.length] ?? "api",
    labels: {
      sensitivity: sensitivities[n % sensitivities.length] ?? "internal",
      categories: n % 2 === 0 ? ["GDPR"] : n % 3 === 0 ? ["GDPR", "PDPA-SG"] : [],
      integrity: "trusted",
    },
    ...{ description: "", bearerTokens: false },
  };
});

function cedar(rules: readonly Rule[]): string {
  return rules
    .map(({ effect, actions: on, when }, index) => {
      const scope = `principal is Workload, action in [${on.map((action) => `Action::"${action}"`).join(", ")}], resource`;
      const clauses = when.map(([[text], not]) => `when { ${not ? `!(${text})` : text} }`).join(" ");
      return `@id("r${index}") ${effect}(${scope}) ${clauses};`;
    })
    .join("\n");
}

function cerbos(table: number, rules: readonly Rule[]): string {
  const written = rules.map(({ effect, actions: on, when }) => ({
    actions: on,
    effect: effect === "permit" ? "EFFECT_ALLOW" : "EFFECT_DENY",
    roles: ["workload"],
    ...(when.length === 0
      ? {}
      : {
          condition: { match: { all: { of: when.map(([[, text], not]) => ({ expr: not ? `!(${text})` : text })) } } },
        }),
  }));
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: "api.cerbos.dev/v1",
    resourcePolicy: { resource: `table${table}`, version: "default", rules: written },
  });
}

function attributes({ kind, boundary, name, labels }: Component, stream: boolean) {
  const { sensitivity, categories } = labels;
  return { kind, boundary, name, categories, rank: sensitivities.indexOf(sensitivity), stream };
}

test("Cerbos and the compiled engine answer tables of rules alike", { skip, timeout: 240_000 }, async (t) => {
  const tables = fc.sample(fc.array(anyRule, { minLength: 1, maxLength: 6 }), { numRuns: 60, seed: 20261125 });
  const folder = await mkdtemp(join(tmpdir(), "cordon-cerbos-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await Promise.all(tables.map((rules, n) => writeFile(join(folder, `table${n}.yaml`), cerbos(n, rules))));
  const port = await freePort();
  const server = serve(folder, port, await freePort());
  t.after(() => server.kill());
  await ready(port, server);
  let asked = 0;
  let allowed = 0;
  const wrong: string[] = [];
  for (const [n, rules] of tables.entries()) {
    const engine = compilePolicies([{ namespace, origin: "t", text: compiledText(rules) }], { trustDomain });
    for (const principal of estate)
      for (const stream of [true, false]) {
        const theirs = await check(port, n, principal, stream);
        for (const resource of estate)
          for (const action of actions) {
            const context = { assurance: "x509-svid", route: "r", method: "GET", stream, external: false } as const;
            const asking = { principal: principal.id, action, resource: resource.id, context };
            const { permits, forbids, errors } = engine.evaluate(asking, principal, resource);
            assert.deepEqual(errors, []);
            const ours = forbids.length === 0 && permits.length > 0;
            asked += 1;
            if (ours) allowed += 1;
            const other = theirs.get(`${resource.id} ${action}`) === "EFFECT_ALLOW";
            if (ours !== other)
              wrong.push(`${ours} here: ${principal.name} ${action} ${resource.name} by ${cedar(rules)}`);
          }
      }
  }
  t.diagnostic(`cerbos: ${tables.length} tables, ${asked} requests, ${allowed} allowed, ${wrong.length} disagreements`);
  assert.deepEqual(wrong, []);
  assert.ok(allowed > 1_000 && allowed < asked);
});

/** Policies that can never apply are refused here and not there: they change no answer, and are left out. */
function compiledText(rules: readonly Rule[]): string {
  return cedar(rules)
    .split("\n")
    .filter((line) => {
      try {
        compilePolicies([{ namespace, origin: "t", text: line }], { trustDomain });
        return true;
      } catch (error) {
        assert.match(String(error), /impossible|always evaluates to false|can never/);
        return false;
      }
    })
    .join("\n");
}

async function check(port: number, table: number, principal: Component, stream: boolean) {
  const body = {
    principal: { id: principal.name, roles: ["workload"], attr: attributes(principal, stream) },
    resources: estate.map((resource) => ({
      actions,
      resource: { kind: `table${table}`, id: resource.id, attr: attributes(resource, stream) },
    })),
  };
  const response = await request(`http://127.0.0.1:${port}/api/check/resources`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.body.json()) as {
    results: { resource: { id: string }; actions: Record<string, string> }[];
  };
  assert.equal(response.statusCode, 200, JSON.stringify(answer));
  return new Map(
    answer.results.flatMap(({ resource, actions: said }) =>
      Object.entries(said).map(([action, effect]) => [`${resource.id} ${action}`, effect] as const),
    ),
  );
}

function serve(folder: string, http: number, grpc: number): ChildProcess {
  const settings = [
    ...["storage.driver=disk", `storage.disk.directory=${folder}`, "telemetry.disabled=true"],
    ...[`server.httpListenAddr=127.0.0.1:${http}`, `server.grpcListenAddr=127.0.0.1:${grpc}`],
  ];
  return spawn(binary, ["server", ...settings.map((one) => `--set=${one}`)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CERBOS_NO_TELEMETRY: "1" },
  });
}

async function ready(port: number, server: ChildProcess): Promise<void> {
  let said = "";
  server.stdout?.on("data", (piece: Buffer) => (said += piece.toString()));
  server.stderr?.on("data", (piece: Buffer) => (said += piece.toString()));
  for (let tries = 0; tries < 300; tries += 1) {
    if (server.exitCode !== null) break;
    const answers = await request(`http://127.0.0.1:${port}/_cerbos/health`).catch(() => undefined);
    await answers?.body.dump();
    if (answers?.statusCode === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Cerbos did not start: ${said.slice(-2_000)}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
