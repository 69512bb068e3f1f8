/** Egress that is looked into: real clients, real TLS on both sides, and the attacks that it has to stand. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { promisify } from "node:util";
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { askEgress } from "@cordon/agent/run/ask-egress";
import { openGatewayLink } from "@cordon/agent/run/gateway-link";
import { run as cordonRun } from "@cordon/agent/run/run";
import { run as caCommand } from "@cordon/cli/commands/egress/ca";
import { run as proxyCommand } from "@cordon/cli/commands/egress/proxy";
import { run as listCommand } from "@cordon/cli/commands/egress/list";
import { run as statusCommand } from "@cordon/cli/commands/status";
import { run as revokeCommand } from "@cordon/cli/commands/identity/revoke";
import { idOf, until } from "./estate.ts";
import {
  egressPermits,
  identityOf,
  openOutsideEstate,
  type OutsideEstate,
  type OutsideEstateOptions,
} from "./outside.ts";

const execute = promisify(execFile);
let world: OutsideEstate;
let target: string;

const requests = `[{ methods: [GET, HEAD], paths: ["/v1/things", "/v1/things/*", "/open/**", "/v4/projects/group%2Fname/*"] }, { methods: [POST], paths: ["/v1/uploads"] }]`;

async function open(intercept = "", options: Partial<OutsideEstateOptions> = {}): Promise<void> {
  world = await openOutsideEstate({
    destinations: ({ port, caFile }) => [
      `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
        `intercept: { requests: ${requests}, caFile: "${caFile}"${intercept} }`,
    ],
    ...options,
  });
  target = `api.partner.example:${world.outside.port}`;
}

afterEach(() => world?.[Symbol.asyncDispose]());

const url = (path = "/v1/things"): string => `https://${target}${path}`;

function curl(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return execute("curl", ["-sS", "--cacert", world.trustFile, "--proxy", world.proxy, ...args]);
}

const status = async (...args: string[]): Promise<string> =>
  (await curl("-o", "/dev/null", "-w", "%{http_code}", ...args)).stdout;

test("curl reaches what is declared, by exact method and path; each request is two entries", async () => {
  await open();
  const { stdout } = await curl(url("/v1/things?page=2"), "-H", "Authorization: Bearer own", "-b", "session=s");
  assert.equal(stdout, '{"said":"from outside"}');
  const [seen] = world.outside.requests;
  assert.equal(`${seen?.method} ${seen?.url}`, "GET /v1/things?page=2");
  assert.deepEqual([seen?.headers.authorization, seen?.headers.cookie], ["Bearer own", "session=s"]);
  assert.equal(seen?.headers.host, target);
  for (const [path, ...more] of [
    ["/v1/thingsx"],
    ["/v1/things/a/b"],
    ["/V1/things"],
    ["/v1/%74hings"],
    ["/v1/things", "-X", "DELETE"],
    ["/v1/uploads"],
    ["/v1/things", "--request-target", "/v1/things/../secret", "--path-as-is"],
  ] as const)
    assert.match(await status(url(path), ...more), /^40[03]$/, path);
  assert.equal(await status(url("/open/a/b"), "-I"), "200");
  assert.equal(world.outside.requests.length, 2);
  const { decisions, outcomes } = await world.ledger();
  const inner = decisions.filter(({ context }) => context.method !== "CONNECT");
  assert.deepEqual(
    inner.map(({ effect, action, context }) => [effect, action, context.method, context.route]).slice(0, 2),
    [
      ["allow", "egress", "GET", "partner"],
      ["deny", "egress", "GET", "partner"],
    ],
  );
  assert.match(inner[1]?.reasons[0]?.words ?? "", /is not among the requests that `partner` allows/);
  const whole = outcomes.find(({ id }) => id === inner[0]?.id);
  assert.deepEqual([whole?.end, whole?.status, whole?.response?.bytes], ["complete", 200, stdout.length]);
});

test("an encoded slash leads outside where it is declared as it is spelled; no star stands for one", async () => {
  await open();
  assert.equal(await status(url("/v4/projects/group%2Fname/issues")), "200");
  for (const path of [
    "/v4/projects/group%2fname/issues",
    "/v4/projects/group/name/issues",
    "/v4/projects/group%2Fname/a%2Fb",
    "/v4/projects/group%252Fname/issues",
    "/v1/things/a%2Fb",
    "/open/..%2F..%2Fv1%2Fuploads",
    "/open/a%2Fb",
  ])
    assert.match(await status(url(path), "--path-as-is"), /^40[03]$/, path);
  assert.deepEqual(
    world.outside.requests.map((request) => request.url),
    ["/v4/projects/group%2Fname/issues"],
  );
});

test("Node's fetch, Python and openssl reach it by the environment and the exported authority alone", async () => {
  await open();
  const env = {
    ...{ PATH: process.env["PATH"], HTTPS_PROXY: world.proxy, https_proxy: world.proxy, NODE_USE_ENV_PROXY: "1" },
    ...{ NODE_EXTRA_CA_CERTS: world.trustFile, SSL_CERT_FILE: world.trustFile },
  };
  const fetched = `const r = await fetch(${JSON.stringify(url())}); console.log(r.status, await r.text())`;
  const node = await execute(process.execPath, ["--input-type=module", "-e", fetched], { env });
  assert.equal(node.stdout.trim(), '200 {"said":"from outside"}');
  const script = `import urllib.request; print(urllib.request.urlopen(${JSON.stringify(url())}).read().decode())`;
  const python = await execute("python3", ["-c", script], { env });
  assert.equal(python.stdout.trim(), '{"said":"from outside"}');
  const shown = await world.tls(target, "api.partner.example", ["h2", "http/1.1"]);
  assert.equal(shown.alpnProtocol, "http/1.1");
  const leaf = shown.getPeerX509Certificate();
  assert.deepEqual([leaf?.subjectAltName, leaf?.ca], ["DNS:api.partner.example", false]);
  assert.ok(Date.parse(leaf?.validTo ?? "") - Date.now() <= 86_400_000);
  await assert.rejects(world.tls(target, "api.partner.example", ["h2"]), /no.application.protocol|closed|ECONNRESET/i);
});

test("an upstream that cannot prove itself gets nothing: ended, misnamed or unknown certificates", async () => {
  for (const [options, caFile, words] of [
    [{ expired: true }, true, /expired/],
    [{ names: ["other.example"] }, true, /altnames|ERR_TLS_CERT_ALTNAME_INVALID/],
    [{}, false, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/],
  ] as const) {
    await open("", {
      ...options,
      destinations: (outside) => [
        `name: partner, host: api.partner.example, port: ${outside.port}, component: partner, privateAddresses: true, ` +
          `intercept: { requests: ${requests}${caFile ? `, caFile: "${outside.caFile}"` : ""} }`,
      ],
    });
    const { stdout } = await curl(url(), "-w", "\n%{http_code}");
    assert.match(stdout, /502$/);
    assert.match(stdout, words);
    assert.match(stdout, /nothing was sent/);
    assert.deepEqual(world.outside.requests, []);
    const { outcomes } = await world.ledger();
    assert.ok(outcomes.some(({ end, why }) => end === "upstream-failed" && why?.code === "UPSTREAM_UNTRUSTED"));
    await world[Symbol.asyncDispose]();
  }
  await open();
});

test("DNS rebinding: every connection of a tunnel goes to the address that was judged, whatever the name says later", async () => {
  await open();
  const secured = await world.tls(target, "api.partner.example");
  let text = "";
  secured.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ask = async (count: number): Promise<void> => {
    secured.write(`GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    await until(() => text.split("from outside").length === count + 1, `answer ${count}`);
  };
  await ask(1);
  world.answers.set("api.partner.example", ["169.254.169.254"]);
  for (const socket of world.outside.sockets) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await ask(2);
  assert.deepEqual(world.asked, ["api.partner.example"]);
  assert.equal(world.outside.sockets.length, 2);
  world.answers.set("api.partner.example", ["169.254.169.254"]);
  assert.match((await world.connect(target)).text, /never dialled/);
});

test("who is asked is who was decided on: SNI, Host and absolute targets for another are refused and on record", async () => {
  await open();
  await assert.rejects(world.tls(target, "a.wild.example"), /access.denied|closed/i);
  for (const host of [
    "evil.example",
    `evil.example:${world.outside.port}`,
    "api.partner.example",
    `API.partner.example:${world.outside.port}`,
    `api.partner.example:${world.outside.port}.`,
    "",
  ]) {
    const answer = await world.say(target, `GET /v1/things HTTP/1.1\r\nHost: ${host}\r\n\r\n`, (t) => t.includes("}"));
    assert.match(answer, /^HTTP\/1\.1 403/, host);
    assert.match(answer, /was decided on/);
  }
  const absolute = `GET https://evil.example/v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
  assert.match(await world.say(target, absolute, (t) => t.includes("}")), /^HTTP\/1\.1 400/);
  assert.deepEqual(world.outside.requests, []);
  const { decisions } = await world.ledger();
  assert.equal(decisions.filter(({ effect, context }) => effect === "deny" && context.method === "GET").length, 6);
});

test("smuggling, injection, upgrades and CONNECT inside get no request through", async () => {
  await open();
  const get = `GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n`;
  const post = `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\n`;
  for (const bytes of [
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get}\r\n`,
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    `${post}Content-Length: +3\r\n\r\nabc`,
    `${post}Transfer-Encoding: chunked\r\n\r\n5 \n\nhello\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nhello`,
    `${get}Host: evil.example\r\n\r\n`,
    `${get}X-A: b\nX-Injected: 1\r\n\r\n`,
    `${get}X-A: b\r\n folded: 1\r\n\r\n`,
    `${get}X-A: b\0c\r\n\r\n`,
    `${get}X-A: b\rX-Injected: 1\r\n\r\n`,
    `${get}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    `TRACE /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `GET /v1/things HTTP/1.0\r\nHost: ${target}\r\n\r\n`,
    `GET /v1/things\r\n\r\n`,
    `GET /v1/things HTTP/1.1\r\n\r\n`,
    `GET http:/v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `GET /open/..;/v1/uploads HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `GET /open/%2e%2e/secret HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `GET /open/a%252f..%252fb HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `GET /open\\secret HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    `${get}X-Long: ${"x".repeat(70_000)}\r\n\r\n`,
  ]) {
    const answer = await world.say(target, bytes, (text) => text.includes("}"));
    assert.match(answer, /^(?:HTTP\/1\.1 (?:4\d\d|501) |$)/, JSON.stringify(bytes.slice(0, 160)));
    assert.equal(world.outside.requests.length, 0, JSON.stringify(bytes.slice(0, 160)));
  }
  // What a proxy behind would take for another method, path or host does not go along.
  const odd = ["X-HTTP-Method-Override: DELETE", "X_Original_Url: /secret", "X-Forwarded-Host: evil.example", "Via: 1"];
  await world.say(target, `${get}${odd.join("\r\n")}\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\r\n`);
  const { headers } = world.outside.requests[0] ?? {};
  for (const name of ["x-http-method-override", "x_original_url", "x-forwarded-host", "via", "x-mine"])
    assert.equal(headers?.[name], undefined, name);
  // A second request that does not wait for the first answer is not served beside it.
  world.outside.answer = (_request, response) => void setTimeout(() => response.end("late"), 100);
  await world.say(target, `${get}\r\n${get}\r\n`, (text) => text.includes("late"));
  assert.equal(world.outside.requests.length, 2);
});

const formOf = (text: string): string =>
  `--X\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\n${text}\r\n--X--\r\n`;
const personal = "My identity card says S1234567D.";
const blocking = ", inspection: { request: { pii: block }, response: { pii: redact } }";

test("uploads with labelled content are refused whatever shape they come in; what nobody can read is too", async () => {
  await open(blocking);
  const upload = (type: string, body: string, ...more: string[]) =>
    status(url("/v1/uploads"), "-H", `Content-Type: ${type}`, "--data-binary", body, ...more);
  assert.equal(await upload("application/json", '{"note":"nothing to see"}'), "200");
  const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0";
  assert.equal(await upload("text/plain", "nothing to see", "-H", `User-Agent: ${browser} Safari/537.36`), "200");
  assert.equal(await upload("multipart/form-data; boundary=X", formOf("nothing to see")), "200");
  assert.equal(world.outside.requests.at(-1)?.body, formOf("nothing to see"));
  assert.equal(world.outside.requests.length, 3);
  for (const [type, body, ...more] of [
    ["application/json", JSON.stringify({ note: personal })],
    ["application/json", `{"note":"x","note":"y"}`],
    ["application/json", "{"],
    ["text/plain", personal],
    ["text/plain", personal, "-H", "Transfer-Encoding: chunked"],
    ["application/x-www-form-urlencoded", `note=${encodeURIComponent(personal)}`],
    ["text/plain; charset=utf-16", personal],
    ["text/plain; charset = utf-16", personal],
    ["text/plain; charset=utf-8; charset=utf-16", personal],
    ["application/octet-stream", personal],
    ["application/gzip", "x", "-H", "Content-Encoding: gzip"],
    ["", personal],
    ["multipart/form-data; boundary=X", formOf(personal)],
    ["multipart/form-data; boundary=X", formOf("x").replace("--X--", "--X")],
    ["multipart/form-data; boundary=X", formOf("x").replace("text/plain", "image/png")],
  ] as const)
    assert.match(await upload(type, body, ...more), /^(?:400|403|415)$/, `${type} ${body}`);
  assert.match(await status(url(`/v1/things?note=${encodeURIComponent(personal)}`)), /403/);
  // Whatever header it is put in, but for the client's own credentials.
  for (const name of ["X-Note", "User-Agent", "Accept-Language", "Accept", "Content-Type"])
    assert.match(await status(url(), "-H", `${name}: ${personal}`), /403/, name);
  assert.match(await status(url(), "-H", "User-Agent: S1234567D/120.0.0.0"), /403/);
  assert.equal(world.outside.requests.length, 3);
  const { decisions } = await world.ledger();
  const refused = decisions.filter(({ effect, context }) => effect === "deny" && context.method === "POST");
  assert.ok(refused.length >= 7, String(refused.length));
  assert.ok(JSON.stringify(refused).includes("pii/sg-nric") && !JSON.stringify(refused).includes("S1234567D"));
});

test("a body over the destination's limit is refused, declared or not", async () => {
  await open(", maxBodyBytes: 1000");
  const body = "x".repeat(2_000);
  for (const more of [[], ["-H", "Transfer-Encoding: chunked"]])
    assert.equal(await status(url("/v1/uploads"), "-H", "Content-Type: text/plain", "-d", body, ...more), "413");
  assert.ok(world.outside.requests.every((request) => request.body.length < 2_000));
});

test("answers are filtered as on a route: masked whole, and held back while they stream", async () => {
  await open(blocking);
  world.outside.answer = (_request, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ said: personal }));
  assert.equal((await curl(url())).stdout, '{"said":"My identity card says [SG_NRIC]."}');
  world.outside.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "set-cookie": "theirs=1" });
    response.write("data: My identity card says S12345");
    setTimeout(() => response.end("67D.\n\ndata: done\n\n"), 50);
  };
  const { stdout } = await curl(url(), "-i");
  assert.match(stdout, /set-cookie: theirs=1/i);
  assert.match(stdout, /My identity card says \[SG_NRIC\]\./);
  assert.doesNotMatch(stdout, /S12345/);
  // What was not asked for compressed is not let through compressed: nobody could read it.
  world.outside.answer = (_request, response) =>
    void response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" }).end("x");
  assert.equal(await status(url(), "--compressed"), "502");
});

test("a stream is cut when its caller's identity is revoked: inside and outside, on record, and never whole", async () => {
  await open();
  world.outside.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    const timer = setInterval(() => response.write("more "), 10);
    response.once("close", () => clearInterval(timer));
  };
  const secured = await world.tls(target, "api.partner.example");
  let text = "";
  secured.on("data", (chunk: Buffer) => (text += chunk.toString()));
  secured.write(`GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await until(() => text.split("more").length > 3, "it streams");
  const io = { stdout: () => undefined, stderr: () => undefined };
  const order = ["assistant", "--reason", "taken over", "--socket", world.estate.cordon.socketPath];
  assert.equal(await revokeCommand(order, io), 0);
  await until(() => secured.destroyed, "it is cut");
  assert.doesNotMatch(text, /\r\n0\r\n\r\n/);
  await until(() => world.outside.sockets.every((socket) => socket.destroyed), "the far end is let go");
  const { outcomes, decisions } = await world.ledger();
  assert.deepEqual(outcomes.map(({ end }) => end).toSorted(), ["cut", "cut"]);
  assert.equal(decisions.filter(({ effect }) => effect === "deny").length, 2);
});

test("a permit that asks for inspection is met where the destination inspects, and refused where it does not", async () => {
  const permits = egressPermits.replace('@id("assistant-out")', '@id("assistant-out") @inspect("request:pii=block")');
  await open(", inspection: {}", { policies: permits });
  assert.equal(await status(url()), "200");
  const note = JSON.stringify({ note: personal });
  assert.equal(await status(url("/v1/uploads"), "-H", "Content-Type: application/json", "-d", note), "403");
  await world[Symbol.asyncDispose]();
  await open("", { policies: permits });
  assert.match((await world.connect(target)).text, /^HTTP\/1\.1 403/);
});

test("the interception authority is nobody's identity: a certificate under it opens no door of Cordon's", async () => {
  await open();
  const { authority, interception } = world.estate.cordon.control;
  const [root] = await interception.certificates();
  const { key, chain } = await interception.leafFor("api.partner.example");
  assert.ok(authority.bundle().x509Authorities.every((each) => !Buffer.from(each).equals(Buffer.from(root ?? []))));
  const svid = { id: idOf("agent", "assistant"), chain, key, notBefore: 0, notAfter: 0 };
  await assert.rejects(world.estate.call(svid, "/v1/models"));
  const own = new X509Certificate(Buffer.from(root ?? []));
  assert.ok(own.ca && own.keyUsage?.join() === "1.3.6.1.5.5.7.3.1" && !own.subject.includes("spiffe:"));
});

test("`cordon run` tells its command whom to trust, beside what the machine trusts; `cordon egress ca` prints it", async () => {
  await open();
  const ca = join(world.estate.folder, "own.pem");
  await writeFile(ca, world.outside.ca);
  const script = `printf '%s ' "$SSL_CERT_FILE"; grep -c BEGIN "$SSL_CERT_FILE"; curl -sS ${url()}; python3 -c 'import urllib.request; print(urllib.request.urlopen("${url("/v1/things/7")}").status)'`;
  const out = join(world.estate.folder, "out.txt");
  const words: string[] = [];
  const code = await cordonRun({
    ...{ component: "assistant", socketPath: world.estate.cordon.socketPath, stdio: "ignore" },
    ...{
      checkpointsFolder: join(world.estate.folder, "kept"),
      command: "sh",
      args: ["-c", `(${script}) > ${out} 2>&1`],
    },
    env: { PATH: process.env["PATH"], CURL_CA_BUNDLE: ca },
    say: (one) => words.push(one),
  });
  const text = await readFile(out, "utf8");
  assert.equal(code, 0, text + words.join("; "));
  assert.match(text, /^\S+ca\.pem (\d{2,})\n\{"said":"from outside"\}200\n$/);
  await assert.rejects(readFile(text.split(" ")[0] ?? ""), /ENOENT/); // gone with the run
  let printed = "";
  const io = { stdout: (more: string) => void (printed += more), stderr: () => undefined };
  assert.equal(await caCommand(["--socket", world.estate.cordon.socketPath], io), 0);
  assert.equal(printed, world.trust);
  printed = "";
  await statusCommand(["--socket", world.estate.cordon.socketPath], io);
  assert.match(
    printed,
    /only GET\/HEAD \/v1\/things \/v1\/things\/\* \/open\/\*\* \/v4\/projects\/group%2Fname\/\*; POST \/v1\/uploads/,
  );
});

test("what an interception must be", async () => {
  for (const [text, words] of [
    ['requests: [{ methods: [GET], paths: ["v1"] }]', /start with `\/`/],
    ['requests: [{ methods: [GET], paths: ["/a/**/b"] }]', /at its end only/],
    ['requests: [{ methods: [CONNECT], paths: ["/"] }]', /methods/],
    ["requests: []", /requests/],
  ] as const)
    await assert.rejects(
      openOutsideEstate({
        destinations: () => [`name: partner, host: api.partner.example, component: partner, intercept: { ${text} }`],
      }),
      (error: Error) => words.test(error.message) || assert.fail(error.message),
    );
  await assert.rejects(
    openOutsideEstate({
      destinations: () => [
        `name: partner, host: api.partner.example, component: partner, protocol: any, intercept: { requests: ${requests} }`,
      ],
    }),
    /must be `tls` or `http` where there is `intercept`/,
  );
  await open();
});

