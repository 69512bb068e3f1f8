import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { isCordonError } from "@cordon/core/errors";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { S3Route } from "@cordon/core/policy/snapshot";
import { readOperation } from "./operation.ts";
import { planS3 } from "./plan.ts";

const dataset = (name: string) => parseSpiffeId(`spiffe://bank.example/ns/default/dataset/${name}`);
const route = {
  kind: "s3",
  namespace: "default" as Namespace,
  name: "lake",
  path: "/s3",
  maxBodyBytes: 1_000_000,
  mode: "enforce",
  upstream: { namespace: "default", name: "store", url: "http://127.0.0.1:9", external: false },
  region: "us-east-1",
  accessKeyId: { env: "A" },
  secretAccessKey: { env: "B" },
  actions: { read: "read", list: "read", write: "write", delete: "administer" },
  datasets: [
    { bucket: "lake", prefix: "data/", resource: dataset("data") },
    { bucket: "lake", prefix: "data/secret/", resource: dataset("secret") },
    { bucket: "lake", prefix: "database/", resource: dataset("database") },
    { bucket: "whole", prefix: "", resource: dataset("whole") },
  ],
} as unknown as S3Route;

interface Planned {
  readonly action: string;
  readonly resource: string;
  readonly upstreamPath: string;
  readonly also?: readonly { readonly action: string; readonly resource: string }[] | undefined;
  readonly s3?: { readonly headers: ReadonlyMap<string, string> };
}

function plan(method: string, rest: string, headers: Record<string, string> = {}): Planned {
  const mark = rest.indexOf("?");
  const [path, query] = mark < 0 ? [rest, ""] : [rest.slice(0, mark), rest.slice(mark)];
  const head = { method, path: `/s3${path}`, query };
  const planned = planS3(route, { head, rest: path, ownerOf: () => undefined }, Object.entries(headers).flat());
  assert.ok(planned.kind === "forward");
  return planned.intent(undefined);
}

const name = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

for (const [method, rest, action, resource] of [
  ["GET", "/lake/data/a", "read", "data"],
  ["HEAD", "/lake/data/a", "read", "data"],
  ["PUT", "/lake/data/a%20b", "write", "data"],
  ["DELETE", "/lake/data/a", "administer", "data"],
  ["GET", "/lake/data/secret/a", "read", "secret"],
  ["GET", "/lake/database/a", "read", "database"],
  ["GET", "/lake/data/secretly", "read", "data"],
  ["GET", "/whole/anything?x-id=GetObject", "read", "whole"],
  ["GET", "/whole?list-type=2", "read", "whole"],
  ["GET", "/lake/?list-type=2&prefix=data%2Fsecret%2F", "read", "secret"],
  ["GET", "/lake?prefix=database%2F2", "read", "database"],
  ["POST", "/lake/data/big?uploads", "write", "data"],
  ["PUT", "/lake/data/big?partNumber=1&uploadId=u", "write", "data"],
] as const)
  test(`${method} ${rest} is ${action} of ${resource}`, () => {
    const { action: planned, resource: on } = plan(method, rest);
    assert.deepEqual([planned, name(on)], [action, resource]);
  });

