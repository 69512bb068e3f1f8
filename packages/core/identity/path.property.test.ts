/** Paths through random heaps of authorities: what is accepted stands by an independent search, and the work is bounded. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { CordonError } from "../errors.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import { buildPath, maxPathLength, maxSignatureChecks } from "./path.ts";
import { forge, forgeLeaf, keyUsageBit, type Forged } from "./testing/forge.ts";
import { verifyX509Svid } from "./x509-svid.ts";
import { parseTrustDomain } from "./spiffe-id.ts";

const now = Date.UTC(2026, 10, 25);
const time = { now, clockSkewMs: 0 };
const names = ["A", "B", "C", "D"] as const;
/** Two keys a name, so that names chain where signatures do not. */
const keys = names.flatMap(() => [makeKey(), makeKey()]);

function makeKey() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

interface Edge {
  readonly subject: number;
  readonly issuer: number;
  readonly pathLength: number | undefined;
  readonly flaw: "none" | "expired" | "no CA" | "no keyCertSign";
}

const edge: fc.Arbitrary<Edge> = fc.record({
  subject: fc.nat(keys.length - 1),
  issuer: fc.nat(keys.length - 1),
  pathLength: fc.option(fc.nat(2), { nil: undefined }),
  flaw: fc.constantFrom("none", "none", "none", "none", "expired", "no CA", "no keyCertSign"),
});

function nameOf(key: number): string {
  return names[key >> 1] ?? "";
}

function issuerOf(key: number): Pick<Forged, "key" | "subject"> {
  return forge({ key: keys[key] as Forged["key"], subject: nameOf(key) }, now);
}

function certify({ subject, issuer, pathLength, flaw }: Edge): Certificate {
  const { der } = forge(
    {
      key: keys[subject] as Forged["key"],
      subject: nameOf(subject),
      issuer: issuerOf(issuer),
      basicConstraints: { ca: flaw !== "no CA", ...(pathLength !== undefined && flaw !== "no CA" && { pathLength }) },
      keyUsage: [flaw === "no keyCertSign" ? keyUsageBit.digitalSignature : keyUsageBit.keyCertSign],
      ...(flaw === "expired" && { notAfter: now - 1000 }),
    },
    now,
  );
  return parseCertificate(der);
}

const leafOf = (issuer: number) =>
  parseCertificate(forgeLeaf("spiffe://bank.example/x", { ...issuerOf(issuer), der: new Uint8Array() }, now).der);

/** An anchor reaches the leaf in this many steps or not at all: breadth first over edges, knowing who signed what. */
function reachable(edges: readonly Edge[], anchor: Edge, leafIssuer: number): boolean {
  const usable = edges.filter(({ flaw }) => flaw === "none");
  // Each state is a key and how many authorities stand below it that count (self-issued ones do not).
  const seen = new Set<string>();
  const queue = [{ key: leafIssuer, counted: 0, length: 1, used: [] as number[] }];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (anchor.flaw === "none" && anchor.subject === at.key && (anchor.pathLength ?? Infinity) >= at.counted)
      return true;
    if (at.length + 2 > maxPathLength) continue;
    for (const step of usable) {
      if (step.subject !== at.key || (step.pathLength ?? Infinity) < at.counted || at.used.includes(step.subject))
        continue;
      const counted = at.counted + (nameOf(step.subject) === nameOf(step.issuer) ? 0 : 1);
      const next = { key: step.issuer, counted, length: at.length + 1, used: [...at.used, step.subject] };
      const mark = JSON.stringify([next.key, next.counted, next.used]);
      if (seen.has(mark)) continue;
      seen.add(mark);
      queue.push(next);
    }
  }
  return false;
}

