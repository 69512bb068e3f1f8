import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { Readable } from "node:stream";
import { openEndpoint, type Endpoint } from "@cordon/agent/run/endpoint";
import { openGatewayLink } from "@cordon/agent/run/gateway-link";
import type { Issued, WorkloadIdentity } from "@cordon/agent/run/identity";
import { signingHeaders, unsignedPayload } from "@cordon/core/s3/sigv4";
import type { DecisionEntry, LedgerEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { configurationText, idOf, openEstate, until, type Estate } from "./estate.ts";
import { noS3, s3Client, startS3, type Foreign, type S3Store } from "./s3-store.ts";

const bounded = { skip: noS3, timeout: 60_000 };
const permits = `
@id("assistant-data") permit (principal == Workload::"default/agent/assistant", action in [Action::"read", Action::"write"], resource == Component::"default/dataset/data");
@id("assistant-reads-shared") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/shared");
@id("rival-data") permit (principal == Workload::"default/agent/rival", action in [Action::"read", Action::"write"], resource == Component::"default/dataset/data");
`;

let aws: Foreign;
let store: S3Store;
let stack: AsyncDisposableStack;
let estate: Estate;

before(async () => {
  if (noS3 !== false) return;
  aws = await s3Client();
  store = await startS3(["lake"]);
  const direct = clientAt(`http://127.0.0.1:${store.port}`, store.key);
  for (const [Key, Body] of [
    ["shared/a", "from shared"],
    ["payroll/a", "salaries"],
    ["database/a", "not data"],
  ] as const)
    await direct.send(new aws.PutObjectCommand({ Bucket: "lake", Key, Body }));
});
after(() => store?.[Symbol.asyncDispose]());
afterEach(() => stack?.disposeAsync());

function clientAt(endpoint: string, credentials: object): Foreign {
  return new aws.S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true, maxAttempts: 1 });
}

