/** Information flow through a real gateway: private data, untrusted content and a way out never meet in one session. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { run as declassify } from "@cordon/cli/commands/flow/declassify";
import { run as listSessions } from "@cordon/cli/commands/flow/list";
import { digestKeys } from "@cordon/control/keys/digest-keys";
import type { ChangeEntry, DecisionEntry } from "@cordon/core/ledger/entry";
import type { X509Svid } from "@cordon/core/identity/svid";
import { openFlowSessions } from "@cordon/gateway/flow/flow-sessions";
import { openGateway } from "@cordon/gateway/gateway";
import { openObjectOwners } from "@cordon/gateway/routes/ownership";
import { request } from "undici";
import { configurationText, openEstate, type CallOptions, type Estate } from "./estate.ts";

const policies = `
@id("agents-do-everything") permit (principal, action, resource) when { principal.kind == "agent" };
`;
const secret = "Balance of C000042 is 1234.56 dollars";

/** Customers are private, the partner lies outside and is not to be trusted, mail leads out from inside. */
function flowEstate(more = "informationFlow: {}"): Promise<Estate> {
  return openEstate({
    policies,
    more,
    configuration: (ports) =>
      configurationText(ports, { more })
        .replace(
          "  - { name: assistant, kind: agent, boundary: api }",
          "  - { name: assistant, kind: agent, boundary: api, namesSessions: true, labels: { sensitivity: public } }",
        )
        .replace(
          "  - { name: rival, kind: agent, boundary: api }",
          "  - { name: rival, kind: agent, boundary: api, labels: { sensitivity: public } }",
        )
        .replace(
          "components:",
          `components:
  - { name: customers, kind: dataset, boundary: data, labels: { sensitivity: confidential, integrity: trusted } }
  - { name: partner, kind: external, boundary: api, labels: { sensitivity: internal } }
  - { name: mail, kind: tool, boundary: api, labels: { sensitivity: internal, integrity: trusted } }`,
        )
        .replace(
          "upstreams:",
          `upstreams:
  - { name: customers, url: "http://127.0.0.1:${ports.data}/customers", authentication: loopback }
  - { name: partner, url: "http://127.0.0.1:${ports.spare}", external: true, authentication: loopback }
  - { name: mail, url: "http://127.0.0.1:${ports.chat}/mcp", authentication: loopback }`,
        )
        .replace(
          "routes:",
          `routes:
  - { name: customers, kind: http, path: /customers, resource: customers, upstream: customers, actions: { GET: read } }
  - { name: partner, kind: http, path: /partner, resource: partner, upstream: partner, actions: { GET: read, POST: egress } }
  - { name: mail, kind: mcp, path: /mail, resource: mail, upstream: mail, tools: { read_mail: { sensitivity: confidential, integrity: untrusted }, send_mail: { wayOut: true } } }`,
        ),
  });
}

type Call = (path: string, options?: CallOptions) => ReturnType<Estate["call"]>;

function as(estate: Estate, svid: X509Svid, session?: string): Call {
  const headers = session === undefined ? {} : { "cordon-session": session };
  return (path, options = {}) => estate.call(svid, path, { ...options, headers: { ...options.headers, ...headers } });
}

const readCustomer = "/customers/C000042";
const readPage = "/partner/page";
const leak = `/partner/pixel?d=${Buffer.from(secret).toString("base64url")}`;
const statusesOf = async (call: Call, ...paths: string[]): Promise<number[]> => {
  const statuses: number[] = [];
  for (const path of paths) statuses.push((await call(path)).status);
  return statuses;
};

function tool(name: string) {
  return {
    method: "POST" as const,
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } }),
  };
}

test("any two of the three may meet; the third is refused, in any order, with the entries that led to it", async () => {
  await using estate = await flowEstate();
  const svid = await estate.svidFor("agent", "assistant");
  assert.deepEqual(
    await statusesOf(as(estate, svid, "a"), readCustomer, readPage),
    [200, 200],
    "private, then a way out",
  );
  assert.deepEqual(await statusesOf(as(estate, svid, "b"), readPage, readPage), [200, 200], "untrusted, and out again");
  const third = as(estate, svid, "a");
  const refused = await third(leak);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /holds confidential data \(from default\/dataset\/customers, ledger entry \d+\)/);
  assert.match(refused.text, /untrusted content \(from default\/external\/partner, ledger entry \d+\)/);
  assert.equal((await third(readPage, { method: "POST", body: secret })).status, 403);
  assert.deepEqual(await statusesOf(as(estate, svid, "c"), readPage, readCustomer, leak), [200, 200, 403]);
  assert.equal((await third(readCustomer)).status, 200, "what stays inside goes on");
  assert.ok(!estate.spare.seen.some(({ url }) => url.includes("pixel")), "nothing left");

  const entries = await estate.entries();
  const at = (index: number | undefined): DecisionEntry => entries[index ?? -1] as DecisionEntry;
  const denial = entries.find((entry): entry is DecisionEntry => entry.kind === "decision" && entry.effect === "deny");
  const [reason] = denial?.reasons ?? [];
  assert.equal(reason?.code, "information-flow");
  const chain = (reason?.steps ?? []).map(({ index }) => at(index));
  assert.deepEqual(
    chain.map(({ resource, flow }) => [resource.split("/").at(-1), flow?.session]),
    [
      ["customers", "a"],
      ["partner", "a"],
    ],
  );
});

