/** `cordon data tokenize` and `detokenize` against a running Cordon: round trips, who may not, tokens that are not one's own, the ledger. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run as detokenize } from "@cordon/cli/commands/data/detokenize";
import { run as tokenize } from "@cordon/cli/commands/data/tokenize";
import { controlClient } from "@cordon/agent/run/control-client";
import { openTokenDesk } from "@cordon/control/inspection/token-desk";
import { maxTokensAtOnce } from "@cordon/core/contract/token-api";
import { CordonError } from "@cordon/core/errors";
import { chatCall, configurationText, openEstate, policies, type Estate } from "./estate.ts";

const permits = `${policies}
@id("trainer-opens") permit (principal == Workload::"default/pipeline/trainer", action == Action::"detokenize", resource == Component::"default/dataset/training-data");
@id("assistant-opens") permit (principal == Workload::"default/agent/assistant", action == Action::"detokenize", resource == Component::"default/endpoint/chat");
@id("other-works") permit (principal == Workload::"other/pipeline/trainer", action in [Action::"write", Action::"detokenize"], resource == Component::"default/dataset/training-data");
`;
const other =
  "  - { name: trainer, namespace: other, kind: pipeline, boundary: pipeline }\n  - { name: helper, kind: pipeline, boundary: pipeline }\n";

function open(options: { readonly now?: () => number } = {}): Promise<Estate> {
  return openEstate({
    policies: permits,
    configuration: (ports) =>
      configurationText(ports, { more: "inspection: { request: { pii: tokenize } }\n" }).replace(
        "upstreams:\n",
        `${other}upstreams:\n`,
      ),
    ...options,
  });
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function say(
  command: typeof tokenize,
  estate: Estate,
  text: string,
  {
    as = "default/trainer",
    on = "training-data",
    namespace = "default",
    scope = "principal",
    size = 1 << 20,
    more = [] as string[],
  } = {},
): Promise<Said> {
  let out = "";
  let err = "";
  const args = ["--as", as, "--on", on, "--namespace", namespace, "--scope", scope];
  const code = await command(
    [...args, "--socket", estate.cordon.socketPath, ...more],
    { stdout: (words) => void (out += words), stderr: (words) => void (err += words) },
    pieces(text, size),
  );
  return { code, out, err };
}

const text =
  "Ms Tan (NRIC S1234567D, mail joe@bank.example) and again S1234567D; สวัสดี €\nDB_PASSWORD=hunter2hunter\nnothing here\n";

test("values become tokens and come back, whatever pieces the text comes in, and the ledger counts them", async () => {
  await using estate = await open();
  const sealed = await say(tokenize, estate, text);
  assert.equal(sealed.code, 0, sealed.err);
  for (const value of ["S1234567D", "joe@bank.example", "hunter2hunter"])
    assert.ok(!sealed.out.includes(value), `${value} in ${sealed.out}`);
  const nric = sealed.out.match(/tok_sg-nric_[a-z2-7]+/g) ?? [];
  assert.equal(nric.length, 2);
  assert.equal(nric[0], nric[1]);
  assert.ok(sealed.out.includes("สวัสดี €\nDB_PASSWORD=tok_password_"), sealed.out);
  for (const size of [1, 3, 7]) {
    const again = await say(tokenize, estate, text, { size });
    assert.equal(again.out, sealed.out);
    assert.equal((await say(detokenize, estate, sealed.out, { size })).out, text);
  }
  assert.equal((await say(tokenize, estate, sealed.out)).out, sealed.out, "tokens are no secrets");
  const back = await say(detokenize, estate, sealed.out);
  assert.deepEqual(back, { code: 0, out: text, err: "" });
  const entries = await estate.entries();
  const whole = JSON.stringify(entries);
  assert.ok(!whole.includes("S1234567D") && !whole.includes("hunter2hunter") && !whole.includes("tok_"));
  const asked = entries.flatMap((entry) => (entry.kind === "decision" ? [entry] : []));
  assert.deepEqual(
    [...new Set(asked.map(({ action, effect }) => `${action} ${effect}`))],
    ["write allow", "detokenize allow"],
  );
  assert.ok(asked.every(({ credential, context }) => credential.assurance === "vouched" && context.route === "data"));
  const last = entries.flatMap((entry) => (entry.kind === "outcome" ? [entry] : [])).at(-1);
  assert.ok((last?.masks ?? 0) >= 3);
  assert.match(JSON.stringify(last?.findings), /"token\/sg-nric".*"detokenize"/);
});

test("a token of the gateway opens for the component that sent the value, and stays in what another one asks", async () => {
  await using estate = await open();
  const svid = await estate.svidFor("agent", "assistant");
  await estate.call(
    svid,
    "/v1/chat/completions",
    chatCall({ model: "m", messages: [{ role: "user", content: "NRIC S1234567D" }] }),
  );
  const token = /tok_sg-nric_[a-z2-7]+/.exec(estate.chat.seen[0]?.body.toString() ?? "")?.[0] ?? "none";
  const own = await say(detokenize, estate, `of ${token}.`, { as: "assistant", on: "chat" });
  assert.deepEqual(own, { code: 0, out: "of S1234567D.", err: "" });
  const others = await say(detokenize, estate, `of ${token}.`);
  assert.equal(others.code, 1);
  assert.equal(others.out, `of ${token}.`);
  assert.match(others.err, /of another component of `default`/);
});

test("who may not open or seal is refused with policy's reason, and the ledger holds it", async () => {
  await using estate = await open();
  const { out } = await say(tokenize, estate, text);
  for (const [command, as, on, words] of [
    [detokenize, "helper", "training-data", /helper may not open tokens on .*training-data: .* \(decision /],
    [tokenize, "rival", "training-data", /rival may not seal tokens on/],
    [detokenize, "default/trainer", "chat", /may not open tokens on .*chat/],
  ] as const)
    await assert.rejects(
      () => say(command, estate, command === tokenize ? text : out, { as, on }),
      (error: CordonError) => error.code === "ACCESS_DENIED" && words.test(error.message),
    );
  await assert.rejects(() => say(detokenize, estate, out, { as: "nobody" }), { code: "COMPONENT_UNKNOWN" });
  const denied = (await estate.entries()).flatMap((entry) =>
    entry.kind === "decision" && entry.effect === "deny" ? [`${entry.principal} ${entry.action}`] : [],
  );
  assert.deepEqual(denied, [
    "spiffe://test.example/ns/default/pipeline/helper detokenize",
    "spiffe://test.example/ns/default/agent/rival write",
    "spiffe://test.example/ns/default/pipeline/trainer detokenize",
  ]);
});

test("a token of another scope or namespace, an expired and an altered one stay, each with its reason", async () => {
  let ahead = 0;
  await using estate = await open({ now: () => Date.now() + ahead });
  const one = (whole: string): string => /tok_sg-nric_[a-z2-7]+/.exec(whole)?.[0] ?? "none";
  const sealed = async (options: Parameters<typeof say>[3]): Promise<string> =>
    one((await say(tokenize, estate, "NRIC S1234567D", options)).out);
  const own = await sealed({});
  const shared = await sealed({ scope: "namespace" });
  const foreign = await sealed({ as: "other/trainer", namespace: "other" });
  assert.equal(new Set([own, shared, foreign]).size, 3);
  const altered = own.slice(0, -1) + (own.endsWith("a") ? "b" : "a");
  const opened = async (token: string, options = {}): Promise<string> => {
    const { code, out, err } = await say(detokenize, estate, token, options);
    return code === 0 ? out : `${out === token ? "stays" : out}: ${err.slice(token.length + 1, -1)}`;
  };
  assert.equal(await opened(own), "S1234567D");
  assert.equal(await opened(shared, { scope: "namespace" }), "S1234567D");
  assert.match(await opened(own, { scope: "namespace" }), /^stays: is of another scope than `namespace`/);
  assert.match(await opened(shared), /^stays: is of another scope than `principal`/);
  assert.match(await opened(foreign), /^stays: is of another namespace than `default`/);
  assert.match(await opened(own, { as: "other/trainer", namespace: "other" }), /^stays: is of another namespace/);
  assert.match(await opened(altered), /^stays: was not made here, was altered/);
  await assert.rejects(() => opened(own, { namespace: "other" }), /is of the namespace `default`/);
  ahead = 49 * 3_600_000;
  await estate.cordon.control.watch.reload();
  assert.match(await opened(own), /^stays: has expired/);
});

test("a request is bounded, nothing is taken for granted, and lines are values where that is asked", async () => {
  await using estate = await open();
  const client = controlClient(estate.cordon.socketPath);
  const whose = {
    principal: "default/trainer",
    resource: "training-data",
    namespace: "default",
    scope: "principal",
  } as const;
  const tokens = Array.from(
    { length: maxTokensAtOnce + 1 },
    (_, at) => `tok_x_b${"a".repeat(8 - String(at).length)}${at}`,
  );
  await assert.rejects(() => client.openTokens({ ...whose, tokens }), { code: "REQUEST_MALFORMED" });
  const value: [string, "pii", string] = ["pii/x\n", "pii", "v"];
  await assert.rejects(() => client.sealTokens({ ...whose, values: [value] }), { code: "REQUEST_MALFORMED" });
  for (const left of ["as", "on", "namespace", "scope"]) {
    const all = ["--as", "x", "--on", "y", "--namespace", "default", "--scope", "principal"];
    const args = all.filter((_, at, list) => list[at - (at % 2)] !== `--${left}`);
    await assert.rejects(
      () => tokenize(args, { stdout: () => undefined, stderr: () => undefined }, pieces("x", 1)),
      new RegExp(`--${left} is missing`),
    );
  }
  const lines = await say(tokenize, estate, "C-1\nC-2\nC-1\n", { more: ["--lines", "pii/customer-number"] });
  const [first, second, third] = lines.out.split("\n");
  assert.equal(first, third);
  assert.notEqual(first, second);
  assert.equal((await say(detokenize, estate, lines.out)).out, "C-1\nC-2\nC-1\n");
  const long = await say(tokenize, estate, `${"x".repeat(200)}\n`, { more: ["--lines", "pii/note"] });
  assert.equal(long.code, 1);
  assert.equal(long.out, "[NOTE]\n");
  const many = Array.from({ length: 1500 }, (_, at) => `joe${at}@bank.example`).join("\n");
  const back = await say(detokenize, estate, (await say(tokenize, estate, many)).out);
  assert.equal(back.out, many);
});

test("what cannot be recorded does not happen", async () => {
  await using estate = await open();
  const { control, identity } = estate.cordon;
  let left = 1;
  const desk = openTokenDesk({
    snapshot: () => control.snapshots.current(),
    snapshotAgeMs: () => 0,
    ledger: {
      append: async () => {
        if (left-- > 0) return 0;
        throw new CordonError("LEDGER_UNAVAILABLE", "the disk is full");
      },
    },
    key: (namespace) => control.vault.tokenKey(namespace),
    self: () => ({ id: identity.current().id, fingerprint: "0".repeat(64) }),
    nextId: () => "1",
    now: Date.now,
  });
  const { out } = await say(tokenize, estate, "NRIC S1234567D");
  const token = /tok_sg-nric_[a-z2-7]+/.exec(out)?.[0];
  const ask = {
    principal: "default/trainer",
    resource: "training-data",
    namespace: "default",
    scope: "principal",
    tokens: [token],
  };
  for (const before of [1, 0]) {
    left = before; // the outcome, then the decision
    await assert.rejects(() => desk.open(ask), { code: "LEDGER_UNAVAILABLE" });
  }
});
