/**
 * Secrets and content never leave by the back door: log lines, events, metrics, traces, status. Canaries are put
 * wherever a caller, an upstream or an operator may put something secret; then everything that is written is searched.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { request } from "undici";
import { startCordonProcess, type CordonProcess } from "./cordon-process.ts";
import { chatCall, until, upstreamKey, type CallOptions } from "./estate.ts";
import { openOtlpReceiver } from "./otlp-receiver.ts";

const canary = (place: string): string => `canary-${place}-5f2c`;
const anyCanary = /canary-[a-z-]+-5f2c/;
const json = (body: string, headers: Record<string, string> = {}): CallOptions => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body,
});
const message = (content: string) => ({ role: "user", content });

/** Calls that are served, denied, refused and broken, each with canaries where something secret may be. */
async function callWithCanaries(cordon: CordonProcess): Promise<number[]> {
  const assistant = await cordon.svidFor("assistant");
  const notebook = await cordon.svidFor("notebook");
  const { token } = await cordon.control.issueJwtSvid({
    component: "notebook",
    audience: (await cordon.control.gateway()).id,
  });
  const headers = {
    "x-canary": canary("header"),
    cookie: canary("cookie"),
    authorization: `Bearer ${canary("bearer")}`,
    "user-agent": canary("agent"),
    traceparent: canary("traceparent"),
    tracestate: `v=${canary("tracestate")}`,
    baggage: `k=${canary("baggage")}`,
  };
  const prompt = { model: "m", messages: [message(canary("prompt"))], metadata: { note: canary("metadata") } };
  const served = { ...chatCall(prompt), headers: { "content-type": "application/json", ...headers } };
  const path = "/v1/chat/completions";
  const calls: [Parameters<CordonProcess["call"]>[0], string, CallOptions][] = [
    [assistant, `${path}?key=${canary("query")}`, served],
    [assistant, `/training-data/x?key=${canary("query")}`, { headers }],
    [assistant, path, json(`{"model":"m","messages":[{"role":"user","content":"${canary("broken")}"`)],
    [assistant, path, json(`{"model":"m","${canary("key")}":1,"${canary("key")}":2}`)],
    [assistant, path, json(`{"model":"m","messages":"${canary("lone")}\\ud800"}`)],
    [assistant, path, json(`"${canary("text")}"`)],
    [assistant, path, { method: "POST", headers: { "content-type": `text/${canary("type")}` }, body: canary("plain") }],
    [assistant, path, json("{}", { "content-encoding": canary("encoding") })],
    [assistant, path, json(`{"model":"m","previous_response_id":"x","input":"${canary("input")}"}`)],
    [undefined, path, served],
    [undefined, path, { ...served, headers: { ...served.headers, authorization: `Bearer ${token}` } }],
    [undefined, path, { ...served, headers: { ...served.headers, authorization: `Bearer ${token.slice(0, -4)}AAAA` } }],
    [notebook, path, served],
  ];
  const statuses: number[] = [];
  for (const [svid, target, options] of calls) statuses.push((await cordon.call(svid, target, options)).status);
  cordon.upstream.answer = (_request, response) => {
    response.writeHead(500, { "content-type": "application/json", "set-cookie": canary("upstream-cookie") });
    response.end(JSON.stringify({ error: canary("upstream-error") }));
  };
  statuses.push((await cordon.call(assistant, path, served)).status);
  cordon.upstream.answer = (_request, _response, raw) => void raw.socket.destroy(new Error(canary("upstream-socket")));
  statuses.push((await cordon.call(assistant, path, served)).status);
  return [...statuses, token.length];
}

test("no log line, event, metric, trace or status holds a secret or content", async () => {
  await using receiver = await openOtlpReceiver();
  await using cordon = await startCordonProcess({
    extra: 'operations: { listen: "127.0.0.1:0" }\nevents: [{ file: events.jsonl }, { stdout: true }]\n',
    estate: { bearer: true },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
    args: ["--log", "json", "--log-level", "debug"],
  });
  cordon.upstream.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "set-cookie": canary("upstream-cookie") });
    response.end(JSON.stringify({ choices: [{ message: message(canary("answer")) }] }));
  };
  const statuses = await callWithCanaries(cordon);
  const { token } = await cordon.control.issueJwtSvid({
    component: "notebook",
    audience: (await cordon.control.gateway()).id,
  });
  const status = await cordon.control.status();
  const { url } = status["metrics"] as { url: string };
  const metrics = await (await request(url)).body.text();
  await cordon.stop();

  const events = await readFile(join(cordon.folder, "events.jsonl"), "utf8");
  await until(() => receiver.posted.some(({ path }) => path === "/v1/traces"), "traces came");
  const written: Record<string, string> = {
    stdout: cordon.stdout(),
    stderr: cordon.stderr(),
    events,
    metrics,
    status: JSON.stringify(status),
    telemetry: receiver.posted.map(({ body }) => body.toString()).join("\n"),
  };
  assert.ok(
    statuses.includes(200) && statuses.includes(403) && statuses.includes(400) && statuses.includes(401),
    String(statuses),
  );
  assert.ok(
    cordon.upstream.seen.some(({ body }) => anyCanary.test(body.toString())),
    "what is allowed does cross",
  );
  for (const [place, text] of Object.entries(written)) {
    assert.ok(text.length > 100, `${place} says something: ${text}`);
    const leaked = text.split("\n").filter((line) => anyCanary.test(line));
    assert.deepEqual(
      leaked.map((line) => line.slice(0, 600)),
      [],
      place,
    );
    for (const secret of [upstreamKey, token.split(".")[2] ?? "", "PRIVATE KEY"])
      assert.ok(!text.includes(secret), place);
  }
  for (const line of written["stderr"]?.trim().split("\n") ?? []) assert.ok(JSON.parse(line), "the log is JSON alone");
  assert.ok(written["stderr"]?.includes('"event":"interaction"'), "the log was as talkative as it gets");
  for (const line of written["stdout"]?.trim().split("\n") ?? [])
    assert.ok(JSON.parse(line), "standard output is events alone");
});
