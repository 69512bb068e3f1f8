/** `cordon doctor` on real estates: nothing on a healthy one, and each planted fault found with where and what to do. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { run as doctor } from "@cordon/cli/commands/doctor";
import { run as status } from "@cordon/cli/commands/status";
import { thisMachine, type Machine } from "@cordon/cli/doctor/estate";
import { openEstate, openUpstream, type Estate } from "./estate.ts";
import { openSpiffeUpstream, type SpiffeUpstream } from "./spiffe-upstream.ts";

interface Report {
  readonly ok: boolean;
  readonly running: boolean;
  readonly findings: readonly { check: string; what: string; where: string; remedy: string }[];
  readonly notes: readonly { check: string; words: string }[];
  readonly upstreams: readonly { name: string; bypass: { verdict: string; words: string } }[];
}

const root = await mkdtemp(join(tmpdir(), "cordon-doctor-"));
after(() => rm(root, { recursive: true, force: true }));
const room = { freeBytes: 1e12, freeFiles: 1e6, files: 1e7 };
const well: Machine = { ...thisMachine, env: { PATH: process.env["PATH"] }, room: async () => room };

/** Runs the command; holds it to its exit code, and every finding to saying what, where and what to do. */
async function examine(configuration: string, machine: Partial<Machine> = {}): Promise<Report> {
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
  const code = await doctor(["--config", configuration, "--json"], io, { ...well, ...machine });
  const report = JSON.parse(out) as Report;
  assert.equal(code, report.findings.length > 0 ? 1 : 0);
  for (const { what, where, remedy } of report.findings) assert.ok(what && where && remedy, JSON.stringify(report));
  return report;
}

/** The one finding, when everything else is well. */
function only({ findings }: Report): string {
  assert.equal(findings.length, 1, JSON.stringify(findings, null, 2));
  return `${findings[0]?.check}: ${findings[0]?.what} | ${findings[0]?.where} | ${findings[0]?.remedy}`;
}

const parts = {
  keys: "keys: { root: { passphrase: { exec: [echo, correct-horse-battery] } } }",
  state: "state: ./state",
  gateway: 'gateway: { listen: "127.0.0.1:0" }',
  checkpoints: "ledger: { checkpoints: { files: [./checkpoints] } }",
  more: "console: { enabled: false }",
  upstreams: "upstreams: []",
  routes: "routes: []",
};
let counter = 0;

/** A configuration in a folder of its own, without a running control plane. */
async function configured(change: Partial<typeof parts> = {}): Promise<string> {
  const folder = join(root, `estate-${++counter}`);
  await mkdir(folder);
  const head =
    "version: 1\ntrustDomain: test.example\ncomponents:\n  - { name: gateway, kind: service, boundary: api }\n  - { name: chat, kind: endpoint, boundary: model }\n";
  const text = `${head}policies: [{ text: '@id("one") permit(principal, action, resource);' }]\n`;
  await writeFile(join(folder, "cordon.yaml"), text + Object.values({ ...parts, ...change }).join("\n"));
  return join(folder, "cordon.yaml");
}

const upstream = (url: string, more = "authentication: loopback"): Partial<typeof parts> => ({
  upstreams: `upstreams: [{ name: chat, url: "${url}", ${more} }]`,
  routes: "routes: [{ name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }]",
});

let estate: Estate;
let chat: SpiffeUpstream;
before(async () => {
  chat = await openSpiffeUpstream();
  const { upstreams, routes } = upstream(chat.url, "authentication: { spiffe: chat }");
  estate = await openEstate({
    configuration: () =>
      [
        "version: 1\ntrustDomain: test.example",
        "components:\n  - { name: gateway, kind: service, boundary: api }\n  - { name: chat, kind: endpoint, boundary: model }\n  - { name: rival, kind: agent, boundary: api }",
        "policies: [{ file: policies.cedar }]",
        ...Object.values({ ...parts, upstreams, routes }),
      ].join("\n"),
    policies: `@id("one") permit(principal, action, resource);`,
  });
  chat.serve(await estate.svidFor("endpoint", "chat"));
});
after(async () => {
  await estate[Symbol.asyncDispose]();
  await chat[Symbol.asyncDispose]();
});

test("finds nothing wrong with an estate that is well and running", async () => {
  const report = await examine(estate.configuration);
  assert.deepEqual([report.findings, report.notes, report.ok, report.running], [[], [], true, true]);
  assert.deepEqual(
    report.upstreams.map(({ name, bypass }) => [name, bypass.verdict]),
    [["default/chat", "closed"]],
  );
});