test("without it the same three calls give the data away", async () => {
  await using estate = await flowEstate("");
  const call = as(estate, await estate.svidFor("agent", "assistant"), "a");
  assert.deepEqual(await statusesOf(call, readPage, readCustomer, leak), [200, 200, 200]);
  assert.ok(estate.spare.seen.some(({ url }) => url.includes("pixel")));
});

test("while it observes, the way out is open, and recorded as one that would have been closed", async () => {
  await using estate = await flowEstate("informationFlow: { mode: observe }");
  const call = as(estate, await estate.svidFor("agent", "assistant"), "a");
  await statusesOf(call, readPage, readCustomer);
  const out = await call(leak);
  assert.deepEqual([out.status, out.headers["cordon-observed"]], [200, "deny"]);
});

test("labels go with tools as well: mail that was read and mail that is sent", async () => {
  await using estate = await flowEstate();
  estate.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        result: { content: [{ type: "text", text: "Hello there, dear reader" }] },
      }),
    );
  const call = as(estate, await estate.svidFor("agent", "assistant"), "a");
  assert.equal((await call("/mail", tool("send_mail"))).status, 200);
  assert.equal((await call("/mail", tool("read_mail"))).status, 200, "private and untrusted at once");
  const sent = await call("/mail", tool("send_mail"));
  assert.equal(sent.status, 403);
  assert.match(sent.text, /tool `read_mail`.*tool `send_mail` is a way out/);
  assert.equal((await call(readPage)).status, 403, "nor by any other way");
});

test("changing, dropping or reusing conversation ids does not shed a label", async () => {
  await using estate = await flowEstate();
  const rival = await estate.svidFor("agent", "rival");
  assert.deepEqual(await statusesOf(as(estate, rival, "one"), readPage, readCustomer), [200, 200]);
  for (const name of ["one", "two", undefined, "", "one".repeat(100)]) {
    const answer = await as(estate, rival, name)(leak);
    assert.equal(answer.status, 403, `${name}: the registry does not trust it to name sessions`);
  }
  const again = await estate.svidFor("agent", "rival");
  assert.equal((await as(estate, again)(leak)).status, 403, "a new credential is the same workload");
  const trusted = await estate.svidFor("agent", "assistant");
  assert.deepEqual(await statusesOf(as(estate, trusted, "x"), readPage, readCustomer, leak), [200, 200, 403]);
  assert.equal((await as(estate, trusted, "y")(leak)).status, 200, "another conversation of one that is trusted");
  assert.equal((await as(estate, trusted, "x")(leak)).status, 403, "and the first, taken up again");
  assert.equal((await as(estate, trusted, "bad name")(leak)).status, 400);
});

test("history that is replayed into another session keeps its labels", async () => {
  await using estate = await flowEstate();
  estate.data.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ text: secret }));
  const svid = await estate.svidFor("agent", "assistant");
  assert.equal((await as(estate, svid, "old")(readCustomer)).status, 200);
  const chat = (content: string) => ({
    method: "POST" as const,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "m",
      messages: [
        { role: "user", content: "Hi" },
        { role: "user", content },
      ],
    }),
  });
  const next = as(estate, svid, "new");
  assert.equal((await next("/v1/chat/completions", chat(secret))).status, 200);
  assert.deepEqual(await statusesOf(next, readPage, leak), [200, 403], "quoted word for word, it is known again");
  const other = as(estate, svid, "other");
  assert.equal((await other("/v1/chat/completions", chat("What is the weather like over there today?"))).status, 200);
  assert.deepEqual(await statusesOf(other, readPage, leak), [200, 200]);
});

test("nor does it shed them behind hundreds of other texts; where there are too many to look for, it counts as all", async () => {
  await using estate = await flowEstate();
  estate.data.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ text: secret }));
  const svid = await estate.svidFor("agent", "assistant");
  assert.equal((await as(estate, svid, "old")(readCustomer)).status, 200);
  const statuses = async (name: string, fillers: number, last: string): Promise<readonly number[]> => {
    const texts = [...Array.from({ length: fillers }, (_, at) => `what nobody has ever said, number ${at}`), last];
    const body = JSON.stringify({ model: "m", messages: texts.map((content) => ({ role: "user", content })) });
    const headers = { "content-type": "application/json" };
    const call = as(estate, svid, name);
    assert.equal((await call("/v1/chat/completions", { method: "POST", headers, body })).status, 200);
    return statusesOf(call, readPage, leak);
  };
  assert.deepEqual(await statuses("hidden", 600, secret), [200, 403]);
  assert.deepEqual(await statuses("long", 600, "What is the weather like over there today?"), [200, 200]);
  assert.deepEqual(await statuses("endless", 5_000, secret), [403, 403], "reading outside is a way out too");
});