interface Run {
  readonly client: Foreign;
  readonly endpoint: Endpoint;
  readonly url: string;
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

async function open(
  more: { readonly inspection?: string; readonly policies?: string; readonly maxBodyBytes?: number } = {},
): Promise<void> {
  stack = new AsyncDisposableStack();
  const dataset = (name: string, sensitivity: string) =>
    `  - { name: ${name}, kind: dataset, boundary: data, labels: { sensitivity: ${sensitivity} } }\n`;
  const held = ["data", "shared", "payroll"].map((name) => `{ bucket: lake, prefix: "${name}/", resource: ${name} }`);
  const secret = '{ exec: ["/usr/bin/printf", "S3RVER"] }';
  const limit = more.maxBodyBytes ?? 100_000_000;
  estate = stack.use(
    await openEstate({
      policies: more.policies ?? permits,
      configuration: (ports) =>
        configurationText(ports)
          .replace(
            "upstreams:",
            `${dataset("data", "internal")}${dataset("shared", "internal")}${dataset("payroll", "restricted")}upstreams:
  - { name: store, url: "http://127.0.0.1:${store.port}", authentication: loopback }`,
          )
          .replace(
            "routes:",
            `routes:
  - { name: lake, kind: s3, path: /s3, upstream: store, accessKeyId: ${secret}, secretAccessKey: ${secret}, datasets: [${held.join(", ")}], maxBodyBytes: ${limit}${more.inspection ?? ""} }`,
          ),
    }),
  );
}

/** As `cordon run --s3` leads a program to the gateway. */
async function runAs(name: string): Promise<Run> {
  const issued: Issued = {
    svid: await estate.svidFor("agent", name),
    bundle: estate.cordon.control.authority.bundle(),
  };
  const identity: WorkloadIdentity = {
    ...{ current: () => issued.svid, issued: () => issued, usable: () => Promise.resolve(issued) },
    ...{ check: () => Promise.resolve(), onChange: () => () => undefined, onRotate: () => () => undefined },
    async [Symbol.asyncDispose]() {},
  };
  const link = stack.use(openGatewayLink(identity, { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId }));
  const secret = `cordon-run-${randomBytes(8).toString("hex")}`;
  const key = { accessKeyId: `CORDON${randomBytes(7).toString("hex").toUpperCase()}`, secretAccessKey: secret };
  const checkpoints = { begin: () => () => undefined };
  const endpoint = stack.use(await openEndpoint({ link, secret, checkpoints, s3: { key, now: Date.now } }));
  const url = `http://127.0.0.1:${(endpoint.address as { port: number }).port}/s3`;
  return { client: clientAt(url, key), endpoint, url, key };
}

const put = (run: Run, Key: string, Body: unknown, more: object = {}): Promise<Foreign> =>
  run.client.send(new aws.PutObjectCommand({ Bucket: "lake", Key, Body, ...more })) as Promise<Foreign>;
const get = async (run: Run, Key: string): Promise<Buffer> => {
  const { Body } = await run.client.send(new aws.GetObjectCommand({ Bucket: "lake", Key }));
  return Buffer.from(await Body.transformToByteArray());
};
const inStore = async (Key: string): Promise<Buffer | undefined> => {
  const direct = clientAt(`http://127.0.0.1:${store.port}`, store.key);
  try {
    const { Body } = await direct.send(new aws.GetObjectCommand({ Bucket: "lake", Key }));
    return Buffer.from(await Body.transformToByteArray());
  } catch {
    return undefined;
  }
};

async function refused(
  act: Promise<unknown>,
): Promise<{ readonly name: string; readonly message: string; readonly status: number }> {
  try {
    await act;
  } catch (error) {
    const { name, message, $metadata } = error as Foreign;
    return { name, message, status: $metadata?.httpStatusCode };
  }
  return assert.fail("it was not refused");
}

const decisions = (entries: readonly LedgerEntry[]) =>
  entries.filter((one): one is DecisionEntry => one.kind === "decision");
const outcomes = (entries: readonly LedgerEntry[]) =>
  entries.filter((one): one is OutcomeEntry => one.kind === "outcome");

test(
  "the official client, unchanged, puts, gets, heads, lists, copies and deletes; the ledger has each",
  bounded,
  async () => {
    await open();
    const run = await runAs("assistant");
    await put(run, "data/a b+c/é.txt", "hello", { ContentType: "text/plain", Metadata: { kind: "greeting" } });
    assert.equal((await get(run, "data/a b+c/é.txt")).toString(), "hello");
    const head = await run.client.send(new aws.HeadObjectCommand({ Bucket: "lake", Key: "data/a b+c/é.txt" }));
    assert.deepEqual([head.ContentLength, head.ContentType, head.Metadata], [5, "text/plain", { kind: "greeting" }]);
    const listed = await run.client.send(new aws.ListObjectsV2Command({ Bucket: "lake", Prefix: "data/" }));
    assert.deepEqual(
      listed.Contents.map((one: Foreign) => one.Key),
      ["data/a b+c/é.txt"],
    );
    await run.client.send(new aws.CopyObjectCommand({ Bucket: "lake", Key: "data/copy", CopySource: "lake/shared/a" }));
    assert.equal((await get(run, "data/copy")).toString(), "from shared");
    for (const Key of ["data/copy", "data/a b+c/é.txt"])
      await run.client.send(new aws.DeleteObjectCommand({ Bucket: "lake", Key }));
    assert.equal(await inStore("data/copy"), undefined);
    const entries = await estate.entries();
    assert.deepEqual(
      decisions(entries).map(({ effect, action }) => `${effect} ${action}`),
      ["write", "read", "read", "read", "write", "read", "write", "write"].map((action) => `allow ${action}`),
    );
    assert.ok(outcomes(entries).every(({ end, upstream }) => end === "complete" && upstream === "default/store"));
    assert.ok(!JSON.stringify(entries).includes(run.key.secretAccessKey));
  },
);

test(
  "streams of every size go up in chunks and come down whole, and the store holds what was sent",
  bounded,
  async () => {
    await open();
    const run = await runAs("assistant");
    for (const [index, size] of [0, 1, 65_536, 3_000_000].entries()) {
      const content = randomBytes(size);
      const Key = `data/stream-${index}`;
      await put(run, Key, Readable.from(size === 0 ? [] : [content]), { ContentLength: size });
      assert.ok((await inStore(Key))?.equals(content), `${size} bytes in the store`);
      assert.ok((await get(run, Key)).equals(content));
    }
  },
);

test("who may not is refused in S3's words, and the store hears nothing", bounded, async () => {
  await open();
  const run = await runAs("assistant");
  const denied = await refused(get(run, "payroll/a"));
  assert.deepEqual([denied.name, denied.status], ["AccessDenied", 403]);
  assert.match(denied.message, /no policy/);
  assert.equal((await refused(put(run, "shared/new", "x"))).name, "AccessDenied");
  assert.equal(await inStore("shared/new"), undefined);
  assert.equal((await refused(get(run, "database/a"))).name, "NoSuchBucket");
  const list = (Prefix: string) =>
    run.client.send(new aws.ListObjectsV2Command({ Bucket: "lake", Prefix })) as Promise<unknown>;
  assert.equal((await refused(list(""))).name, "NoSuchBucket");
  assert.equal((await refused(list("payroll/"))).name, "AccessDenied");
  const acl = run.client.send(
    new aws.PutObjectAclCommand({ Bucket: "lake", Key: "data/a", ACL: "public-read" }),
  ) as Promise<unknown>;
  assert.equal((await refused(acl)).name, "NotImplemented");
  assert.equal((await refused(put(run, "data/open", "x", { ACL: "public-read" }))).name, "NotImplemented");
});

test("a copy needs its source too: without it, the copy would be the way round", bounded, async () => {
  await open();
  const run = await runAs("assistant");
  const copy = (CopySource: string) =>
    run.client.send(new aws.CopyObjectCommand({ Bucket: "lake", Key: "data/mine", CopySource })) as Promise<unknown>;
  assert.equal((await refused(copy("lake/payroll/a"))).name, "AccessDenied");
  assert.equal((await refused(copy("lake/shared/../payroll/a"))).name, "InvalidRequest");
  assert.equal(await inStore("data/mine"), undefined);
});

test("an upload in parts belongs to who began it", bounded, async () => {
  await open();
  const [run, rival] = [await runAs("assistant"), await runAs("rival")];
  const place = { Bucket: "lake", Key: "data/parts" };
  const { UploadId } = await run.client.send(new aws.CreateMultipartUploadCommand(place));
  assert.ok(UploadId);
  const part = (who: Run, Body: Buffer, PartNumber: number): Promise<Foreign> =>
    who.client.send(new aws.UploadPartCommand({ ...place, UploadId, PartNumber, Body })) as Promise<Foreign>;
  const pieces = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from("end")];
  assert.equal((await refused(part(rival, pieces[1] as Buffer, 1))).name, "NoSuchUpload");
  assert.equal(
    (await refused(rival.client.send(new aws.AbortMultipartUploadCommand({ ...place, UploadId })) as Promise<unknown>))
      .name,
    "NoSuchUpload",
  );
  const Parts = [];
  for (const [index, piece] of pieces.entries())
    Parts.push({ PartNumber: index + 1, ETag: (await part(run, piece, index + 1)).ETag });
  await run.client.send(new aws.CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
  assert.ok((await inStore("data/parts"))?.equals(Buffer.concat(pieces)));
});

test(
  "a signature by another run's key, a stolen name without its secret, and one that was altered are refused",
  bounded,
  async () => {
    await open();
    const [run, rival] = [await runAs("assistant"), await runAs("rival")];
    const by = (key: object): Run => ({ ...run, client: clientAt(run.url, key) });
    for (const key of [rival.key, { ...run.key, secretAccessKey: rival.key.secretAccessKey }, store.key]) {
      const { name, status } = await refused(get(by(key), "data/a"));
      assert.deepEqual([name, status], ["SignatureDoesNotMatch", 403]);
    }
    const unsigned = await fetch(`${run.url}/lake/shared/a`, { headers: { "x-api-key": run.key.secretAccessKey } });
    assert.equal(unsigned.status, 403);
  },
);

test("a presigned address is good for what it says, until it says", bounded, async () => {
  await open();
  const run = await runAs("assistant");
  const sign = (command: unknown, expiresIn: number, signingDate = new Date()): Promise<string> =>
    aws.getSignedUrl(run.client, command, { expiresIn, signingDate }) as Promise<string>;
  const shared = new aws.GetObjectCommand({ Bucket: "lake", Key: "shared/a" });
  const url = await sign(shared, 60);
  assert.equal(await (await fetch(url)).text(), "from shared");
  assert.equal((await fetch(url.replace("shared/a", "payroll/a"))).status, 403);
  assert.equal((await fetch(url, { headers: { "x-amz-copy-source": "/lake/payroll/a" }, method: "PUT" })).status, 403);
  assert.equal((await fetch(await sign(shared, 60, new Date(Date.now() - 120_000)))).status, 403);
  // Not a way round policy either: what it signs is decided like everything else.
  assert.equal(
    (await fetch(await sign(new aws.GetObjectCommand({ Bucket: "lake", Key: "payroll/a" }), 60))).status,
    403,
  );
});

/** An upload as its client would sign it, with a body that is another. */
async function forged(run: Run, body: string, headers: Record<string, string>): Promise<Response> {
  const { host, pathname } = new URL(`${run.url}/lake/data/forged`);
  const { "x-amz-content-sha256": payload = unsignedPayload, ...more } = headers;
  const signable = {
    method: "PUT",
    path: pathname,
    query: [],
    headers: new Map([["host", host], ...Object.entries(more)]),
    payload,
  };
  const signed = signingHeaders(signable, run.key, "us-east-1", Date.now());
  const all: Record<string, string> = { ...more };
  for (let at = 0; at < signed.length; at += 2) all[signed[at] ?? ""] = signed[at + 1] ?? "";
  return fetch(`http://${host}${pathname}`, { method: "PUT", headers: all, body });
}

for (const [what, body, headers, status] of [
  [
    "a body that is not what its hash says",
    "other",
    { "x-amz-content-sha256": createHash("sha256").update("agreed").digest("hex") },
    400,
  ],
  [
    "a chunk that nobody signed",
    `5;chunk-signature=${"0".repeat(64)}\r\nhello\r\n0;chunk-signature=${"0".repeat(64)}\r\n\r\n`,
    {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "x-amz-decoded-content-length": "5",
      "content-encoding": "aws-chunked",
    },
    403,
  ],
  [
    "a trailer's checksum that is another's",
    "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
    {
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": "5",
      "x-amz-trailer": "x-amz-checksum-crc32",
    },
    400,
  ],
] as const)
  test(`${what} is not stored`, bounded, async () => {
    await open();
    const run = await runAs("assistant");
    const answer = await forged(run, body, headers);
    assert.equal(answer.status, status, await answer.text());
    assert.equal(await inStore("data/forged"), undefined);
  });

test("more than the route takes never reaches the store whole", bounded, async () => {
  await open({ maxBodyBytes: 100_000 });
  const run = await runAs("assistant");
  const { status } = await refused(put(run, "data/large", randomBytes(300_000)));
  assert.equal(status, 413);
  // Listed, not asked for: this store shows, and keeps readers waiting for, what it has of an upload that was broken off.
  const direct = clientAt(`http://127.0.0.1:${store.port}`, store.key);
  const listed = await direct.send(new aws.ListObjectsV2Command({ Bucket: "lake", Prefix: "data/large" }));
  assert.ok((listed.Contents?.[0]?.Size ?? 0) < 300_000);
});

test("isolating the caller cuts a download that is under way", bounded, async () => {
  await open();
  const run = await runAs("assistant");
  await put(run, "data/long", Buffer.alloc(40_000_000, 7));
  const { Body } = await run.client.send(new aws.GetObjectCommand({ Bucket: "lake", Key: "data/long" }));
  await new Promise((resolve) => Body.once("readable", resolve));
  await until(() => estate.cordon.gateway.liveCount() === 1, "it is under way");
  await estate.cordon.control.store.transact("test", Date.now(), (transaction) =>
    transaction.put(
      { kind: "isolation", namespace: "default" as never, name: "assistant" },
      { component: idOf("agent", "assistant"), reason: "drill", since: Date.now() },
      "api",
    ),
  );
  await assert.rejects(async () => {
    for await (const _piece of Body);
  });
  const cut = outcomes(await estate.entries()).find(({ end }) => end === "cut");
  assert.equal(cut?.why?.code, "isolated");
});

test(
  "where the route inspects, an upload's text is read out of its chunks, and a download's as it streams",
  bounded,
  async () => {
    await open({ inspection: ", inspection: { request: { secret: block }, response: { pii: redact } }" });
    const run = await runAs("assistant");
    const token = `ghp_${"A1b2C3d4E5".repeat(3)}f6G7h8`;
    const secret = await refused(
      put(run, "data/secret.txt", Readable.from([Buffer.from(`key = ${token}\n`)]), {
        ContentLength: token.length + 7,
        ContentType: "text/plain",
      }),
    );
    assert.equal(secret.name, "AccessDenied", secret.message);
    assert.equal(await inStore("data/secret.txt"), undefined);
    await put(run, "data/people.txt", "The customer is S1234567D.\n", { ContentType: "text/plain" });
    assert.ok(!(await get(run, "data/people.txt")).toString().includes("S1234567D"));
  },
);

test(
  "many deletes are one request: each key is decided, and one that is not allowed keeps all of them",
  bounded,
  async () => {
    await open();
    const run = await runAs("assistant");
    const remove = (...keys: string[]) =>
      run.client.send(
        new aws.DeleteObjectsCommand({ Bucket: "lake", Delete: { Objects: keys.map((Key) => ({ Key })) } }),
      ) as Promise<Foreign>;
    for (const key of ["data/one", "data/two & <three>", "data/four"]) await put(run, key, "x");
    const done = await remove("data/one", "data/two & <three>");
    assert.deepEqual(done.Deleted.map(({ Key }: Foreign) => Key).toSorted(), ["data/one", "data/two & <three>"]);
    assert.deepEqual([await inStore("data/one"), await inStore("data/two & <three>")], [undefined, undefined]);
    for (const other of ["shared/a", "payroll/a"]) {
      const { status } = await refused(remove("data/four", other));
      assert.equal(status, 403, other);
    }
    for (const other of ["database/a", "data/../payroll/a", "data/%2e%2e/payroll/a"])
      assert.ok((await refused(remove("data/four", other))).status !== 200, other);
    assert.equal(String(await inStore("data/four")), "x");
    assert.equal(String(await inStore("payroll/a")), "salaries");
    const entries = await estate.entries();
    const asked = decisions(entries).filter(({ context }) => context.method === "POST");
    assert.deepEqual(
      asked.map(({ effect }) => effect),
      ["allow", "deny", "deny"],
    );
  },
);

test("buckets are those in which the caller may list something; HeadBucket says the same", bounded, async () => {
  await open();
  const run = await runAs("assistant");
  const { Buckets } = await run.client.send(new aws.ListBucketsCommand({}));
  assert.deepEqual(
    Buckets.map(({ Name }: Foreign) => Name),
    ["lake"],
  );
  await run.client.send(new aws.HeadBucketCommand({ Bucket: "lake" }));
  assert.equal((await refused(run.client.send(new aws.HeadBucketCommand({ Bucket: "other" })))).status, 403);
  const stranger = await runAs("notebook");
  const none = await stranger.client.send(new aws.ListBucketsCommand({}));
  assert.deepEqual(none.Buckets ?? [], []);
  assert.equal((await refused(stranger.client.send(new aws.HeadBucketCommand({ Bucket: "lake" })))).status, 403);
});
