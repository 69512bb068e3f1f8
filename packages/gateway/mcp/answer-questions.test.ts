/** What a server asks in its answers: each is decided before a byte of it passes, however it is written and cut up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Question } from "@cordon/core/mcp/questions";
import type { McpRoute } from "@cordon/core/policy/snapshot";
import { openToolFilter, type Heard } from "./answer-filter.ts";
import { EventIds } from "./event-ids.ts";

const events = { status: 200, contentType: "text/event-stream" };
const json = { status: 200, contentType: "application/json" };
const refused = { refused: { code: -1, message: "no" } };

/** What comes out, and what was asked, where `decide` says what becomes of each question. */
async function through(
  head: typeof events,
  text: string,
  decide: (question: Question) => Heard,
  size = 1 << 20,
): Promise<{ out: string; asked: string[]; found: unknown[] }> {
  const asked: string[] = [];
  const later = async (id: string | number, question: Question): Promise<Heard> => {
    asked.push(`${JSON.stringify(id)} ${question.method}`);
    await new Promise((resolve) => setImmediate(resolve));
    return decide(question);
  };
  const filter = openToolFilter(head, { tool: () => undefined, ask: later, input: later });
  assert.ok(filter);
  const bytes = Buffer.from(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const passed = await filter.push(bytes.subarray(at, at + size));
    if (!(passed instanceof Uint8Array)) return { out: `cut: ${passed.cut}`, asked, found: [] };
    pieces.push(passed);
  }
  const last = await filter.end();
  if (!(last instanceof Uint8Array)) return { out: `cut: ${last.cut}`, asked, found: [] };
  return { out: Buffer.concat([...pieces, last]).toString(), asked, found: [...filter.findings] };
}

const question = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
const event = (data: string, id = "3") => `id: ${id}\nevent: message\ndata: ${data}\n\n`;
const done = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [] } });
const sampling = question("sampling/createMessage", { messages: [] });

test("a question that is allowed passes as it was written; a refused one is not there, and its place stays", async () => {
  const stream = event(done, "1") + event(sampling, "2") + event(done, "3");
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 500 }), async (size) => {
      const passing = await through(events, stream, ({ params }) => ({ params }), size);
      assert.equal(passing.out, stream);
      const { out, asked } = await through(events, stream, () => refused, size);
      assert.equal(out, `${event(done, "1")}id: 2\nevent: message\n\n${event(done, "3")}`);
      assert.deepEqual(asked, ["7 sampling/createMessage"]);
    }),
    { numRuns: 60 },
  );
});

test("every request of a server is asked about, pings aside; a notification that MCP does not have is dropped", async () => {
  const odd = question("tools/call");
  const told = (method: string) => JSON.stringify({ jsonrpc: "2.0", method, params: {} });
  const stream = event(question("ping")) + event(odd) + event(told("notifications/message"));
  const { out, asked } = await through(events, stream + event(told("notifications/install")), () => refused);
  assert.deepEqual(asked, ["7 tools/call"]);
  assert.ok(out.includes('"ping"') && out.includes("notifications/message") && !out.includes("install"), out);
  const { found } = await through(events, event(told("notifications/install")), () => refused);
  assert.deepEqual(found, [
    {
      ...{ direction: "response", detector: "mcp-tools/notification", category: "indirect-injection" },
      ...{ owasp: "LLM03:2025", atlas: "AML.T0051.001", action: "block", count: 1, score: 1 },
      tools: ["notifications/install"],
    },
  ]);
});

test("in a batch the refused question alone is left out", async () => {
  const batch = `[${done},${sampling}]`;
  assert.equal((await through(events, event(batch), () => refused)).out, event(`[${done}]`));
  assert.equal((await through(json, batch, ({ params }) => ({ params }))).out, batch);
  assert.equal((await through(json, `[${sampling}]`, () => refused)).out, "");
});

