/** What lies over two texts that a model reads as one is masked in both, or refused where it cannot be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Finding } from "@cordon/core/inspection/finding";
import type { InspectionThread } from "./inspection-thread.ts";
import { openInspection } from "./open-inspection.ts";
import { contentOf } from "./request-content.ts";
import { Screening } from "./screening.ts";

type SpanFindings = (readonly Finding[])[];

const token = ["ghp", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"].join("_"); // cordon-check: example
const halves = [`my token ${token.slice(0, 15)}`, `${token.slice(15)} is new`] as const;
const nobody = "spiffe://example.test/agent/a" as SpiffeId;
const blocks = (...texts: string[]) => texts.map((text) => ({ type: "text", text }));

function judged(body: object, action: string, path = "/chat/completions", api: "openai" | "anthropic" = "openai") {
  const written = { request: { secret: action, pii: action } };
  const screening = new Screening(inspectionSettings(inspectionSchema.parse(written)));
  const subject = {
    ...{ screening, requestId: "r", principal: nobody, resource: nobody },
    ...{ api, path, contentType: "application/json" },
  };
  const inspection = openInspection({
    detectors: { spans: builtInSpanDetectors, parts: builtInPartDetectors },
    monotonicMs: () => 0,
  });
  const content = contentOf(Buffer.from(JSON.stringify(body)), undefined, "application/json");
  const found = inspection.inspectRequest(subject, content);
  return { ...found, sent: found.verdict === "replace" ? found.body.toString() : "" };
}

const bodies: readonly (readonly [what: string, api: "openai" | "anthropic", path: string, body: object])[] = [
  [
    "blocks of Chat Completions",
    "openai",
    "/chat/completions",
    { messages: [{ role: "user", content: blocks(...halves) }] },
  ],
  [
    "messages in a row",
    "openai",
    "/chat/completions",
    { messages: halves.map((content) => ({ role: "user", content })) },
  ],
  ["blocks of Messages", "anthropic", "/messages", { messages: [{ role: "user", content: blocks(...halves) }] }],
  [
    "blocks of a tool's result",
    "anthropic",
    "/messages",
    { messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: blocks(...halves) }] }] },
  ],
  [
    "blocks of Responses",
    "openai",
    "/responses",
    { input: [{ role: "user", content: halves.map((text) => ({ type: "input_text", text })) }] },
  ],
];
for (const [what, api, path, body] of bodies)
  test(`a key over ${what} is masked in both, and blocks where secrets block`, () => {
    const { verdict, sent } = judged(body, "redact", path, api);
    assert.equal(verdict, "replace");
    assert.ok(sent.includes("my token [") && sent.includes("] is new"), sent);
    assert.ok(!sent.includes(token.slice(4, 15)) && !sent.includes(token.slice(15)), sent);
    assert.equal(judged(body, "block", path, api).verdict, "block");
    assert.equal(judged(body, "flag", path, api).verdict, "pass");
  });

test("pieces too short to be masked are refused instead", () => {
  const pieces = token.match(/.{1,3}/g) ?? [];
  const body = { messages: [{ role: "user", content: blocks("my token ", ...pieces) }] };
  assert.equal(judged(body, "redact").verdict, "block");
});

test("honest blocks pass as they came", () => {
  const body = { messages: [{ role: "user", content: blocks("There were 12", "345678 visitors.", "Thank you.") }] };
  assert.equal(judged(body, "redact").verdict, "pass");
});

test("what many equal blocks say is found once for each of their texts, and not for each other", () => {
  const card = ["my card 4111 1111", "1111 1111 ok"];
  const body = { messages: [{ role: "user", content: blocks(...Array.from({ length: 300 }, () => card).flat()) }] };
  const { verdict, sent, findings } = judged(body, "redact");
  assert.equal(verdict, "replace");
  assert.ok(!sent.includes("1111 1111"), sent.slice(0, 400));
  const count = (findings as readonly { count: number }[]).reduce((sum, each) => sum + each.count, 0);
  assert.ok(count <= 600 * 3, `${count} findings`);
});

test("a long body is read the same in the inspecting thread: it is asked about each text that is met", async () => {
  const found: SpanFindings[] = [];
  const thread = {
    inspect: async ({ texts }: { readonly texts: readonly string[] }) => {
      found.length = 0;
      for (const text of texts) found.push(builtInSpanDetectors.map((detector) => detector.detect(text)));
      return { spans: [...found], parts: [] };
    },
  } as unknown as InspectionThread;
  for (const first of ["QUJD".repeat(10_000) + "/", "word is said ".repeat(4000)]) {
    const body = {
      messages: [{ role: "user", content: blocks(first + token.slice(0, 15), `${token.slice(15)} is new`) }],
    };
    const settings = inspectionSettings(inspectionSchema.parse({ request: { secret: "redact" } }));
    const subject = {
      ...{ screening: new Screening(settings), requestId: "r", principal: nobody, resource: nobody },
      ...{ api: "openai" as const, path: "/chat/completions", contentType: "application/json" },
    };
    const inspection = openInspection({
      detectors: { spans: builtInSpanDetectors, parts: [] },
      monotonicMs: () => 0,
      thread,
    });
    const content = contentOf(Buffer.from(JSON.stringify(body)), undefined, "application/json");
    const ready = await inspection.aside?.(subject, content);
    assert.ok(ready !== undefined);
    assert.notEqual(ready.inspectRequest(subject, content).verdict, undefined);
  }
});
