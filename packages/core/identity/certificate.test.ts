import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CordonError, isCordonError } from "../errors.ts";
import { maxCertificateBytes, parseCertificate } from "./certificate.ts";
import { writeBitString, writeElement, writeInteger, writeOid, writeSequence } from "./der-writer.ts";
import { DerReader, openDer, readBitString, readBoolean, readIntegerBytes, readOid, readTime, tag } from "./der.ts";
import { extension, forgeIssuer, forgeLeaf, forgeRoot, uriConstraints } from "./testing/forge.ts";
import { readX509Svid, verifyX509Svid } from "./x509-svid.ts";
import { parseTrustDomain } from "./spiffe-id.ts";

const now = Date.UTC(2026, 10, 23, 12);
const root = forgeRoot("bank.example", now);
const issuer = forgeIssuer("bank.example", root, now, { extra: [uriConstraints({ permitted: ["bank.example"] })] });
const leaf = forgeLeaf("spiffe://bank.example/x", issuer, now, { dnsNames: ["localhost"] });

function malformed(bytes: readonly number[] | Uint8Array, read: (reader: DerReader) => unknown): void {
  assert.throws(
    () => read(new DerReader(Uint8Array.from(bytes), "thing")),
    (error) => isCordonError(error, "CERTIFICATE_MALFORMED"),
  );
}

describe("DER is refused", () => {
  const headers: readonly [string, readonly number[]][] = [
    ["without a length", [0x30]],
    ["with an indefinite length", [0x30, 0x80, 0x00, 0x00]],
    ["with a length in more bytes than it needs", [0x04, 0x81, 0x01, 0x00]],
    ["with a leading zero in its length", [0x04, 0x82, 0x00, 0x80, ...Array<number>(0x80).fill(0)]],
    ["with a length beyond its end", [0x04, 0x05, 0x00]],
    ["with a length of four bytes", [0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0x00]],
    ["that ends inside a length", [0x04, 0x82, 0x01]],
    ["with a tag of several bytes", [0x1f, 0x81, 0x01, 0x00]],
  ];
  for (const [what, bytes] of headers) it(what, () => malformed(bytes, (reader) => reader.next()));

  it("where values have a second spelling", () => {
    malformed([0x01, 0x01, 0x01], (reader) => readBoolean(reader.next(), "b"));
    malformed([0x01, 0x02, 0xff, 0xff], (reader) => readBoolean(reader.next(), "b"));
    malformed([0x02, 0x02, 0x00, 0x01], (reader) => readIntegerBytes(reader.next(), "i"));
    malformed([0x02, 0x02, 0xff, 0xff], (reader) => readIntegerBytes(reader.next(), "i"));
    malformed([0x02, 0x00], (reader) => readIntegerBytes(reader.next(), "i"));
    malformed([0x03, 0x02, 0x01, 0x01], (reader) => readBitString(reader.next(), "bits"));
    malformed([0x03, 0x02, 0x08, 0x00], (reader) => readBitString(reader.next(), "bits"));
    malformed([0x03, 0x01, 0x01], (reader) => readBitString(reader.next(), "bits"));
    malformed([0x06, 0x03, 0x2a, 0x80, 0x01], (reader) => readOid(reader.next(), "oid"));
    malformed([0x06, 0x02, 0x2a, 0x81], (reader) => readOid(reader.next(), "oid"));
  });

  it("where something follows the last element", () => {
    assert.throws(
      () => openDer(Uint8Array.of(0x30, 0x00, 0x00), tag.sequence, "thing"),
      (error) => isCordonError(error, "CERTIFICATE_MALFORMED"),
    );
  });
});

describe("a validity time", () => {
  const read = (elementTag: number, text: string) =>
    readTime(new DerReader(writeElement(elementTag, Buffer.from(text)), "time").next(), "time");

  it("is read in both forms, each in its own years", () => {
    assert.equal(read(tag.utcTime, "261123120000Z"), now);
    assert.equal(read(tag.utcTime, "500101000000Z"), Date.UTC(1950, 0, 1));
    assert.equal(read(tag.generalizedTime, "20500101000000Z"), Date.UTC(2050, 0, 1));
    assert.equal(read(tag.generalizedTime, "99991231235959Z"), Date.UTC(9999, 11, 31, 23, 59, 59));
  });

  const wrong: readonly [number, string][] = [
    [tag.utcTime, "2611231200Z"],
    [tag.utcTime, "261123120000+0000"],
    [tag.utcTime, "261123120000"],
    [tag.utcTime, "260231120000Z"],
    [tag.utcTime, "261123240000Z"],
    [tag.utcTime, "261123126000Z"],
    [tag.utcTime, "261323120000Z"],
    [tag.generalizedTime, "20261123120000Z"],
    [tag.generalizedTime, "20500101000000.5Z"],
    [tag.ia5String, "261123120000Z"],
  ];
  for (const [elementTag, text] of wrong)
    it(`${text} is refused as tag ${elementTag}`, () =>
      assert.throws(
        () => read(elementTag, text),
        (error) => isCordonError(error, "CERTIFICATE_MALFORMED"),
      ));
});