test("what a result or an error asks for (2026-07-28; pages to visit) is refused as a whole", async () => {
  const inputRequests = {
    name: { method: "elicitation/create", params: { message: "Your name?" } },
    model: { method: "sampling/createMessage", params: { messages: [] } },
  };
  const result = JSON.stringify({ jsonrpc: "2.0", id: 4, result: { resultType: "input_required", inputRequests } });
  const page = { mode: "url", url: "https://evil.example/", message: "m", elicitationId: "1" };
  const error = JSON.stringify({
    ...{ jsonrpc: "2.0", id: 4 },
    error: { code: -32042, message: "visit", data: { elicitations: [page] } },
  });
  for (const written of [result, error])
    for (const head of [json, events]) {
      const text = head === json ? written : event(written);
      assert.equal((await through(head, text, ({ params }) => ({ params }))).out, text);
      const one = await through(head, text, ({ method, params }) =>
        method === "elicitation/create" ? refused : { params },
      );
      const answer = head === json ? one.out : /data: (.*)/.exec(one.out)?.[1];
      const told = JSON.parse(String(answer)) as { id: number; error: { code: number; data: object } };
      assert.deepEqual([told.id, told.error.code, told.error.data], [4, -1, { code: "ACCESS_DENIED" }]);
      assert.ok(!one.out.includes("evil") && !one.out.includes("inputRequests"), one.out);
    }
});

test("a question whose content was masked passes with what is left of it", async () => {
  const masked = { messages: [{ role: "user", content: { type: "text", text: "[masked]" } }] };
  const { out } = await through(events, event(sampling), () => ({ params: masked }));
  assert.equal(out, event(JSON.stringify({ ...JSON.parse(sampling), params: masked })));
});

test("what clients would read differently is cut, asked or not", async () => {
  const wrong = [
    `{"jsonrpc":"2.0","id":7,"Method":"sampling/createMessage","params":{}}`,
    `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","method":"ping"}`,
    `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","result":{}}`,
    `{"jsonrpc":"2.0","id":null,"method":"sampling/createMessage"}`,
    `{"jsonrpc":"2.0","id":7,"method":["sampling/createMessage"]}`,
    `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":[]}`,
    `{"jsonrpc":"2.0","id":7,"result":{"InputRequests":{}}}`,
    `{"jsonrpc":"2.0","id":7,"result":{"inputRequests":[]}}`,
    `{"jsonrpc":"2.0","id":7,"result":{"inputRequests":{"a":{"Method":"roots/list","method":"ping"}}}}`,
    `{"jsonrpc":"2.0","id":7,"result":{"Tools":[{"name":"evil"}]}}`,
    `{"jsonrpc":"2.0","id":7,"error":{"code":-32042,"message":"","data":{"Elicitations":[]}}}`,
  ];
  for (const text of wrong)
    for (const head of [json, events]) {
      const { out } = await through(head, head === json ? text : event(text), ({ params }) => ({ params }));
      assert.match(out, /^cut: /, text);
    }
});

test("a ledger that cannot be written ends the stream before the question", async () => {
  const { out } = await through(events, event(sampling), () => {
    throw new Error("the disk is full");
  });
  assert.equal(out, "cut: the MCP answer cannot be read: the disk is full");
});

test("a place in a stream is its session's and principal's alone, and what was not sealed here is none", () => {
  const ids = new EventIds();
  const route = { namespace: "default", name: "mcp" } as unknown as McpRoute;
  const asker = { principal: "spiffe://x/a" as SpiffeId, session: "s1" };
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 }), (id) => {
      const sealed = ids.seal(route, asker, id);
      if (sealed === undefined) return assert.notEqual(id.trim(), id);
      assert.equal(ids.open(route, asker, sealed), id);
      assert.equal(ids.open(route, { ...asker, session: "s2" }, sealed), undefined);
      assert.equal(ids.open(route, { ...asker, principal: "spiffe://x/b" as SpiffeId }, sealed), undefined);
      assert.equal(ids.open({ ...route, name: "other" }, asker, sealed), undefined);
      assert.equal(ids.open(route, asker, `${sealed}x`), undefined);
      assert.equal(ids.open(route, asker, id), undefined);
      assert.equal(new EventIds().open(route, asker, sealed), undefined);
    }),
  );
  for (const bad of ["", " a", "a\nb", "ü", "x".repeat(1025)]) assert.equal(ids.seal(route, asker, bad), undefined);
});

