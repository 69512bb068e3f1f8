import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../errors.ts";
import { decodeChunked } from "./aws-chunked.ts";
import {
  emptyHash,
  readQuery,
  sha256Hex,
  signingHeaders,
  unsignedPayload,
  uriEncode,
  verifySignature,
} from "./sigv4.ts";

// The examples of AWS's own documentation, and the key in them. cordon-check: example
const key = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }; // cordon-check: example
const at = Date.UTC(2013, 4, 24);
const host = ["host", "examplebucket.s3.amazonaws.com"] as const;

const examples = [
  [
    "GET",
    "/test.txt",
    "",
    [["range", "bytes=0-9"]],
    emptyHash,
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "PUT",
    "/test$file.text",
    "",
    [
      ["date", "Fri, 24 May 2013 00:00:00 GMT"],
      ["x-amz-storage-class", "REDUCED_REDUNDANCY"],
    ],
    sha256Hex("Welcome to Amazon S3."),
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  ["GET", "/", "?lifecycle", [], emptyHash, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
  [
    "GET",
    "/",
    "?max-keys=2&prefix=J",
    [],
    emptyHash,
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
] as const;

for (const [method, path, query, headers, payload, signature] of examples)
  test(`AWS's example of ${method} ${path}${query} comes out, and is believed`, () => {
    const request = {
      method,
      path,
      query: readQuery(query),
      headers: new Map<string, string>([host, ...headers]),
      payload,
    };
    const made = signingHeaders(request, key, "us-east-1", at);
    assert.ok(made.at(-1)?.endsWith(signature), made.at(-1));
    const all = new Map(request.headers);
    for (let one = 0; one < made.length; one += 2) all.set(made[one] ?? "", made[one + 1] ?? "");
    assert.equal(verifySignature({ ...request, headers: all }, key, at).payload, payload);
  });

const presigned =
  "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" + // cordon-check: example
  "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
  "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
const asked = (query: string, headers: Record<string, string> = {}) => ({
  method: "GET",
  path: "/test.txt",
  query: readQuery(query),
  headers: new Map<string, string>([host, ...Object.entries(headers)]),
});

test("AWS's presigned example holds for its day, and not a second longer", () => {
  assert.equal(verifySignature(asked(presigned), key, at + 86_400_000).payload, unsignedPayload);
  assert.throws(() => verifySignature(asked(presigned), key, at + 86_401_000), /has expired/);
  assert.throws(() => verifySignature(asked(presigned), key, at - 16 * 60_000), /in the future/);
});

for (const [what, query, headers, words] of [
  ["a longer life", presigned.replace("86400", "604800"), {}, /does not match/],
  ["more than a week", presigned.replace("86400", "604801"), {}, /not 1 to 604800/],
  [
    "a header that S3 obeys and the signature does not cover",
    presigned,
    { "x-amz-copy-source": "/other/key" },
    /not covered/,
  ],
  ["another host", presigned.replace("test", "test"), { host: "elsewhere" }, /does not match/],
  ["a second signature in its header", presigned, { authorization: "AWS4-HMAC-SHA256 x" }, /signed twice/],
  ["its signature twice", `${presigned}&x-amz-signature=00`, {}, /no single/],
  ["one more parameter", `${presigned}&versionId=1`, {}, /does not match/],
  ["another service's scope", presigned.replace("%2Fs3%2F", "%2Fiam%2F"), {}, /scope/],
  ["another day in its scope", presigned.replace("20130524%2F", "20130525%2F"), {}, /two days/],
  [
    "a host that is not signed",
    presigned.replace("SignedHeaders=host", "SignedHeaders=range"),
    { range: "x" },
    /cover the host/,
  ],
  ["another run's key", presigned.replace("IOSFODNN7", "OTHERRUN1"), {}, /not this run's/],
] as const)
  test(`a presigned address with ${what} is refused`, () => {
    assert.throws(() => verifySignature(asked(query, headers), key, at), words);
  });

test("a request that is sent again after a quarter of an hour is refused", () => {
  const request = { ...asked(""), payload: emptyHash };
  const made = signingHeaders(request, key, "us-east-1", at);
  const headers = new Map(request.headers);
  for (let one = 0; one < made.length; one += 2) headers.set(made[one] ?? "", made[one + 1] ?? "");
  verifySignature({ ...request, headers }, key, at + 15 * 60_000);
  assert.throws(() => verifySignature({ ...request, headers }, key, at + 15 * 60_000 + 1), /replayed/);
});

test("what was changed after it was signed is refused, whatever it is", () => {
  const text = fc.string({ maxLength: 20 });
  const signed = fc.record({ path: text, value: text, header: fc.stringMatching(/^[a-z]{1,9}$/) });
  fc.assert(
    fc.property(signed, signed, (one, other) => {
      const of = ({ path, value, header }: typeof one) => ({
        method: "PUT",
        path: `/${path}`,
        query: [["q", value]] as const,
        headers: new Map<string, string>([host, ["x-amz-meta-a", header]]),
        payload: unsignedPayload,
      });
      const made = signingHeaders(of(one), key, "eu-west-1", at);
      const sent = (request: ReturnType<typeof of>) => {
        const headers = new Map(request.headers);
        for (let index = 0; index < made.length; index += 2) headers.set(made[index] ?? "", made[index + 1] ?? "");
        return { ...request, headers };
      };
      verifySignature(sent(of(one)), key, at);
      if (JSON.stringify(one) !== JSON.stringify(other)) assert.throws(() => verifySignature(sent(of(other)), key, at));
    }),
  );
});

test("a query is read in one way only", () => {
  assert.deepEqual(readQuery("?a&b=%2B&c=%20"), [
    ["a", ""],
    ["b", "+"],
    ["c", " "],
  ]);
  for (const query of ["?a=b+c", "?a=%ff", "?a=%"])
    assert.throws(
      () => readQuery(query),
      (error) => isCordonError(error, "REQUEST_MALFORMED"),
    );
  assert.equal(uriEncode("a b/c'(*)~é", true), "a%20b/c%27%28%2A%29~%C3%A9");
});

/** AWS's example: 66,560 letters in chunks of 64 KiB. */
const seed = verifiedSeed();
function verifiedSeed() {
  const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  const headers = new Map<string, string>([
    ["host", "s3.amazonaws.com"],
    ["x-amz-storage-class", "REDUCED_REDUNDANCY"],
    ["content-encoding", "aws-chunked"],
    ["x-amz-decoded-content-length", "66560"],
    ["content-length", "66824"],
  ]);
  const request = { method: "PUT", path: "/examplebucket/chunkObject.txt", query: [], headers, payload };
  const made = signingHeaders(request, key, "us-east-1", at);
  for (let one = 0; one < made.length; one += 2) headers.set(made[one] ?? "", made[one + 1] ?? "");
  return verifySignature({ ...request, headers }, key, at).seed;
}
const chunk = (length: number, signature: string) =>
  Buffer.concat([
    Buffer.from(`${length.toString(16)};chunk-signature=${signature}\r\n`),
    Buffer.alloc(length, "a"),
    Buffer.from("\r\n"),
  ]);
const stream = Buffer.concat([
  chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
  chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
  chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]);
const options = { payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", length: 66_560, trailer: undefined, seed };

test("AWS's chunked example comes out, however the bytes arrive", () => {
  assert.equal(seed.signature, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 6 }), (cuts) => {
      const decoder = decodeChunked(options);
      const out: Buffer[] = [];
      let from = 0;
      for (const cut of [...cuts, stream.length].toSorted((a, b) => a - b)) {
        out.push(...decoder.push(stream.subarray(from, cut)));
        from = cut;
      }
      decoder.end();
      assert.ok(Buffer.concat(out).equals(Buffer.alloc(66_560, "a")));
    }),
    { numRuns: 20 },
  );
});

const all = (bytes: Buffer, more: Partial<Parameters<typeof decodeChunked>[0]> = {}): Buffer => {
  const decoder = decodeChunked({ ...options, ...more });
  const out = decoder.push(bytes);
  decoder.end();
  return Buffer.concat(out);
};

for (const [what, bytes, words] of [
  ["a letter changed", Buffer.from(stream).fill("b", 200, 201), /signature does not match/],
  ["a chunk taken away", Buffer.concat([stream.subarray(0, 65_536 + 88 + 2), stream.subarray(-86)]), /does not match/],
  ["its end cut off", stream.subarray(0, 66_000), /ended before/],
  ["another chunk behind the last", Buffer.concat([stream, chunk(1, "0".repeat(64))]), /bytes follow/],
  ["a chunk's size that is none", Buffer.from("-1;chunk-signature=00\r\n"), /first line/],
  ["a chunk without a signature", Buffer.from("5\r\nhello\r\n"), /first line/],
  ["a chunk of a gigabyte", Buffer.from(`40000000;chunk-signature=${"0".repeat(64)}\r\n`), /larger than/],
  ["a first line without end", Buffer.alloc(2000, "1"), /too long/],
] as const)
  test(`a signed stream with ${what} is refused`, () => {
    assert.throws(() => all(bytes), words);
  });

test("the content of a chunk is not let out before its signature has held", () => {
  const decoder = decodeChunked(options);
  assert.deepEqual(decoder.push(stream.subarray(0, 60_000)), []);
});

test("a trailer's checksum is held against the content, and is the one that was announced", () => {
  const unsigned = {
    payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    length: 9,
    trailer: "x-amz-checksum-crc32c",
    seed: undefined,
  };
  const body = (sum: string, name = "x-amz-checksum-crc32c") =>
    Buffer.from(`9\r\n123456789\r\n0\r\n${name}:${sum}\r\n\r\n`);
  assert.equal(all(body("4waSgw=="), unsigned).toString(), "123456789"); // CRC-32C's check value, E3069283
  assert.equal(
    all(body("y/Q5Jg==", "x-amz-checksum-crc32"), { ...unsigned, trailer: "x-amz-checksum-crc32" }).length,
    9,
  );
  assert.throws(() => all(body("AAAAAA=="), unsigned), /not what the checksum/);
  assert.throws(() => all(body("4waSgw==", "x-amz-checksum-sha1"), unsigned), /not the one that was announced/);
  assert.throws(() => all(body("4waSgw=="), { ...unsigned, length: 8 }), /longer than/);
  assert.throws(() => all(body("4waSgw=="), { ...unsigned, length: 10 }), /shorter than/);
  assert.throws(() => all(Buffer.from("9\r\n123456789\r\n0\r\n\r\n"), unsigned), /not the one that was announced/);
  assert.throws(() => decodeChunked({ ...unsigned, trailer: undefined }), /does not fit/);
});

test("whatever bytes come, the decoder refuses them in its own words", () => {
  const unsigned = {
    payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    length: 50,
    trailer: "x-amz-checksum-crc32",
    seed: undefined,
  };
  const piece = fc.oneof(
    fc.constantFrom("5\r\nhello\r\n", "0\r\n", "\r\n", "x-amz-checksum-crc32:NhCmhg==\r\n\r\n", "a;b"),
    fc.string({ maxLength: 9 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const decoder = decodeChunked(unsigned);
      try {
        for (const one of pieces) decoder.push(Buffer.from(one));
        decoder.end();
      } catch (error) {
        assert.ok(isCordonError(error), String(error));
      }
    }),
    { numRuns: 500 },
  );
});