test("going through a second gateway does not shed a label", async () => {
  await using estate = await flowEstate();
  const { control, ledger, identity } = estate.cordon;
  using flows = openFlowSessions(join(control.stateFolder, "flow.db"), Date.now());
  using owners = openObjectOwners(":memory:");
  await using second = await openGateway({
    options: {
      listen: { host: "127.0.0.1", port: 0 },
      limits: { headerBytes: 16_384, connections: 100 },
      drainMs: 100,
      connectionMaxAgeMs: 60_000,
      receiveTimeoutMs: 5_000,
    },
    ...{ identity, ledger, owners, flows, snapshots: control.snapshots },
    digestKeys: digestKeys(control.vault),
    content: { keep: () => Promise.resolve() },
    resolveSecret: () => Promise.resolve(""),
    now: Date.now,
    monotonicMs: () => performance.now(),
    log: () => undefined,
  });
  const rival = await estate.svidFor("agent", "rival");
  const dispatcher = estate.agent(rival);
  const there = async (path: string): Promise<number> => {
    const { statusCode, body } = await request(`https://127.0.0.1:${second.port}${path}`, { dispatcher });
    await body.dump();
    return statusCode;
  };
  assert.equal(await there(readPage), 200);
  assert.equal((await as(estate, rival)(readCustomer)).status, 200);
  assert.equal(await there(leak), 403, "the second knows what the first has seen");
  assert.equal((await as(estate, rival)(leak)).status, 403, "and the first what the second has");
});

test("what one call brings in does not leave by an upload that was let through before", async () => {
  await using estate = await flowEstate();
  const svid = await estate.svidFor("agent", "rival");
  const call = as(estate, svid);
  assert.equal((await call(readPage)).status, 200);
  const pieces: string[] = [];
  estate.spare.hear = (piece) => void pieces.push(piece.toString());
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  async function* body() {
    yield Buffer.from("harmless ");
    begun.resolve();
    await goOn.promise;
    yield Buffer.from(secret);
  }
  const upload = request(`${estate.cordon.gatewayUrl}/partner/up`, {
    method: "POST",
    body: Readable.from(body()),
    dispatcher: estate.agent(svid),
    headers: { "content-type": "text/plain" },
  }).then(
    ({ statusCode, body: answer }) => answer.dump().then(() => statusCode),
    () => 0,
  );
  await begun.promise;
  while (pieces.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await call(readCustomer)).status, 200);
  goOn.resolve();
  assert.notEqual(await upload, 200);
  assert.ok(!pieces.join("").includes("Balance"), "the rest of the upload never left");
});

test("declassifying is an act of its own, for one session, with its reason in the ledger", async () => {
  await using estate = await flowEstate();
  const svid = await estate.svidFor("agent", "assistant");
  assert.deepEqual(await statusesOf(as(estate, svid, "a"), readPage, readCustomer, leak), [200, 200, 403]);
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
  const socket = ["--socket", estate.cordon.socketPath];
  assert.equal(await listSessions(socket, io), 0);
  assert.match(
    out,
    /agent\/assistant {2}session a {2}confidential, untrusted[^\n]*\n {4}sensitive by .*customers, entry \d+; untrusted by/,
  );
  await assert.rejects(
    declassify(["assistant", ...socket, "--session", "b", "--integrity", "trusted", "--reason", "x"], io),
    /no such session/,
  );
  await assert.rejects(
    declassify(["assistant", ...socket, "--session", "a", "--sensitivity", "restricted", "--reason", "x"], io),
    /no lower/,
  );
  await assert.rejects(declassify(["assistant", ...socket, "--session", "a", "--integrity", "trusted"], io), /why/);
  const given = [
    "assistant",
    ...socket,
    "--session",
    "a",
    "--sensitivity",
    "internal",
    "--reason",
    "rates only, no names",
  ];
  assert.equal(await declassify(given, io), 0);
  assert.equal((await as(estate, svid, "a")(leak)).status, 200);
  assert.deepEqual(
    await statusesOf(as(estate, svid, "a"), readCustomer, leak),
    [200, 403],
    "what is read anew counts anew",
  );
  const changes = (await estate.entries()).filter((entry): entry is ChangeEntry => entry.kind === "change");
  assert.ok(
    changes.some(
      ({ words, objects }) => objects[0]?.kind === "declassification" && words?.includes("rates only, no names"),
    ),
  );
});