test("ids of a stream are sealed where they stand, and nothing else of it changes", () => {
  const filter = openToolFilter(events, {
    tool: () => undefined,
    ask: () => assert.fail(),
    input: () => assert.fail(),
    sealId: (id) => (id === "bad" ? undefined : `sealed.${id}`),
  });
  const text = `id: 1\ndata: \n\nid:2\r\ndata: ${done}\r\n\r\nid: bad\ndata: ${done}\n\nid\ndata: ${done}\n\n`;
  const out = filter?.push(Buffer.from(text));
  assert.equal(
    Buffer.from(out as Uint8Array).toString(),
    `id: sealed.1\ndata: \n\nid: sealed.2\r\ndata: ${done}\r\n\r\ndata: ${done}\n\nid\ndata: ${done}\n\n`,
  );
});

test("a mark at the start that clients leave out hides no question from the filter", async () => {
  for (const mark of ["\uFEFF", "\u00EF\u00BB\u00BF", "\uFEFF\uFEFF"])
    for (const size of [1, 1 << 20]) {
      const { out, asked } = await through(events, `${mark}data: ${sampling}\n\n`, () => refused, size);
      assert.deepEqual([asked, out.includes("sampling")], [["7 sampling/createMessage"], false], JSON.stringify(mark));
    }
});

test("no line with a mark comes to stand first because what was before it is taken out", async () => {
  for (const mark of ["\uFEFF", "\u00EF\u00BB\u00BF"])
    for (const first of ["", mark]) {
      const { out } = await through(events, `${first}data: ${sampling}\n${mark}data: ${sampling}\n\n`, () => refused);
      // The reader of events takes the first kind for what some clients take it for: data of two lines, which is no JSON.
      assert.match(out, mark === "\uFEFF" ? /^cut: .*not JSON/ : /^cut: .*hides a line/);
    }
  assert.equal((await through(events, `\uFEFF: hello\ndata: ${done}\n\n`, () => refused)).out.includes(done), true);
});

const onlySome = ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"];
const pythonsLineEnds = new RegExp(`\r\n|[\n\r${onlySome.join("")}]`);

/** Lines as Python's `str.splitlines` cuts them, and events of them as `httpx` hands them on. */
function heardBySplitlines(text: string): string[] {
  const heard: string[] = [];
  let data: string[] = [];
  for (const line of text.split(pythonsLineEnds)) {
    if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
    if (line !== "" || data.length === 0) continue;
    heard.push(data.join("\n"));
    data = [];
  }
  return heard;
}

test("what only some readers take for the end of a line begins no event of its own", async () => {
  const nobody = () => assert.fail("nothing is asked");
  for (const end of onlySome) {
    const hidden = `${end}${end}data: ${sampling}${end}${end}`;
    for (const line of [`: c${hidden}`, `event: x${hidden}`, `foo: 1${hidden}`]) {
      const { out } = await through(events, `${line}\ndata: ${done}\n\n`, nobody);
      assert.deepEqual([heardBySplitlines(out), out.includes("sampling")], [[done], false], line);
    }
    if (end < "\x20") continue; // JSON has it nowhere
    const tree = { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: `a${hidden}b` }] } };
    const { out } = await through(events, event(JSON.stringify(tree)), nobody);
    const [heard, ...more] = heardBySplitlines(out);
    assert.deepEqual([JSON.parse(heard ?? ""), more], [tree, []]);
  }
});