describe("a path", () => {
  it("is found exactly where there is one, or the bound on signatures is said to be the reason", (context) => {
    const found = { paths: 0, none: 0, bounded: 0 };
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 7 }), edge, fc.nat(keys.length - 1), (edges, anchor, leafIssuer) => {
        const leaf = leafOf(leafIssuer);
        const authorities = edges.map(certify);
        const exists = reachable(edges, anchor, leafIssuer);
        try {
          const path = buildPath(leaf, authorities, [certify(anchor)], time);
          found.paths++;
          assert.ok(exists, "no independent search finds this path");
          assert.ok(path.length <= maxPathLength);
          assert.equal(new Set(path.map(({ fingerprint }) => fingerprint)).size, path.length, "no certificate twice");
        } catch (error) {
          assert.ok(error instanceof CordonError, `threw ${String(error)}`);
          if (exists) {
            assert.match(error.message, /signatures/);
            found.bounded++;
          } else found.none++;
        }
      }),
      { numRuns: 300 },
    );
    context.diagnostic(JSON.stringify(found));
    assert.ok(found.none > 0 && found.paths > 0, "both kinds come up");
  });

  it("is refused without trying every order when every authority certifies every other", (context) => {
    // 8 authorities of one name and without key identifiers: 8! orders, and no anchor at the end of any.
    const crowd = Array.from({ length: 8 }, makeKey);
    const subjects = crowd.map((key) => forge({ key, subject: "crowd" }, now));
    const authorities = subjects.flatMap((subject) =>
      subjects.map((issuer) =>
        parseCertificate(
          forge(
            {
              key: subject.key,
              subject: "crowd",
              issuer,
              basicConstraints: { ca: true },
              keyUsage: [keyUsageBit.keyCertSign],
            },
            now,
          ).der,
        ),
      ),
    );
    const leaf = parseCertificate(forgeLeaf("spiffe://bank.example/x", subjects[0] as Forged, now).der);
    const stranger = parseCertificate(
      forge({ subject: "elsewhere", basicConstraints: { ca: true }, keyUsage: [keyUsageBit.keyCertSign] }, now).der,
    );
    context.diagnostic(`${authorities.length} authorities, at most ${maxSignatureChecks} signatures`);
    assert.throws(
      () => buildPath(leaf, authorities, [stranger], time),
      (error) => error instanceof CordonError && error.code === "SVID_UNTRUSTED",
    );
  });

  it("is never made of anything but a chain that a peer could have been issued, whatever bytes it sent", () => {
    const root = forge(
      {
        subject: "root",
        uris: ["spiffe://bank.example"],
        basicConstraints: { ca: true },
        keyUsage: [keyUsageBit.keyCertSign],
      },
      now,
    );
    const leaf = forgeLeaf("spiffe://bank.example/x", root, now);
    const trustDomain = parseTrustDomain("bank.example");
    const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
    const bundle = {
      trustDomain,
      x509Authorities: [root.der],
      jwtAuthorities: [],
      sequence: 1,
      refreshHintSeconds: 300,
    };
    const trust = { bundles: new Map([[trustDomain, bundle]]), revocations: none };
    assert.equal(verifyX509Svid([leaf.der], trust, now).id, "spiffe://bank.example/x");
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(leaf.der, root.der),
      fc
        .tuple(fc.constantFrom(leaf.der, root.der), fc.nat(1000), fc.nat(1000))
        .map(([der, from, to]) => der.subarray(from, to)),
      fc
        .tuple(fc.constantFrom(leaf.der, root.der), fc.nat(1000), fc.integer({ min: 1, max: 255 }))
        .map(([der, at, change]) => der.map((byte, index) => (index === at % der.length ? byte ^ change : byte))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (chain) => {
        let verified;
        try {
          verified = verifyX509Svid(chain, trust, now);
        } catch (error) {
          assert.ok(error instanceof CordonError, `threw ${String(error)}`);
          return;
        }
        assert.deepEqual(chain[0], leaf.der, `accepted as ${verified.id}`);
      }),
      { numRuns: 1500 },
    );
  });
});