test("finds nothing wrong with one that has never been started, and says what it did not look at", async () => {
  const report = await examine(await configured());
  assert.deepEqual([report.findings, report.running], [[], false]);
  assert.match(report.notes[0]?.words ?? "", /no control plane runs here/);
});

test("an upstream that proves itself as another component is found", async () => {
  chat.serve(await estate.svidFor("agent", "rival"));
  assert.match(only(await examine(estate.configuration)), /it is spiffe:.*rival, and must be spiffe:.*chat/);
  chat.serve(await estate.svidFor("endpoint", "chat"));
});

test("an upstream that serves strangers is found, by doctor and by status --probe", async () => {
  chat.admitAnyone = true;
  assert.match(only(await examine(estate.configuration)), /answers without Cordon: 200.*require a client certificate/);
  const probe = async (): Promise<[number, string]> => {
    let out = "";
    const socket = ["--socket", estate.cordon.socketPath];
    const code = await status(["--probe", ...socket], { stdout: (text) => (out += text), stderr: () => undefined });
    return [code, out];
  };
  const [open, said] = await probe();
  assert.equal(open, 1);
  assert.match(said, /bypassable +default\/chat: .*\n[^]*problem +default\/chat is bypassable.*require a client cert/);
  chat.admitAnyone = false;
  const [closed, now] = await probe();
  assert.equal(closed, 0, now);
  assert.match(now, /closed +default\/chat/);
});

