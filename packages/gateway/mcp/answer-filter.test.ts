import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readToolDefinition, type ToolDefinition } from "@cordon/core/mcp/tool-definition";
import type { McpRoute } from "@cordon/core/policy/snapshot";
import type { ResponseFilter } from "../ports.ts";
import { openToolFilter, type AnswerJudges } from "./answer-filter.ts";
import { ToolStanding } from "./tool-standing.ts";

const definition = (name: string, description = `Does ${name}.`) => ({
  name,
  description,
  inputSchema: { type: "object" as const },
});
const digestOf = (tool: ReturnType<typeof definition>): string => readToolDefinition(tool)?.digest ?? "";
const answer = (...tools: unknown[]) => ({ jsonrpc: "2.0", id: 1, result: { tools, nextCursor: "n" } });

function route(pins?: Record<string, string>): McpRoute {
  const pinned = pins === undefined ? {} : { pins: new Map(Object.entries(pins)) };
  return { kind: "mcp", namespace: "default", name: "mcp", ...pinned } as unknown as McpRoute;
}

const events = { status: 200, contentType: "text/event-stream" };
const json = { status: 200, contentType: "application/json; charset=utf-8" };

function filterOf(of: McpRoute, standing = new ToolStanding(), head = json): ResponseFilter {
  const filter = openToolFilter(head, { ...silent, tool: (each) => standing.judge(of, each).why });
  assert.ok(filter);
  return filter;
}

/** Nobody asks anything. */
const silent: AnswerJudges = {
  tool: () => undefined,
  ask: () => assert.fail("nothing was asked"),
  input: () => assert.fail("nothing was asked"),
};

/** Everything that comes out, or the words of the cut. */
function through(filter: ResponseFilter, text: string, size = 7): string {
  const bytes = Buffer.from(text);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const passed = filter.push(bytes.subarray(at, at + size));
    assert.ok(!(passed instanceof Promise));
    if (!(passed instanceof Uint8Array)) return `cut: ${passed.cut}`;
    out.push(passed);
  }
  const last = filter.end();
  assert.ok(!(last instanceof Promise));
  return last instanceof Uint8Array ? Buffer.concat([...out, last]).toString() : `cut: ${last.cut}`;
}

test("what is as it was pinned passes byte for byte, however it is written and cut into pieces", () => {
  const good = definition("open_ticket");
  const pinned = route({ open_ticket: digestOf(good) });
  const text = JSON.stringify(answer(good), undefined, 3);
  const stream = `: hello\r\nid: 7\r\ndata:\r\n\r\nevent: message\ndata: ${JSON.stringify(answer(good))}\n\n`;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (size) => {
      assert.equal(through(filterOf(pinned), text, size), text);
      assert.equal(through(filterOf(pinned, undefined, events), stream, size), stream);
    }),
  );
});

test("a changed, an unlisted, a hidden, a doubled and a nameless tool are taken out and reported; calls follow", () => {
  const good = definition("open_ticket");
  const standing = new ToolStanding();
  const pinned = route({
    open_ticket: digestOf(good),
    fx: digestOf(definition("fx")),
    odd: digestOf(definition("odd", "a\u200bb")),
  });
  const list = answer(
    good,
    good,
    definition("fx", "Now reads your mail."),
    definition("new"),
    definition("odd", "a\u200bb"),
    { x: 1 },
  );
  for (const [head, text] of [
    [json, JSON.stringify(list)],
    [json, JSON.stringify([list])],
    [events, `id: 3\nevent: message\ndata: ${JSON.stringify(list)}\n\n`],
  ] as const) {
    const filter = filterOf(pinned, standing, head);
    const out = through(filter, text);
    assert.ok(out.includes('"name":"open_ticket"') && out.includes('"nextCursor":"n"'), out);
    assert.equal(out.split('"name":').length, 2, out);
    if (head === events) assert.match(out, /^id: 3\nevent: message\ndata: \{.*\}\n\n$/);
    const found = filter.findings as { detector: string; count: number; tools: string[] }[];
    assert.deepEqual(found.map(({ detector, tools }) => `${detector} ${tools.join()}`).toSorted(), [
      "mcp-tools/changed fx",
      "mcp-tools/hidden-text odd",
      "mcp-tools/twice open_ticket",
      "mcp-tools/unlisted new",
      "mcp-tools/unnamed ",
    ]);
  }
  assert.equal(standing.refusal(pinned, "open_ticket"), undefined);
  assert.match(standing.refusal(pinned, "fx") ?? "", /not the one that was pinned; it is sha256:/);
  assert.match(standing.refusal(pinned, "new") ?? "", /not among the pins/);
  assert.match(standing.refusal(pinned, "odd") ?? "", /no reader sees \(U\+200B\)/);
  const approved = route({ fx: digestOf(definition("fx", "Now reads your mail.")) });
  assert.equal(standing.refusal(approved, "fx"), undefined, "a new pin approves it");
});