test("a labelled document is known again in an upload, whatever it is wrapped in, and does not leave", async () => {
  const document = "The committee resolved to close the northern branch by the end of the next quarter.";
  const rules = `${egressPermits}
@id("reads") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/training-data");
@id("rival-out") permit (principal == Workload::"default/agent/rival", action == Action::"egress", resource == Component::"default/external/partner");
`;
  // Another principal than the one that read it: its own session holds nothing, so it is the content that is known.
  await open(", inspection: {}", {
    ...{ policies: rules, more: "informationFlow: {}\n", who: "rival" },
  });
  world.estate.data.answer = (_request, response) =>
    void response.writeHead(200, { "content-type": "text/plain" }).end(document);
  const upload = (type: string, body: string) =>
    status(url("/v1/uploads"), "-H", `Content-Type: ${type}`, "--data-binary", body);
  assert.equal(await upload("text/plain", document), "200"); // nobody has read it yet
  const read = await world.estate.call(await world.estate.svidFor("agent", "assistant"), "/training-data/minutes");
  assert.equal(read.text, document);
  assert.equal(await upload("application/json", JSON.stringify({ deep: [{ note: document }] })), "403");
  assert.equal(world.outside.requests.length, 1);
});

const rivalReads = `${egressPermits}
@id("reads") permit (principal == Workload::"default/agent/rival", action == Action::"read", resource == Component::"default/dataset/training-data");
@id("rival-out") permit (principal == Workload::"default/agent/rival", action == Action::"egress", resource == Component::"default/external/partner");
`;

