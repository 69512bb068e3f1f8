/** BetterTLS (Netflix): path building with dead ends, and name constraints. Reads ../shared/vectors; skips without it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CordonError } from "../errors.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import { extendedKeyUsages } from "./extensions.ts";
import { buildPath, checkUnderstood, validityProblem } from "./path.ts";

const file = new URL("../../../../shared/vectors/bettertls-sample.json", import.meta.url);
const skip = existsSync(fileURLToPath(file)) ? false : "the vectors in ../shared are not here";

interface Case {
  readonly id: number;
  /** DER in base64, leaf first. */
  readonly certificates: readonly string[];
  readonly hostname: string;
  /** The SOFT ones are matters of taste (a name that is in the subject alone, say): either verdict is right. */
  readonly expected: "PASS" | "FAIL" | "SOFT_PASS" | "SOFT_FAIL";
}

interface Sample {
  readonly trustRoot: string;
  readonly pathbuilding: { readonly testCases: readonly Case[] };
  readonly nameconstraints: { readonly testCases: readonly Case[] };
}

/** The sample's certificates are valid from 2026-11-22 to 2027-11-24. */
const now = Date.UTC(2026, 10, 25);

/**
 * Why a case is refused; `undefined` when it is accepted. The leaves name web servers, so their host name is looked at
 * here: what identifies a workload, its SPIFFE ID, they do not have.
 */
function judge({ certificates, hostname }: Case, root: Certificate): string | undefined {
  try {
    const [leaf, ...others] = certificates.map((text) => parseCertificate(Buffer.from(text, "base64")));
    assert.ok(leaf);
    checkUnderstood(leaf, "the leaf");
    const time = { now, clockSkewMs: 0 };
    const invalid = validityProblem(leaf, time) ?? leaf.keyRefused;
    if (invalid !== undefined) return invalid;
    if (!namesOf(leaf).includes(hostname)) return "the leaf is for another host";
    if (leaf.extensions.extendedKeyUsage?.includes(extendedKeyUsages.serverAuth) === false) return "no serverAuth";
    buildPath(leaf, others, [root], time);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CordonError, `threw ${String(error)}`);
    return error.message.replace(/`[^`]*`|\b[0-9a-f]{8,}\b|\d{4}-\d\d-\S+/g, "...");
  }
}

function namesOf(leaf: Certificate): readonly string[] {
  return (leaf.extensions.subjectAltName?.names ?? []).flatMap((name) =>
    name.kind === "dns" ? [name.value] : name.kind === "ip" ? [name.value.join(".")] : [],
  );
}

describe("BetterTLS", { skip }, () => {
  const read = () => JSON.parse(readFileSync(file, "utf8")) as Sample;
  for (const suite of ["pathbuilding", "nameconstraints"] as const) {
    it(`${suite}: every bad one is refused and every good one accepted`, (context) => {
      const sample = read();
      const root = parseCertificate(Buffer.from(sample.trustRoot, "base64"));
      const tally: Record<string, number> = {};
      const reasons = new Map<string, number>();
      for (const testcase of sample[suite].testCases) {
        const why = judge(testcase, root);
        const verdict = why === undefined ? "accepted" : "refused";
        tally[`${testcase.expected} ${verdict}`] = (tally[`${testcase.expected} ${verdict}`] ?? 0) + 1;
        if (why !== undefined) reasons.set(why, (reasons.get(why) ?? 0) + 1);
        if (testcase.expected === "PASS") assert.equal(why, undefined, `case ${testcase.id} is good`);
        if (testcase.expected === "FAIL") assert.ok(why !== undefined, `case ${testcase.id} is bad and was accepted`);
      }
      context.diagnostic(`BetterTLS ${suite}: ${JSON.stringify(tally)}`);
      for (const [why, count] of reasons) context.diagnostic(`  refused ${count}: ${why}`);
      assert.ok((tally["PASS accepted"] ?? 0) > 0 && (tally["FAIL refused"] ?? 0) > 0, "both kinds are there");
    });
  }
});
