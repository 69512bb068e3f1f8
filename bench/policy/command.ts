/**
 * `npm run bench -- policy [--quick]`: what a policy decision costs. In: nothing. Out: for 10 to 10,000 policies, the
 * time of one evaluation in Cordon's compiled engine and in Cedar's official one, in the same run, over the same
 * requests; whether both agreed; and the bars. The official engine is asked as well as it can be: policies and schema
 * preparsed, only the request's entities handed over.
 */
import { askCedar, fillSlot, type CedarRequest } from "@cordon/core/policy/cedar-slots";
import { absentFacts, cedarEntity } from "@cordon/core/policy/cedar-schema";
import { findingsJson } from "@cordon/core/policy/finding-facts";
import { riskJson } from "@cordon/core/risk/facts";
import { compilePolicies, type CedarPolicies } from "@cordon/core/policy/cedar-engine";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Component } from "@cordon/core/policy/snapshot";
import { percentile } from "../gateway/statistics.ts";
import { agents, datasets, policyTexts, trustDomain } from "./estate.ts";

/** Microseconds at p50 that DESIGN section 8 and issue-level bars allow, by number of policies. */
const bars: Readonly<Record<number, number>> = { 100: 3, 10_000: 10 };
/** Evaluations timed together: a clock reading costs as much as one of them. */
const batch = 20;

interface Row {
  readonly count: number;
  readonly compileMs: number;
  readonly compiled: readonly number[];
  readonly official: readonly number[];
  readonly disagreements: number;
  readonly permitted: number;
}

export async function benchPolicy(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const rows: Row[] = [];
  for (const count of [10, 100, 1_000, 10_000]) {
    rows.push(measure(count, quick ? 500 : 5_000, Math.max(20, Math.floor((quick ? 3_000 : 30_000) / count))));
    await new Promise(setImmediate);
  }
  print(rows);
}

function measure(count: number, batches: number, officialCalls: number): Row {
  const texts = policyTexts(count);
  const text = texts.join("\n");
  const before = performance.now();
  const policies = compilePolicies([{ namespace: "default" as never, origin: "bench.cedar", text }], { trustDomain });
  const compileMs = performance.now() - before;
  const asked = requests(4_096);
  const slotted = {
    slot: `bench-${count}`,
    texts: Object.fromEntries(texts.map((one, index) => [`p${index}`, one])),
  };
  fillSlot(slotted);

  for (let n = 0; n < 20_000; n += 1) evaluate(policies, asked[n % asked.length] as Asked);
  const compiled: number[] = [];
  for (let n = 0; n < batches; n += 1) {
    const start = performance.now();
    for (let k = 0; k < batch; k += 1) evaluate(policies, asked[(n * batch + k) % asked.length] as Asked);
    compiled.push(((performance.now() - start) * 1_000) / batch);
  }
  const official: number[] = [];
  let disagreements = 0;
  let permitted = 0;
  for (let n = 0; n < officialCalls; n += 1) {
    const one = asked[(n * 7) % asked.length] as Asked;
    const start = performance.now();
    const answer = askCedar(slotted, one.official);
    official.push((performance.now() - start) * 1_000);
    const ours = evaluate(policies, one);
    const allowed = ours.forbids.length === 0 && ours.permits.length > 0;
    if (allowed) permitted += 1;
    const same = answer.type === "success" && (answer.response.decision === "allow") === allowed;
    if (!same || (answer.type === "success" && answer.response.diagnostics.errors.length !== ours.errors.length))
      disagreements += 1;
  }
  return { count, compileMs, compiled, official, disagreements, permitted: permitted / officialCalls };
}

interface Asked {
  readonly request: AccessRequest;
  readonly principal: Component;
  readonly resource: Component;
  readonly official: CedarRequest;
}

function evaluate(policies: CedarPolicies, { request, principal, resource }: Asked) {
  return policies.evaluate(request, principal, resource);
}

function requests(count: number): readonly Asked[] {
  return Array.from({ length: count }, (_, n): Asked => {
    const principal = agents[(n * 7919) % agents.length] as Component;
    // Another resource each time round, so that no pair comes twice.
    const resource = datasets[(n * 104_729 + Math.floor(n / agents.length) * 37) % datasets.length] as Component;
    const action = n % 3 === 0 ? "write" : "read";
    const context = { assurance: "x509-svid", route: "data", method: "GET", stream: false, external: false } as const;
    const from = cedarEntity("Workload", principal, trustDomain);
    const to = cedarEntity("Component", resource, trustDomain);
    return {
      request: { principal: principal.id, action, resource: resource.id, context },
      principal,
      resource,
      official: {
        principal: from.uid,
        action: { type: "Action", id: action },
        resource: to.uid,
        context: {
          ...absentFacts,
          ...context,
          ...{ userGroups: [], claims: [], windows: [], arguments: {}, findings: findingsJson(undefined) },
          ...riskJson(),
        },
        entities: [from, to, { uid: { type: "Namespace", id: "default" }, attrs: {}, parents: [] }],
      },
    };
  });
}

function print(rows: readonly Row[]): void {
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out("one evaluation, microseconds; 1,000 principals, 1,000 resources, reads and writes; Node " + process.version);
  out("policies  compile ms  compiled p50     p99   official p50       p99     ratio  permitted  disagreements");
  for (const { count, compileMs, compiled, official, disagreements, permitted } of rows) {
    const own = percentile(compiled, 50);
    const other = percentile(official, 50);
    const cells = [
      String(count).padStart(8),
      compileMs.toFixed(0).padStart(12),
      own.toFixed(2).padStart(14),
      percentile(compiled, 99).toFixed(2).padStart(8),
      other.toFixed(1).padStart(15),
      percentile(official, 99).toFixed(1).padStart(10),
      `${(other / own).toFixed(0)}x`.padStart(10),
      `${(permitted * 100).toFixed(0)} %`.padStart(11),
      String(disagreements).padStart(15),
    ];
    out(cells.join(""));
  }
  for (const { count, compiled } of rows) {
    const bar = bars[count];
    if (bar === undefined) continue;
    const own = percentile(compiled, 50);
    out(`${own <= bar ? "met" : "MISSED"}: p50 with ${count} policies ${own.toFixed(2)} us, bar ${bar} us`);
  }
  if (rows.some(({ disagreements }) => disagreements > 0)) process.exitCode = 1;
}