/** A connection outside that is looked into, of a principal who may read private data beside it. */
async function openBeside(intercept = ", inspection: {}"): Promise<{
  readonly secured: TLSSocket;
  readonly text: () => string;
  readonly readPrivate: () => Promise<void>;
}> {
  await open(intercept, { policies: rivalReads, more: "informationFlow: {}\n", who: "rival" });
  const secured = await world.tls(target, "api.partner.example");
  secured.on("error", () => undefined);
  let text = "";
  secured.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const rival = await world.estate.svidFor("agent", "rival");
  world.estate.data.answer = (_request, response) =>
    void response.writeHead(200, { "content-type": "text/plain" }).end("what is private");
  const readPrivate = async (): Promise<void> => {
    assert.equal((await world.estate.call(rival, "/training-data/minutes")).status, 200);
  };
  return { secured, readPrivate, text: () => text };
}

/** Longer than open connections go without being looked at. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));

for (const [what, end, words] of [
  [
    "whose permit is taken away",
    () => writeFile(join(world.estate.folder, "policies.cedar"), rivalReads.replace(/@id\("rival-out"\).*\n/, "")),
    /no policy of namespace/,
  ],
  [
    "that is revoked",
    async () => {
      const io = { stdout: () => undefined, stderr: () => undefined };
      const order = ["rival", "--reason", "taken over", "--socket", world.estate.cordon.socketPath];
      assert.equal(await revokeCommand(order, io), 0);
    },
    /revoked|taken over/,
  ],
] as const)
  test(`private data that came in since is refused request by request, and a principal ${what} is cut all the same`, async () => {
    const { secured, text, readPrivate } = await openBeside();
    const ask = (): boolean => secured.write(`GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    ask();
    await until(() => text().includes("from outside"), "an answer");
    await readPrivate();
    await aWhile();
    assert.equal(secured.destroyed, false);
    ask();
    await until(() => text().split("HTTP/1.1 ").length === 3, "another answer");
    assert.match(text(), /HTTP\/1\.1 403 [^]*a way out/);
    // Nothing new is opened, and what is open stays so.
    assert.match((await world.connect(target)).text, /^HTTP\/1\.1 403[^]*a way out/);
    await aWhile();
    assert.equal(secured.destroyed, false);
    await end();
    await until(() => secured.destroyed, "it is cut");
    assert.equal(world.outside.requests.length, 1);
    const { outcomes } = await world.ledger();
    const cut = outcomes.find(({ end: how }) => how === "cut");
    assert.match(cut?.why?.words ?? "", words);
  });

test("an answer to a request that was here whole before private data came in goes on to its end", async () => {
  const { secured, text, readPrivate } = await openBeside();
  let end = (): void => undefined;
  world.outside.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).write("the first half, ");
    end = () => void response.end("and the other");
  };
  secured.write(`GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await until(() => world.outside.requests.length === 1, "it is asked");
  await readPrivate();
  await aWhile();
  end();
  await until(() => text().includes("and the other"), "all of it");
  await until(() => text().endsWith("\r\n0\r\n\r\n"), "its end");
});

test("a request that waits for inspection while private data comes in is refused, though it was decided before", async () => {
  const asked: ServerResponse[] = [];
  const judge = createServer((_request, response) => void asked.push(response)).listen(0, "127.0.0.1");
  await once(judge, "listening");
  const at = `http://127.0.0.1:${(judge.address() as AddressInfo).port}/v1/chat/completions`;
  try {
    const { secured, text, readPrivate } = await openBeside(
      `, inspection: { judge: { url: "${at}", model: guard, band: { from: 0, to: 99 }, timeoutMs: 60000 } }`,
    );
    const body = "Tickets are sold at the pier from eight on, as every day of the week.";
    secured.write(
      `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => asked.length > 0, "it is being judged");
    await readPrivate();
    await aWhile();
    assert.equal(secured.destroyed, false);
    const benign = JSON.stringify({ choices: [{ message: { content: '{"label":"benign"}' } }] });
    for (const response of asked) response.writeHead(200, { "content-type": "application/json" }).end(benign);
    await until(() => text().includes("\r\n\r\n"), "an answer");
    assert.match(text(), /^HTTP\/1\.1 403 [^]*a way out/);
    assert.equal(world.outside.requests.length, 0);
    const { decisions } = await world.ledger();
    const inner = decisions.find(({ context }) => context.method === "POST");
    assert.deepEqual([inner?.effect, inner?.reasons[0]?.code], ["deny", "information-flow"]);
    assert.equal(inner?.reasons[0]?.steps?.length, 2);
  } finally {
    judge.closeAllConnections();
    judge.close();
  }
});

for (const [rest, how] of [
  ["", "what is still to come might be that"],
  ["and whole by now", "whole or not by then"],
] as const)
  test(`a request that was let through before it was here whole is cut when private data comes in: ${how}`, async () => {
    const { secured, text, readPrivate } = await openBeside(", inspection: off");
    world.outside.answer = (_request, response) => void response.writeHead(200).write("more is to come");
    const head = `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\nContent-Length: 22\r\n\r\n`;
    secured.write(`${head}begun `);
    await until(() => world.outside.sockets.some(({ bytesRead }) => bytesRead > 0), "it is on its way");
    secured.write(rest);
    if (rest !== "") await until(() => text().includes("more is to come"), "it is whole, and being answered");
    await readPrivate();
    await until(() => secured.destroyed, "it is cut");
    assert.equal(world.outside.requests.length, rest === "" ? 0 : 1);
  });

for (const [how, length] of [
  ["of known length", "Content-Length: 60"],
  ["in chunks", "Transfer-Encoding: chunked"],
] as const)
  test(`what the far end answers before it has all of a request, ${how}, leaves no way out for what comes in afterwards`, async () => {
    const { secured, text, readPrivate } = await openBeside(", inspection: off");
    const inChunks = length.startsWith("Transfer");
    const piece = (words: string): string => (inChunks ? `${words.length.toString(16)}\r\n${words}\r\n` : words);
    let received = "";
    world.outside.begun = (request, response) => {
      request.on("data", (chunk: Buffer) => (received += chunk.toString()));
      response.writeHead(200, { "content-length": "2" }).end("ok");
    };
    secured.write(
      `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\n${length}\r\n\r\n${piece("begun ")}`,
    );
    await until(() => /\r\n\r\n[^]*ok/.test(text()), "its answer is whole");
    await readPrivate();
    for (let times = 0; times < 3; times += 1) {
      secured.write(piece("what is private"));
      await aWhile();
    }
    assert.doesNotMatch(received, /private/);
  });

test("requests that do not wait for the answer before them say nothing of what came in since", async () => {
  const { secured, text, readPrivate } = await openBeside(", inspection: off");
  let end = (): void => undefined;
  world.outside.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).write("slow");
    end = () => void response.end();
  };
  secured.write(`GET /v1/things HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await until(() => text().includes("slow"), "it is being answered");
  await readPrivate();
  const body = "what is private";
  const head = `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\n`;
  secured.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`.repeat(3));
  await aWhile();
  end();
  await aWhile();
  assert.deepEqual(
    world.outside.requests.map(({ method }) => method),
    ["GET"],
  );
});

for (const [what, ask] of [
  ["a body that GET has", `GET /v1/things HTTP/1.1\r\nHost: HOST\r\nContent-Length: 40\r\n\r\nbegun `],
  ["trailers", `POST /v1/uploads HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbegun \r\n0\r\n`],
] as const)
  test(`${what}: what is still to come of it when private data comes in goes nowhere`, async () => {
    const { secured, readPrivate } = await openBeside(", inspection: off");
    world.outside.answer = (_request, response) => void response.writeHead(200).write("more is to come");
    secured.write(ask.replace("HOST", target));
    await aWhile();
    await readPrivate();
    secured.write("X-Said: what is private\r\n\r\n");
    await until(() => secured.destroyed, "it is cut");
    assert.doesNotMatch(JSON.stringify(world.outside.requests), /private/);
  });

test("bytes, requests and refusals are counted by principal and destination: API, command line, metrics", async () => {
  await open("", { more: 'operations: { listen: "127.0.0.1:0" }\n' });
  await status(url("/v1/uploads"), "-H", "Content-Type: text/plain", "-d", "x".repeat(5_000));
  await status(url("/secret"));
  let printed = "";
  const io = { stdout: (more: string) => void (printed += more), stderr: () => undefined };
  assert.equal(await listCommand(["--json", "--socket", world.estate.cordon.socketPath], io), 0);
  const [total, ...more] = (JSON.parse(printed) as { totals: Record<string, unknown>[] }).totals;
  assert.deepEqual(
    [more.length, total?.["principal"], total?.["destination"], total?.["requests"], total?.["refused"]],
    [0, idOf("agent", "assistant"), "partner", 1, 1],
  );
  assert.ok(Number(total?.["bytesOut"]) > 5_000 && Number(total?.["bytesIn"]) > 1_000, printed);
  printed = "";
  await listCommand(["--socket", world.estate.cordon.socketPath], io);
  assert.match(printed, /agent\/assistant {2}default\/partner {2}\d+ out {2}\d+ in {2}1 let through {2}1 refused\n/);
  const metrics = await (await fetch(`${world.estate.cordon.operationsUrl}/metrics`)).text();
  assert.match(metrics, /cordon_egress_bytes_total\{[^}]*destination="partner"[^}]*direction="out"\} \d{4}/);
  assert.match(metrics, /cordon_egress_requests_total\{[^}]*effect="deny"\} 1/);
});

test("requests that begin at one time are no more than the limit lets through", async () => {
  await open("", {
    destinations: ({ port, caFile }) => [
      `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
        `limit: { requests: 2 }, intercept: { requests: ${requests}, caFile: "${caFile}"${blocking} }`,
    ],
  });
  // Each on a connection of its own; none has said all before each has begun.
  const head = `POST /v1/uploads HTTP/1.1\r\nHost: ${target}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n`;
  const begun = await Promise.all(Array.from({ length: 6 }, () => world.tls(target, "api.partner.example")));
  for (const socket of begun) socket.write(`${head}a`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const statuses = await Promise.all(
    begun.map(async (socket) => {
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      socket.write("b");
      await until(() => text.includes("\r\n\r\n"), "an answer");
      return text.slice(9, 12);
    }),
  );
  assert.deepEqual(statuses.toSorted(), ["200", "200", "403", "403", "403", "403"]);
  assert.equal(world.outside.requests.length, 2);
});

test("a limit cuts the live connection before a byte more passes, and refuses what comes next", async () => {
  for (const intercept of [true, false]) {
    await open("", {
      destinations: ({ port, caFile }) => [
        `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
          `limit: { perSeconds: 31536000, bytesIn: 40000 }` +
          (intercept ? `, intercept: { requests: ${requests}, caFile: "${caFile}" }` : ""),
      ],
    });
    world.outside.answer = (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const timer = setInterval(() => response.write("x".repeat(1_000)), 2);
      response.once("close", () => clearInterval(timer));
    };
    const args = ["-sS", "--cacert", intercept ? world.trustFile : world.outside.caFile, "--proxy", world.proxy, url()];
    const cut = await execute("curl", args).then(
      () => assert.fail("it was whole"),
      (error: { readonly stdout: string }) => error.stdout,
    );
    assert.ok(cut.length > 10_000 && cut.length < 40_000, String(cut.length));
    const { status: refused, text } = await world.connect(target);
    assert.equal(refused, 403);
    assert.match(text, /has used up what `partner` allows it in 31536000 s: 40000 bytes in/);
    const { outcomes, decisions } = await world.ledger();
    assert.ok(
      outcomes.some(
        ({ end, why, response }) =>
          end === "cut" && /used up/.test(why?.words ?? "") && (response?.bytes ?? 0) <= 40_000,
      ),
    );
    assert.equal(decisions.filter(({ reasons }) => reasons[0]?.policy === "egress-limit").length, 2);
    await world[Symbol.asyncDispose]();
  }
  await open("", {
    destinations: ({ port, caFile }) => [
      `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
        `limit: { requests: 2 }, intercept: { requests: ${requests}, caFile: "${caFile}" }`,
    ],
  });
  const answers = [await status(url()), await status(url()), (await world.connect(target)).status];
  assert.deepEqual(answers, ["200", "200", 403]);
});

test("plain http: leaves only to where that is declared, by the same rules, and never with two hosts in one request", async () => {
  await open("", {
    plain: true,
    destinations: ({ port }) => [
      `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
        `protocol: http, intercept: { requests: ${requests}, inspection: { request: { pii: block } } }`,
    ],
  });
  const plain = (path: string): string => url(path).replace("https:", "http:");
  const get = (...args: string[]) =>
    execute("curl", [
      "-sS",
      "--max-time",
      "5",
      "--proxy",
      world.proxy,
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      ...args,
    ]).then(({ stdout }) => stdout);
  assert.equal(await get(plain("/v1/things?x=1"), "-H", "Proxy-Connection: keep-alive"), "200");
  const [seen] = world.outside.requests;
  assert.deepEqual(
    [seen?.url, seen?.headers.host, seen?.headers["proxy-authorization"]],
    ["/v1/things?x=1", target, undefined],
  );
  assert.equal(await get("--proxytunnel", plain("/v1/things")), "200"); // by CONNECT, as well
  assert.equal(await get(plain("/secret")), "403");
  assert.equal(await get(plain("/v1/uploads"), "-H", "Content-Type: text/plain", "-d", "fine"), "200");
  assert.equal(await get(plain("/v1/uploads"), "-H", "Content-Type: text/plain", "-d", personal), "403");
  assert.equal(await get(plain("/v1/things"), "-H", "Host: evil.example"), "400");
  assert.equal(await get("http://evil.example/v1/things"), "403");
  assert.equal(await get("http://169.254.169.254/latest/meta-data"), "403");
  assert.equal(await get(`http://user@${target}/v1/things`, "-H", `Host: ${target}`), "200"); // curl takes the user out
  const { hostname, port } = new URL(world.proxy);
  const raw = (head: string): Promise<string> =>
    new Promise((done) => {
      const socket = connect({ host: hostname, port: Number(port) });
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString())).on("close", () => done(text));
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    });
  assert.match(await raw(`GET ${plain("/v1/things")} HTTP/1.1\r\nHost: ${target}`), /^HTTP\/1.1 407/);
  const own = `Proxy-Authorization: Basic ${Buffer.from(`cordon:${world.secret}`).toString("base64")}`;
  for (const bad of [`http://user@${target}/v1/things`, `ftp://${target}/`, `http:///v1/things`, `HTTP://${target}#x`])
    assert.match(await raw(`GET ${bad} HTTP/1.1\r\nHost: ${target}\r\n${own}`), /^HTTP\/1.1 40[03]/, bad);
  assert.equal(world.outside.requests.length, 4);
  const { decisions } = await world.ledger();
  assert.ok(decisions.some(({ effect, context }) => effect === "deny" && context.method === "POST"));
});

test("`cordon egress proxy` leads an ordinary program outside, by the printed settings and not without its password", async () => {
  await open();
  let printed = "";
  let said = "";
  const io = { stdout: (more: string) => void (printed += more), stderr: (more: string) => void (said += more) };
  const stop = Promise.withResolvers<void>();
  const socket = ["--socket", world.estate.cordon.socketPath];
  const running = proxyCommand(["--as", "assistant", ...socket], io, stop.promise);
  await until(() => said.includes("leads outside, as spiffe://test.example/"), "it runs");
  const settings = Object.fromEntries(
    [...printed.matchAll(/^export (\w+)='([^']+)'$/gm)].map(([, name, value]) => [name, value]),
  );
  const env = { PATH: process.env["PATH"], ...settings };
  assert.equal((await execute("curl", ["-sS", url()], { env })).stdout, '{"said":"from outside"}');
  const open_ = { ...env, https_proxy: settings["https_proxy"]?.replace(/:[^:@]+@/, ":guess@") };
  await assert.rejects(execute("curl", ["-sS", url()], { env: open_ }), /407/);
  const at = settings["https_proxy"]?.replace(/^.*@/, "http://") ?? "";
  assert.equal((await fetch(at)).status, 404);
  stop.resolve();
  assert.equal(await running, 0);
  await assert.rejects(fetch(at));
  await assert.rejects(proxyCommand(["--as", "assistant", "--listen", "0.0.0.0:1", ...socket], io), /on loopback/);
  await assert.rejects(proxyCommand(["--me", "--as", "assistant"], io), /stands alone/);
});

test("with `--listen unix:` a run's proxy has a loopback port of its own", async () => {
  await open();
  const out = join(world.estate.folder, "out.txt");
  const words: string[] = [];
  const code = await cordonRun({
    ...{ component: "assistant", socketPath: world.estate.cordon.socketPath, stdio: "ignore", command: "sh" },
    ...{ checkpointsFolder: join(world.estate.folder, "kept"), args: ["-c", `curl -sS ${url()} > ${out} 2>&1`] },
    listenSocketPath: join(world.estate.folder, "run", "endpoint.sock"),
    env: { PATH: process.env["PATH"] },
    say: (one) => words.push(one),
  });
  assert.equal(await readFile(out, "utf8"), '{"said":"from outside"}', words.join("; "));
  assert.equal(code, 0);
});

test("the gateway says to whoever has an identity what it reaches, and whom to trust for it", async () => {
  await open();
  const identity = await identityOf(world.estate, "rival");
  await using link = openGatewayLink(identity, {
    url: world.estate.cordon.gatewayUrl,
    id: world.estate.cordon.gatewayId,
  });
  assert.deepEqual(await askEgress(link), { egress: true, interception: world.trust });
});
