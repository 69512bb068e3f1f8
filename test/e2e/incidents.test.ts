/** Incidents: opening one weighs on exactly what it names, at once; some open by themselves; none can be put on others by trying. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run as closeCommand } from "@cordon/cli/commands/incident/close";
import { run as listCommand } from "@cordon/cli/commands/incident/list";
import { run as openCommand } from "@cordon/cli/commands/incident/open";
import { run as showCommand } from "@cordon/cli/commands/incident/show";
import { startCordon } from "@cordon/cli/up/wire";
import { discoverIncident, type Discovered } from "@cordon/control/incidents/incidents";
import { createCanaryDetector, newCanary } from "@cordon/core/inspection/fingerprints/canary";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import { changesBetween } from "@cordon/core/policy/changes";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { chatCall, idOf, openEstate, policies, until, upstreamKey, type Estate, type Json } from "./estate.ts";
import { administrator, invited } from "./soft-people.ts";

const contained = `${policies}
@id("contain") forbid (principal, action, resource) when { context.risk.incident == "critical" };
@id("careful") @restrict("internal") forbid (principal, action, resource) when { context.risk.tier == "high" };
`;

async function cordon(
  run: typeof openCommand,
  estate: Estate,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly text: string; json(): Json }> {
  let text = "";
  const io = { stdout: (more: string) => void (text += more), stderr: (more: string) => void (text += more) };
  const code = await run([...args, "--socket", estate.cordon.socketPath], io).catch((error: Error) => {
    text += error.message;
    return 2;
  });
  return { code, text, json: () => JSON.parse(text) };
}

const openOn = (estate: Estate, severity: string, ...subjects: readonly string[]) =>
  cordon(
    openCommand,
    estate,
    ...["--severity", severity, "--reason", "a stolen key, it seems", "--json"],
    ...subjects.flatMap((subject) => ["--subject", subject]),
  );

async function stream(estate: Estate, name: string) {
  estate.chat.answer = (seen, response) => {
    if (!seen.body.toString().includes('"stream":true')) return void response.end("{}");
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(await estate.svidFor("agent", name)).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const one = { text: "", ended: false };
  body.on("data", (chunk: Buffer) => (one.text += chunk.toString()));
  for (const event of ["error", "end"] as const) body.on(event, () => (one.ended = true));
  await until(() => one.text.includes("tick"), "the stream began");
  return one;
}

test("an incident cuts what it names, spares the rest, ends with being closed, and survives a restart", async () => {
  await using estate = await openEstate({ policies: contained });
  const [named, spared] = [await stream(estate, "assistant"), await stream(estate, "rival")];
  const before: Snapshot = estate.cordon.control.snapshots.current();
  const opened = await openOn(estate, "critical", "default/assistant");
  assert.equal(opened.code, 0, opened.text);
  const { id } = opened.json().incident;
  await until(() => named.ended, "the stream of the assistant was cut");

  const assistant = await estate.svidFor("agent", "assistant");
  const refused = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(refused.status, 403);
  assert.match(refused.text, new RegExp(`the critical incident ${id} is open`));
  const changes = changesBetween(before, estate.cordon.control.snapshots.current());
  assert.equal(changes.everything, false);
  const own = idOf("agent", "assistant");
  assert.deepEqual([...changes.keys].toSorted(), [`component:${own}`, `user:${own}`], "nothing else is decided again");

  // Another incident, of somebody else: what the first one's subject had is not touched.
  const middle = estate.cordon.control.snapshots.current();
  assert.equal((await openOn(estate, "low", "default/trainer")).code, 0);
  const second = changesBetween(middle, estate.cordon.control.snapshots.current());
  const trainer = idOf("pipeline", "trainer");
  assert.deepEqual([...second.keys].toSorted(), [`component:${trainer}`, `user:${trainer}`]);
  assert.equal(spared.ended, false);

  await estate.cordon[Symbol.asyncDispose]();
  await using again = await startCordon({
    ...{ path: estate.configuration, env: { TEST_UPSTREAM_KEY: upstreamKey }, version: "test", log: () => undefined },
  });
  const restarted = { ...estate, cordon: again } as Estate;
  const list = await cordon(listCommand, restarted, "--open", "--json");
  assert.deepEqual(
    list.json().incidents.map((one: Json) => [one.severity, one.status]),
    [
      ["low", "open"],
      ["critical", "open"],
    ],
  );
  const shown = await cordon(showCommand, restarted, id, "--json");
  assert.equal(shown.json().playbookVariables.__incident_severity__.value, "100");
  assert.equal(shown.json().playbookVariables.__incident_subject_1__.value, own);

  const closed = await cordon(closeCommand, restarted, id, "--reason", "the key was found, and is revoked");
  assert.match(closed.text, /closed {2}critical/);
  assert.equal((await cordon(closeCommand, restarted, id, "--reason", "again")).code, 2, "once");
  assert.equal(again.control.snapshots.current().incidents?.has(own), false);
});

test("an incident on a resource weighs on whoever asks for it, an incident on a person on all they do", async () => {
  await using estate = await openEstate({ policies: contained });
  const assistant = await estate.svidFor("agent", "assistant");
  assert.equal((await openOn(estate, "critical", "default/chat")).code, 0);
  for (const svid of [assistant, await estate.svidFor("agent", "rival")])
    assert.equal((await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }))).status, 403);
  const spare = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "s" }));
  assert.equal(spare.status, 200, "another resource goes on");

  // In the console: whoever administers, and nobody else; each use is a decision in the ledger.
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const body = { severity: "high", subjects: ["default/user/mei"], reason: "signed in from two places" };
  assert.equal((await mei.call("POST", "/v1/incidents", body)).status, 403);
  assert.equal((await mei.call("GET", "/v1/incidents")).status, 403);
  const made = await ada.call("POST", "/v1/incidents", body);
  assert.equal(made.status, 200, made.text);
  assert.equal(made.json.openedBy.endsWith("/user/ada"), true);
  const closing = { id: made.json.id, reason: "it was a train" };
  assert.equal((await mei.call("POST", "/v1/incidents/close", closing)).status, 403);
  assert.equal((await ada.call("POST", "/v1/incidents/close", closing)).status, 200);

  const told = (await estate.entries()).flatMap((entry) => (entry.kind === "change" ? [entry.words ?? ""] : []));
  const words = told.filter((one) => one.includes("incident"));
  assert.match(words[0] ?? "", /^critical incident inc-[0-9a-f]{12} is open, of default\/endpoint\/chat: a stolen key/);
  assert.match(words.at(-1) ?? "", /^incident inc-[0-9a-f]{12} is closed: it was a train$/);
});

test("an incident that names nobody, too many, or more than a line is refused, with why", async () => {
  await using estate = await openEstate();
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, text } = await cordon(openCommand, estate, ...args);
    assert.equal(code, 2, text);
    return text;
  };
  const words = ["--severity", "high", "--reason", "x", "--subject"];
  assert.match(await refused(...words, "default/nobody"), /nobody/);
  assert.match(await refused(...words, "default/user/mei"), /nobody is enrolled/);
  assert.match(
    await refused(...words, "spiffe://test.example/ns/default/agent/ghost"),
    /neither a registered component/,
  );
  assert.match(await refused("--severity", "grave", "--reason", "x", "--subject", "default/chat"), /say how grave/);
  assert.match(await refused("--severity", "high", "--reason", "two\nlines", "--subject", "default/chat"), /one line/);
  const many = Array.from({ length: 17 }, () => ["--subject", "default/chat"]).flat();
  assert.match(await refused("--severity", "high", "--reason", "x", ...many), /subjects/);
  assert.equal((await cordon(listCommand, estate)).text, "");
});

test("a workload that tries one door after the other opens an incident, of itself alone", async () => {
  const more = "incidents: { open: { lateralMoves: { resources: 3, minutes: 5, severity: high } } }\n";
  let clock = Date.now();
  await using estate = await openEstate({ more, policies: contained, now: () => clock, stalenessSeconds: 86_400 });
  const { control } = estate.cordon;
  const rival = await estate.svidFor("agent", "rival");
  const open = () => control.snapshots.current().incidents ?? new Map();
  const knock = (): Promise<unknown[]> =>
    Promise.all([
      estate.call(rival, "/v1/chat/completions", chatCall({ model: "s" })),
      estate.call(rival, "/training-data/x"),
    ]);
  // The same two doors a hundred times are no walk through the house; nor are three in an hour.
  for (let round = 0; round < 5; round++) await knock();
  clock += 6 * 60_000;
  const trainer = await estate.svidFor("pipeline", "trainer");
  await estate.call(trainer, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(open().size, 0);
  await estate.call(rival, "/anthropic/v1/messages", chatCall({ model: "c" })); // permitted: no door of these

  await knock();
  const denied = await estate.call(rival, "/v1/embeddings", chatCall({ model: "m", input: "x" }));
  assert.equal(denied.status, 403);
  await until(() => open().size === 1, "an incident opened by itself");
  assert.deepEqual([...open().keys()], [idOf("agent", "rival")]);
  const [incident] = (await cordon(listCommand, estate, "--json")).json().incidents;
  assert.equal(incident.rule, "lateral-moves");
  assert.equal(incident.severity, "high");
  assert.equal(incident.evidence.length, 3);
  assert.match(incident.reason, /refused 3 different resources within 5 minutes/);
  const told = (line: string): boolean => line.startsWith("warn incident-opened: high incident inc-");
  await until(() => estate.log.some(told), "it is said in the log");

  // It goes on: there is still one. And what found it twice at the same time opens it once.
  for (let round = 0; round < 5; round++) await knock();
  const found: Discovered = {
    ...{ rule: "lateral-moves", severity: "high", subjects: [idOf("agent", "rival")], reason: "again", evidence: [] },
  };
  const rooms = {
    ...{ store: control.store, snapshot: () => control.snapshots.current(), now: () => clock },
    record: (entry: ChangeEntry) => estate.cordon.ledger.append(entry),
  };
  const again = await Promise.all(
    Array.from({ length: 5 }, () => discoverIncident(rooms, { ...found, subjects: [idOf("agent", "notebook")] })),
  );
  assert.equal(again.filter((one) => one !== undefined).length, 1);
  assert.equal(await discoverIncident(rooms, found), undefined);
  assert.equal(open().size, 2);
});

test("a planted mark that comes out opens an incident of whoever took it; one that is switched off opens none", async () => {
  const mark = newCanary(new Uint8Array(13).fill(7));
  const spanDetectors = [createCanaryDetector([{ name: "payroll", mark }])];
  for (const on of [true, false]) {
    const more = `inspection: { response: { canary: flag } }\nincidents: { open: { canaryLeak: { enabled: ${on}, severity: critical } } }\n`;
    await using estate = await openEstate({ spanDetectors, more, policies: contained });
    estate.chat.answer = (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: `it says ${mark} here` } }] }));
    };
    const assistant = await estate.svidFor("agent", "assistant");
    const call = () =>
      estate.call(
        assistant,
        "/v1/chat/completions",
        chatCall({ model: "m", messages: [{ role: "user", content: "x" }] }),
      );
    assert.equal((await call()).status, 200);
    const open = () => estate.cordon.control.snapshots.current().incidents;
    if (on) {
      await until(() => open()?.has(idOf("agent", "assistant")) === true, "an incident opened by itself");
      assert.equal(open()?.size, 1, "the model that was asked is named by none");
      assert.equal((await call()).status, 403);
    } else {
      assert.equal((await call()).status, 200);
      assert.equal(open()?.size, 0);
    }
  }
});