test("an identity that expired, or was not renewed, is found", async () => {
  for (const [hours, words] of [
    [0.8, /has not been renewed/],
    [2, /gateway's identity expired/],
  ] as const) {
    const { findings } = await examine(estate.configuration, { now: () => Date.now() + hours * 3_600_000 });
    assert.ok(
      findings.some(({ check, what }) => check === "running" && words.test(what)),
      JSON.stringify(findings),
    );
  }
});

test("a clock that is behind what this machine wrote is found", async () => {
  const { findings } = await examine(estate.configuration, { now: () => Date.now() - 60_000 });
  assert.ok(findings.some(({ check, what }) => check === "clock" && /which is before .*was written/.test(what)));
});

test("a clock that jumps is found", async () => {
  let jumped = 0;
  const now = () => Date.now() + (jumped++ === 0 ? 0 : 7_000);
  assert.match(only(await examine(await configured(), { now })), /clock: the clock jumped by 7 s/);
});

test("a clock that an upstream disagrees with is found", async () => {
  await using server = await openUpstream();
  server.answer = (_seen, response) =>
    response.writeHead(401, { date: new Date(Date.now() + 3_600_000).toUTCString() }).end();
  const report = await examine(await configured(upstream(`http://127.0.0.1:${server.port}/v1`)));
  assert.match(only(report), /clock: .*default\/chat says .*one of them is wrong/);
});

test("a state folder that others may enter is found", async () => {
  await chmod(join(estate.folder, "state"), 0o755);
  assert.match(only(await examine(estate.configuration)), /state: other users .*mode 755.*chmod 700/);
  await chmod(join(estate.folder, "state"), 0o700);
});

test("a database with a newer schema is found", async () => {
  const file = await configured();
  const folder = join(file, "..", "state");
  await mkdir(folder, { mode: 0o700 });
  const database = new DatabaseSync(join(folder, "cordon.db"));
  database.exec("create table cordon_migration (number integer, name text, at text)");
  database.exec("insert into cordon_migration values (999, 'from-the-future', 'x')");
  database.close();
  await chmod(join(folder, "cordon.db"), 0o600);
  assert.match(only(await examine(file)), /store: It was written by a newer Cordon/);
});

test("faults of the configuration's own words are found, each alone and with its remedy", async () => {
  const long = "a".repeat(120);
  const cases: [RegExp, Partial<typeof parts>][] = [
    [/configuration: unknown field `stalenes`.*cordon\.yaml:\d+:\d+/, { more: "stalenes: 1" }],
    [/state: it cannot be written.*set `state`/, { state: "state: /proc/cordon-state" }],
    [/socket: the socket's path is \d+ bytes.*shorter path/, { state: `state: ./${long}` }],
    [/keys: the keys are sealed by a file only.*passphrase/, { keys: "keys: { root: { file: root.key } }" }],
    [
      /secrets: .*`NO_SUCH_SECRET`: it is not set.*keys\.root/,
      { keys: "keys: { root: { passphrase: { env: NO_SUCH_SECRET } } }" },
    ],
    [/store: .*127\.0\.0\.1:1/, { more: `${parts.more}\nstore: { url: "postgres://127.0.0.1:1/cordon" }` }],
    [
      /checkpoints: it lies in the state folder/,
      { checkpoints: "ledger: { checkpoints: { files: [./state/copies] } }" },
    ],
    [
      /checkpoints: it cannot be written/,
      { checkpoints: "ledger: { checkpoints: { files: [./cordon.yaml/copies] } }" },
    ],
    [
      /ports: `gateway\.listen` already has/,
      { gateway: 'gateway: { listen: "127.0.0.1:28443" }', more: 'console: { listen: "127.0.0.1:28443" }' },
    ],
    [/ports: this machine does not have the address/, { gateway: 'gateway: { listen: "192.0.2.1:8443" }' }],
    [/upstreams: it cannot be reached \(ECONNREFUSED\).*start it/, upstream("http://127.0.0.1:1/v1")],
    [/upstreams: its certificate does not verify/, upstream(chat.url, "authentication: webpki")],
    [
      /upstreams: its authorities cannot be read/,
      upstream(chat.url, "authentication: { webpki: { caFile: ./none.pem } }"),
    ],
  ];
  for (const [words, change] of cases) assert.match(only(await examine(await configured(change))), words);
});

test("an invalid policy is found, with its line", async () => {
  const file = await configured();
  await writeFile(
    join(file, "..", "p.cedar"),
    '@id("x")\npermit(principal, action, resource) when { resource.colour };\n',
  );
  await writeFile(
    file,
    "version: 1\ntrustDomain: test.example\ncomponents: [{ name: gateway, kind: service, boundary: api }]\npolicies: [{ file: p.cedar }]\n",
  );
  const [finding] = (await examine(file)).findings;
  assert.match(`${finding?.where} ${finding?.what}`, /p\.cedar:2:\d+ .*colour/);
});

test("a configuration that is not there is found", async () => {
  assert.match(only(await examine(join(root, "none.yaml"))), /configuration: .*no such file.*cordon init/);
});

test("a port that another program has is found, and left alone", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const report = await examine(await configured({ gateway: `gateway: { listen: "127.0.0.1:${port}" }` }));
  assert.match(only(report), /ports: another program has the port .*gateway\.listen/);
  assert.equal(other.listening, true);
  await new Promise((resolve) => other.close(resolve));
});

test("a disk that is nearly full is found", async () => {
  const bytes = await examine(await configured(), { room: async () => ({ ...room, freeBytes: 1024 * 1024 }) });
  assert.match(bytes.findings[0]?.what ?? "", /only 1 MiB are free/);
  const files = await examine(await configured(), { room: async () => ({ ...room, freeFiles: 3 }) });
  assert.match(files.findings[0]?.what ?? "", /only 3 more files fit/);
  assert.ok((await thisMachine.room(root)).freeBytes > 0, "and what this machine really has is read");
});

test("another Node than the one that Cordon is built for is found", async () => {
  assert.match(only(await examine(await configured(), { nodeVersion: "20.19.0" })), /runtime: this is Node 20\.19\.0/);
});

test("an upstream that lets everybody on this machine in is found; one that wants a key is not", async () => {
  await using server = await openUpstream();
  const file = await configured(upstream(`http://127.0.0.1:${server.port}/v1`));
  assert.match(only(await examine(file)), /answers without Cordon.*every process of this machine reaches it/);
  server.answer = (_seen, response) => response.writeHead(401).end();
  assert.deepEqual((await examine(file)).findings, []);
});

test("a ledger that stopped is found in the running control plane", async () => {
  await estate.cordon.ledger[Symbol.asyncDispose]();
  assert.match(only(await examine(estate.configuration)), /running: the ledger is closed.*nothing is served/);
});

test("a control plane with a stale snapshot, lost checkpoints, no policies and no console is found to be so", async () => {
  const file = await configured();
  const folder = join(file, "..", "state");
  await mkdir(folder, { mode: 0o700 });
  const identity = { notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 };
  const answer = {
    revision: 7,
    snapshotAgeMs: 90_000,
    stalenessLimitMs: 60_000,
    gateway: { id: "spiffe://test.example/ns/default/service/gateway", identity },
    policies: { count: 0 },
    ledger: { state: "open", failingSinks: [{ folder: "/mnt/copies", why: "EACCES" }] },
    console: { why: "the port is taken" },
  };
  const stub = createHttpServer((_request, response) => response.end(JSON.stringify(answer)));
  await new Promise<void>((resolve) => stub.listen(join(folder, "control.sock"), resolve));
  const { findings, running } = await examine(file);
  stub.close();
  assert.equal(running, true);
  const words = findings.map(({ what }) => what).join("\n");
  for (const fault of [
    /stale: revision 7 .*90 s ago/,
    /no policies/,
    /do not reach it: EACCES/,
    /console is not served/,
  ])
    assert.match(words, fault);
  assert.equal(findings.length, 4);
});