describe("object identifiers", () => {
  it("survive writing and reading", () => {
    const arc = fc.integer({ min: 0, max: 0x7fffffff });
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2), fc.nat(39), fc.array(arc, { maxLength: 4 }), (first, second, rest) => {
        const oid = [first, second, ...rest].join(".");
        assert.equal(readOid(new DerReader(writeOid(oid), "oid").next(), "oid"), oid);
      }),
    );
  });
});

describe("a mutated certificate", () => {
  const chain = [leaf.der, issuer.der];
  const trustDomain = parseTrustDomain("bank.example");
  const bundle = { trustDomain, x509Authorities: [root.der], jwtAuthorities: [], sequence: 1, refreshHintSeconds: 1 };
  const trust = {
    bundles: new Map([[trustDomain, bundle]]),
    revocations: { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() },
  };

  it("verifies before it is mutated", () =>
    assert.equal(verifyX509Svid(chain, trust, now).id, "spiffe://bank.example/x"));

  it("is refused by name and nothing else, whichever bytes change, and never verifies", () => {
    const edit = fc.record({
      position: fc.nat(4096),
      value: fc.nat(255),
      drop: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.nat(1), fc.array(edit, { minLength: 1, maxLength: 3 }), (which, edits) => {
        const original = chain[which] ?? leaf.der;
        let der = Uint8Array.from(original);
        for (const { position, value, drop, insert } of edits) {
          const at = position % der.length;
          der[at] = value;
          der = Uint8Array.from([...der.subarray(0, at + 1), ...insert, ...der.subarray(at + 1 + drop)]);
        }
        if (Buffer.compare(der, original) === 0) return;
        const mutated = chain.map((one, index) => (index === which ? der : one));
        assert.throws(() => verifyX509Svid(mutated, trust, now), isCordon);
      }),
      { numRuns: 1500 },
    );
  });

  it("is refused when its signature is of another algorithm than its signed part says, though the signature stands", () => {
    const signed = openDer(leaf.der, tag.sequence, "certificate").next().encoded;
    const algorithm = Buffer.from("300a06082a8648ce3d040303", "hex");
    const signature = sign("sha384", signed, issuer.key);
    const der = writeSequence(signed, algorithm, writeBitString(signature));
    assert.throws(() => verifyX509Svid([der, issuer.der], trust, now), /another signature algorithm/);
  });

  it("is refused at whatever byte it is cut off", () => {
    for (let length = 0; length < leaf.der.length; length++)
      assert.throws(
        () => parseCertificate(leaf.der.subarray(0, length)),
        (error) => isCordonError(error, "CERTIFICATE_MALFORMED"),
      );
  });

  it("is refused unread when it is longer than any certificate need be", () => {
    assert.throws(() => parseCertificate(new Uint8Array(maxCertificateBytes + 1)), /longer than/);
  });

  it("made of random elements never breaks the reader", () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...Object.values(tag), 0xa0, 0xa3), bytes)), (elements) => {
        const der = writeSequence(...elements.map(([elementTag, content]) => writeElement(elementTag, content)));
        assert.throws(() => parseCertificate(der), isCordon);
      }),
    );
  });

  it("with any content in an extension that is understood is refused or read, never a crash", () => {
    const oids = ["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.30", "2.5.29.14", "2.5.29.35"];
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(300).map((value) => writeSequence(writeInteger(value))),
    );
    fc.assert(
      fc.property(fc.constantFrom(...oids), fc.boolean(), content, (oid, critical, value) => {
        const bare = { basicConstraints: null, keyUsage: null, extendedKeyUsage: null, uris: [] } as const;
        const bent = forgeLeaf("", issuer, now, { ...bare, key: leaf.key, extra: [extension(oid, critical, value)] });
        assert.throws(() => readX509Svid([bent.der]), isCordon);
      }),
      { numRuns: 300 },
    );
  });
});

function isCordon(error: unknown): boolean {
  assert.ok(error instanceof CordonError, `threw ${String(error)}`);
  return true;
}