test("without pins only hidden text is withheld, until the server shows the tool without it", () => {
  const standing = new ToolStanding();
  const open = route();
  through(filterOf(open, standing), JSON.stringify(answer(definition("a", "x\u{e0041}"))));
  assert.match(standing.refusal(open, "a") ?? "", /U\+E0041/);
  assert.equal(standing.refusal(open, "b"), undefined);
  through(filterOf(open, standing), JSON.stringify(answer(definition("a"))));
  assert.equal(standing.refusal(open, "a"), undefined);
});

test("a server without pins offers no tool by the name of one that another route pins", () => {
  const standing = new ToolStanding();
  const pinned = { ...route({ open_ticket: digestOf(definition("open_ticket")) }), name: "desk" };
  const open = route();
  const judged = standing.judge(open, readToolDefinition(definition("open_ticket")) as ToolDefinition, [pinned, open]);
  assert.equal(judged.why, "shadowing");
  assert.match(standing.refusal(open, "open_ticket", [pinned, open]) ?? "", /is pinned on the route `desk`/);
  assert.equal(standing.refusal(open, "open_ticket", [open]), undefined, "alone it is anybody's");
  assert.equal(standing.refusal(pinned, "open_ticket", [pinned, open]), undefined);
  const elsewhere = { ...open, namespace: "payments" as never };
  assert.equal(standing.refusal(elsewhere, "open_ticket", [pinned]), undefined, "namespaces do not meet");
});

test("what cannot be read as MCP does not pass", () => {
  const double = '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[{"name":"evil"}]}}';
  assert.match(through(filterOf(route()), double), /^cut: .*twice/);
  assert.match(through(filterOf(route(), undefined, events), `data: ${double}\n\n`), /^cut: /);
  assert.match(through(filterOf(route()), '{"result":'), /^cut: /);
  assert.match(through(filterOf(route(), undefined, events), "data: not json\n\n"), /^cut: /);
  assert.match(through(filterOf(route(), undefined, { ...json, contentType: "text/html" }), "<p>"), /no MCP answer/);
  assert.equal(openToolFilter({ status: 502, contentType: "text/html" }, silent), undefined);
});

test("more tools than can be remembered end the answer", () => {
  const many = Array.from({ length: 10_001 }, (_, at) => definition(`t${at}`, "\u200b"));
  assert.match(through(filterOf(route()), JSON.stringify(answer(...many)), 1 << 20), /more than 10000 tools/);
});

test("an answer in a character set that some clients read and nobody here does is none", () => {
  const hidden = `data: {"jsonrpc":"2.0","id":1,"result":{"x":"+ACIALAAi-tools+ACIAOgBbAF0ALAAi-y":"z"}}\n\n`;
  for (const charset of [
    "charset=utf-7",
    "charset = UTF-7",
    'charset="utf-7"',
    "charset=utf-8; charset=utf-7",
    "charset=utf-16",
  ])
    for (const kind of ["text/event-stream", "application/json"])
      for (const status of [200, 400]) {
        const filter = filterOf(route(), new ToolStanding(), { status, contentType: `${kind}; ${charset}` });
        assert.match(through(filter, hidden), /^cut: .* is no MCP answer$/, charset);
      }
  for (const charset of ["charset=utf-8", 'charset="UTF-8"', "charset = utf-8"]) {
    const text = JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} });
    const filter = filterOf(route(), new ToolStanding(), { status: 200, contentType: `application/json; ${charset}` });
    assert.equal(through(filter, text), text, charset);
  }
});