for (const [what, method, rest, words] of [
  ["a key that only begins like a prefix", "GET", "/lake/dat", /knows no data set/],
  ["a prefix without its slash", "GET", "/lake/data", /knows no data set/],
  ["a listing of the whole bucket", "GET", "/lake?list-type=2", /knows no data set/],
  ["a listing that takes in `database/` with `data`", "GET", "/lake?list-type=2&prefix=data", /knows no data set/],
  ["a listing that takes in another's data set", "GET", "/lake?list-type=2&prefix=data%2F", /more than one data set/],
  ["a listing that looks into another's names", "GET", "/lake?list-type=2&prefix=data%2Fs", /more than one data set/],
  ["a listing with its prefix twice", "GET", "/lake?prefix=database%2F&prefix=data%2F", /sent twice/],
  ["another bucket", "GET", "/other/data/a", /knows no data set/],
  ["all buckets, in part", "GET", "/?max-buckets=1", /name a bucket/],
  ["a bucket's policy", "GET", "/lake?policy", /not governed/],
  ["a bucket's policy, set", "PUT", "/lake?policy", /not governed/],
  ["a bucket, deleted", "DELETE", "/lake", /not governed/],
  ["an object's ACL", "PUT", "/lake/data/a?acl", /not governed/],
  ["many objects, deleted otherwise", "POST", "/lake?delete&versionId=1", /not governed/],
  ["a form's upload", "POST", "/lake", /not governed/],
  ["SQL over an object", "POST", "/lake/data/a?select&select-type=2", /not governed/],
  ["a sub-resource that is not known", "GET", "/lake/data/a?torrent", /not governed/],
  ["a header's worth in the address", "PUT", "/lake/data/a?x-amz-acl=public-read", /not governed/],
  ["a key that climbs", "GET", "/lake/data/%2e%2e/database/a", /dot segment/],
  ["a key that is encoded twice", "GET", "/lake/data/%252e%252e%252fdatabase/a", /twice/],
  ["a key with an encoded slash twice", "GET", "/lake/data%252Fa", /twice/],
  ["a key with a backslash", "GET", "/lake/data/%5Ca", /backslash/],
  ["a key that is not UTF-8", "GET", "/lake/data/%ff", /encodes nothing/],
  ["a bucket by another spelling", "GET", "/l%61ke/data/a", /bucket's name/],
  ["a bucket in capitals", "GET", "/LAKE/data/a", /bucket's name/],
] as const)
  test(`${what} is refused`, () => {
    assert.throws(() => plan(method, rest), words);
  });

test("a copy reads its source: both data sets are named, the source in one spelling", () => {
  const copy = plan("PUT", "/lake/data/a", { "x-amz-copy-source": "lake%2Fdatabase%2Fb%20c?versionId=v1" });
  assert.deepEqual([copy.action, name(copy.resource)], ["write", "data"]);
  assert.deepEqual([copy.also?.[0]?.action, name(copy.also?.[0]?.resource ?? "")], ["read", "database"]);
  assert.equal(copy.s3?.headers.get("x-amz-copy-source"), "/lake/database/b%20c?versionId=v1");
  for (const source of [
    "lake",
    "/lake/",
    "/lake/data/../database/b",
    "/lake//data/a",
    "arn:aws:s3:::lake/data/a",
    "/lake/data%252F..",
    "/lake/a?x=y",
  ])
    assert.throws(() => plan("PUT", "/lake/data/a", { "x-amz-copy-source": source }), isCordonError, source);
  assert.throws(() => plan("GET", "/lake/data/a", { "x-amz-copy-source": "/lake/data/a" }), /not governed/);
  assert.throws(() => plan("PUT", "/lake/data/a?acl", { "x-amz-copy-source": "/lake/data/a" }), /not governed/);
});

test("what a client says of itself or grants to others does not go on", () => {
  const sent = plan("PUT", "/lake/data/a", {
    authorization: "AWS4-HMAC-SHA256 x",
    cookie: "c",
    "x-amz-date": "d",
    "x-amz-security-token": "t",
    "content-type": "text/plain",
    "x-amz-meta-a": "1",
    "content-encoding": "aws-chunked,gzip",
  }).s3?.headers;
  assert.deepEqual(
    [...(sent ?? [])],
    [
      ["content-type", "text/plain"],
      ["x-amz-meta-a", "1"],
      ["content-encoding", "gzip"],
    ],
  );
  for (const header of [
    "x-amz-acl",
    "x-amz-grant-read",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-object-lock-mode",
    "x-amz-server-side-encryption-customer-key",
  ])
    assert.throws(() => plan("PUT", "/lake/data/a", { [header]: "x" }), /not governed/, header);
  assert.throws(
    () =>
      planS3(
        route,
        { head: { method: "GET", path: "/s3/lake/data/a", query: "" }, rest: "/lake/data/a", ownerOf: () => undefined },
        ["X-Amz-Meta-A", "1", "x-amz-meta-a", "2"],
      ),
    /sent twice/,
  );
});

test("whatever is asked, the key that is decided on is the key that is sent", () => {
  const segment = fc.string({
    unit: fc.constantFrom("a", "é", " ", "+", "~", "'", "=", ";", "&", "%"),
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      const key = `data/${segments.join("/")}`;
      const path = `/lake/${key.split("/").map(encodeURIComponent).join("/")}`;
      let operation;
      try {
        operation = readOperation("GET", path, "", new Map());
      } catch (error) {
        assert.ok(isCordonError(error, "REQUEST_MALFORMED"));
        return;
      }
      assert.equal(operation.key, key);
      assert.equal(decodeURIComponent(plan("GET", path).upstreamPath), `/lake/${key}`);
    }),
  );
});
