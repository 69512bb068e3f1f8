/** What a bundle endpoint that is hostile, broken or somebody else's can do to us: nothing but be refused with a reason. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { serializeBundle } from "@cordon/core/identity/bundle";
import { parseSpiffeId, parseTrustDomain, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { serverTlsOptions, toPem } from "@cordon/core/identity/tls";
import type { Snapshot, TrustBundle } from "@cordon/core/policy/snapshot";
import { coded, estate as authorityEstate } from "../authority/testing/estate.ts";
import { revocationsFrom } from "../authority/revocation.ts";
import { buildSnapshot } from "../registry/build-snapshot.ts";
import { openBundleEndpoint } from "./bundle-endpoint.ts";
import { openFederation } from "./federation.ts";
import { fetchBundle, isInternalAddress, type EndpointProfile } from "./fetch-bundle.ts";

const partner = parseTrustDomain("partner.example");
const bank = parseTrustDomain("bank.example");
const endpointId = parseSpiffeId("spiffe://partner.example/ns/default/service/gateway");

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An endpoint of the partner's that a test scripts, with a certificate for 127.0.0.1 under the partner's own root. */
async function endpoint(context: TestContext, id: SpiffeId = endpointId) {
  const { open, folder, clock } = await authorityEstate(context);
  clock.now = Date.now();
  const authority = await open(partner);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { publicKey: createPublicKey(privateKey) };
  const issued = await authority.issueX509Svid({ id, key, ipAddresses: ["127.0.0.1"] });
  const svid = { ...issued, key: privateKey };
  const asked: IncomingMessage[] = [];
  const presented: boolean[] = [];
  const script: { answer: Handler } = {
    answer: (_request, response) => response.end(serializeBundle(authority.bundle())),
  };
  const server = createServer({ ...serverTlsOptions(svid), requestCert: true }, (request, response) => {
    asked.push(request);
    presented.push((request.socket as TLSSocket).getPeerX509Certificate() !== undefined);
    script.answer(request, response);
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/bundle.json`;
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, authority.bundle().x509Authorities.map(toPem).join(""));
  return { authority, svid, asked, presented, script, url, caFile, web: { kind: "https_web", caFile } as const };
}

const fetched = (url: string, profile: EndpointProfile) =>
  fetchBundle(url, profile, { now: Date.now, signal: new AbortController().signal });

const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
const spiffe = (bundle: TrustBundle, id = endpointId): EndpointProfile => ({
  kind: "https_spiffe",
  endpointId: id,
  trust: { bundles: new Map([[bundle.trustDomain, bundle]]), revocations: none },
});

describe("fetching a bundle", () => {
  it("works by both profiles, and shows the other side no certificate and no credential", async (context) => {
    const { url, web, authority, asked, presented } = await endpoint(context);
    for (const profile of [web, spiffe(authority.bundle())])
      assert.deepEqual(await fetched(url, profile), Buffer.from(serializeBundle(authority.bundle())));
    assert.deepEqual(presented, [false, false]);
    for (const request of asked) {
      assert.equal(request.headers.authorization ?? request.headers.cookie, undefined);
    }
  });

  it("asks nothing of an endpoint that is not who it must be", async (context) => {
    const { url, asked, authority, caFile } = await endpoint(context);
    const other = await endpoint(context);
    const attempts: readonly [EndpointProfile, RegExp][] = [
      [spiffe(authority.bundle(), parseSpiffeId("spiffe://partner.example/ns/default/service/other")), /was expected/],
      [spiffe(other.authority.bundle()), /not trusted/],
      [spiffe({ ...authority.bundle(), trustDomain: bank }), /not known here/],
      [{ kind: "https_web" }, /SELF_SIGNED|UNABLE_TO/],
      [{ kind: "https_web", caFile: other.caFile }, /SELF_SIGNED|UNABLE_TO|signature/i],
      [{ kind: "https_web", caFile: `${caFile}.nowhere` }, /cannot be read/],
    ];
    for (const [profile, words] of attempts)
      await assert.rejects(fetched(url, profile), coded("FEDERATION_FAILED", words));
    assert.equal(asked.length, 0);
    await assert.rejects(
      fetched(url.replace("127.0.0.1", "localhost"), { kind: "https_web", caFile }),
      coded("FEDERATION_FAILED", /ERR_TLS_CERT_ALTNAME_INVALID|ECONNREFUSED/),
    );
  });

  const answers: readonly [string, Handler, RegExp][] = [
    ["an error", (_request, response) => void response.writeHead(500).end(), /answered 500/],
    ["too much", (_request, response) => void response.end(Buffer.alloc(1024 * 1024 + 1)), /longer than/],
    ["too much without an end", (_request, response) => flood(response), /longer than/],
    [
      "compressed bytes",
      (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      /not asked for/,
    ],
    [
      "less than it promised",
      (_request, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{", () => response.destroy());
      },
      /broke off|ECONNRESET|aborted/,
    ],
    [
      "headers without an end",
      (_request, response) => void response.writeHead(200, { x: "y".repeat(20_000) }).end(),
      /HPE_HEADER_OVERFLOW/,
    ],
    ...(
      [
        ["http://127.0.0.1/", /must be an `https:/],
        ["file:///etc/passwd", /must be an `https:/],
        ["https://user:word@127.0.0.1/", /user name/],
        ["https://127.0.0.1:1/", /inside this network/],
        ["https://[::1]/", /inside this network/],
        ["https://[::ffff:10.0.0.1]/", /inside this network/],
        ["https://169.254.169.254/latest/meta-data", /inside this network/],
        ["https://2130706433/", /inside this network/],
        ["/loop", /more than 3 times/],
      ] as const
    ).map(([to, words]): [string, Handler, RegExp] => [
      `a redirect to ${to}`,
      (_request, response) => void response.writeHead(302, { location: to }).end(),
      words,
    ]),
  ];
  for (const [what, answer, words] of answers)
    it(`refuses ${what}`, async (context) => {
      const { url, web, script } = await endpoint(context);
      script.answer = answer;
      await assert.rejects(fetched(url, web), coded("FEDERATION_FAILED", words));
    });

  it("follows a redirect on the same host, and does not remember it", async (context) => {
    const { url, web, script, authority, asked } = await endpoint(context);
    script.answer = (request, response) => {
      if (request.url === "/bundle.json") response.writeHead(307, { location: "/moved.json" }).end();
      else response.end(serializeBundle(authority.bundle()));
    };
    await fetched(url, web);
    await fetched(url, web);
    assert.deepEqual(
      asked.map((request) => request.url),
      ["/bundle.json", "/moved.json", "/bundle.json", "/moved.json"],
    );
  });

  it("knows addresses of this machine and of private networks", () => {
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "::1",
      "::",
      "fe80::1",
      "fd00::1",
      "::ffff:127.0.0.1",
      "64:ff9b::7f00:1",
      "nonsense",
    ])
      assert.equal(isInternalAddress(address), true, address);
    for (const address of ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111"])
      assert.equal(isInternalAddress(address), false, address);
  });
});

function flood(response: ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    if (!response.destroyed) response.once("drain", more);
  };
  response.on("error", () => undefined);
  more();
}

/** A bank that federates with the partner: its store, and a snapshot that follows it when asked. */
async function bankOf(context: TestContext, url: string, caFile: string) {
  const { store, clock } = await authorityEstate(context);
  clock.now = Date.now();
  const key = { kind: "federation", namespace: "default" as never, name: partner };
  const value = { url, profile: { kind: "https_web", caFile } };
  await store.transact("test", clock.now, (transaction) => transaction.put(key, value, "config"));
  const evaluate = () => ({ permits: [], forbids: [], errors: [] });
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const read = async () =>
    buildSnapshot(await store.snapshot(), {
      trustDomain: bank,
      compile: () => ({ size: 0, evaluate }),
      readRevocations: revocationsFrom,
    });
  let current = await read();
  const follow = async (): Promise<void> => {
    current = await read();
    for (const listener of listeners) listener(current);
  };
  const ending = new AbortController();
  const following = (async () => {
    for await (const _changes of store.follow(current.revision, ending.signal)) await follow();
  })().catch(() => undefined); // the store may be closed first
  const problems: unknown[] = [];
  const federation = await openFederation({
    store,
    snapshots: {
      current: () => current,
      confirmedAtMs: () => 0,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    ownTrustDomain: bank,
    now: Date.now,
    onProblem: (error) => problems.push(error),
  });
  context.after(async () => {
    await federation[Symbol.asyncDispose]();
    ending.abort();
    await following;
  });
  return { store, key, federation, problems, known: () => current.bundles.get(partner) };
}

describe("following a trust domain", () => {
  it("keeps its bundle under its own name and no other", async (context) => {
    const { url, caFile, authority } = await endpoint(context);
    const { federation, known, store } = await bankOf(context, url, caFile);
    await federation.fetchNow(partner);
    assert.deepEqual(known()?.x509Authorities, authority.bundle().x509Authorities);
    assert.deepEqual(
      (await store.list("bundle")).map(({ name }) => name),
      [partner],
    );
    assert.partialDeepStrictEqual(federation.list(), [{ trustDomain: partner, sequence: 1, x509Authorities: 1 }]);
    await assert.rejects(federation.fetchNow(bank), coded("FEDERATION_FAILED", /not among/));
  });

  it("refuses an older bundle than it knows, ambiguous JSON and private keys; the last good one stands", async (context) => {
    const { url, caFile, authority, script } = await endpoint(context);
    const { federation, known } = await bankOf(context, url, caFile);
    await authority.prepare("x509");
    await federation.fetchNow(partner);
    const good = known();
    assert.equal(good?.sequence, 2);
    const text = Buffer.from(serializeBundle(authority.bundle())).toString();
    const bad: readonly [string, RegExp][] = [
      [text.replace('"spiffe_sequence":2', '"spiffe_sequence":1'), /number 1, and number 2 is known/],
      [text.replace('"spiffe_sequence":2', '"spiffe_sequence":2,"spiffe_sequence":3'), /twice|two|duplicate/i],
      [text.replace('{"keys":', '{"keys":[],"keys":'), /twice|two|duplicate/i],
      [text.replace('"kty":"EC"', '"kty":"EC","kty":"EC"'), /twice|two|duplicate/i],
      [text.replace(/"use":"jwt-svid"/, '"use":"jwt-svid","d":"AAAA"'), /private/],
      [`${text}x`, /JSON|after|end/i],
      ["[]", /not a JSON object/],
      [`{"keys":${"[".repeat(100)}${"]".repeat(100)}}`, /deep|nest/i],
    ];
    for (const [document, words] of bad) {
      script.answer = (_request, response) => response.end(document);
      await assert.rejects(federation.fetchNow(partner), coded("SVID_UNTRUSTED", words));
      assert.equal(known(), good);
    }
    assert.match(federation.list()[0]?.problem ?? "", /refused/);
  });

  it("takes an empty bundle for what it says: nothing of that trust domain is trusted any more", async (context) => {
    const { url, caFile, script } = await endpoint(context);
    const { federation, known } = await bankOf(context, url, caFile);
    await federation.fetchNow(partner);
    script.answer = (_request, response) => response.end('{"keys":[],"spiffe_sequence":9}');
    await federation.fetchNow(partner);
    assert.deepEqual(known()?.x509Authorities, []);
  });

  it("is asked once for an unknown key, however many strangers knock", async (context) => {
    const { url, caFile, authority, asked } = await endpoint(context);
    const { federation } = await bankOf(context, url, caFile);
    await federation.fetchNow(partner);
    const before = asked.length;
    await authority.prepare("x509");
    const knocks = await Promise.all(Array.from({ length: 50 }, () => federation.refresh(partner)));
    assert.equal(asked.length - before, 1);
    assert.ok(knocks.every(Boolean), "all who waited get the news");
    assert.equal(await federation.refresh(partner), false, "and no second question soon after");
    assert.equal(asked.length - before, 1);
    assert.equal(await federation.refresh(bank), false);
  });

  it("keeps nothing of a relationship that has ended, even if its endpoint answers late", async (context) => {
    const { url, caFile, script } = await endpoint(context);
    const { federation, known, store, key } = await bankOf(context, url, caFile);
    await federation.fetchNow(partner);
    const asked = Promise.withResolvers<ServerResponse>();
    script.answer = (_request, response) => asked.resolve(response);
    const late = federation.fetchNow(partner).catch(() => undefined);
    const response = await asked.promise;
    await store.transact("test", Date.now(), (transaction) => transaction.delete(key, "config"));
    response.end('{"keys":[],"spiffe_sequence":7}');
    await late;
    for (let tries = 0; tries < 200 && (await store.list("bundle")).length > 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(await store.list("bundle"), []);
    assert.equal(known(), undefined);
    assert.deepEqual(federation.list(), []);
  });
});

describe("our own endpoint", () => {
  async function own(context: TestContext) {
    const { open, clock } = await authorityEstate(context);
    clock.now = Date.now();
    const authority = await open(partner);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const issue = async () => ({
      ...(await authority.issueX509Svid({ id: endpointId, key: { publicKey: createPublicKey(privateKey) } })),
      key: privateKey,
    });
    let current = await issue();
    const listeners = new Set<(svid: typeof current) => void>();
    const identity = {
      current: () => current,
      onRotate: (listener: (svid: typeof current) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    const served = await openBundleEndpoint({
      listen: { host: "127.0.0.1", port: 0 },
      path: "/bundle.json",
      bundle: () => authority.bundle(),
      proof: { identity },
      onProblem: (error) => assert.fail(String(error)),
    });
    context.after(() => served[Symbol.asyncDispose]());
    const rotate = async (): Promise<void> => {
      current = await issue();
      for (const listener of listeners) listener(current);
    };
    return { authority, served, rotate };
  }

  it("answers GET on its path alone, to anybody, with the newest bundle", async (context) => {
    const { authority, served } = await own(context);
    const profile = spiffe(authority.bundle());
    assert.deepEqual(await fetched(served.url, profile), Buffer.from(serializeBundle(authority.bundle())));
    await authority.prepare("jwt");
    assert.deepEqual(await fetched(served.url, profile), Buffer.from(serializeBundle(authority.bundle())));
    await assert.rejects(fetched(served.url.replace("bundle.json", ""), profile), coded("FEDERATION_FAILED", /404/));
  });

  it("goes on under the root that others know while they hear of the next one", async (context) => {
    const { authority, served, rotate } = await own(context);
    const old = authority.bundle();
    const root = (await authority.authorities()).x509.find(({ state }) => state === "active");
    await authority.taint(root?.id ?? "", { early: true });
    await rotate();
    const bytes = await fetched(served.url, spiffe(old));
    assert.deepEqual(bytes, Buffer.from(serializeBundle(authority.bundle())), "known by the old, it tells of the new");
  });
});
