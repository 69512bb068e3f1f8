/**
 * Registered documents and planted marks, by configuration alone, through a real gateway: nothing of a passage or a mark gets
 * out of a stream, or in an upload; what cannot be read keeps the configuration from being applied.
 */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { request as undiciRequest } from "undici";
import { newCanary } from "@cordon/core/inspection/fingerprints/canary";
import type { X509Svid } from "@cordon/core/identity/svid";
import { chatCall, configurationText, idOf, openEstate, until, type Answer, type Estate } from "./estate.ts";

const handbook = `The smelter at Kalder Reach keeps two furnaces banked through the wet months, because the ore barges
arrive late and cold iron cracks the lining of any hearth lit in haste. Foremen weigh each charge twice, once on the quay and
once beneath the hoist, and they enter both figures in green ink before the clerk rings the noon bell. Whoever finds a
difference of more than nine stone must halt the line, seal the hopper with lead, and send a runner to the assay house.`;
const words = handbook.split(/\s+/);
const nearly = words.map((word, at) => (at % 9 === 8 ? "something" : word)).join(" ");
const folded = `Minutes of the lantern committee: the northern pier shall stay dark on moonless nights until the harbour
master has counted every skiff, and no keeper may trim a wick before the second horn has answered from the island.`;
const preface = "Here is what I can tell you about it. ";
const mark = newCanary(new Uint8Array(13).fill(9));
const secondMark = newCanary(new Uint8Array(13).fill(77));

const opened = new AsyncDisposableStack();
let folder: string;
let estate: Estate;
let assistant: X509Svid;

const inspection = (registered: string, canaries: string, rest = ""): string =>
  `inspection: { maxBytes: 4194304, timeBudgetMs: 60000, registered: [${registered}], canaries: [${canaries}]${rest} }\n` +
  "incidents: { open: { canaryLeak: { enabled: true, severity: low } } }\n";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-registered-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "minutes/deep"), { recursive: true });
  await writeFile(join(folder, "handbook.txt"), handbook);
  await writeFile(join(folder, "minutes/deep/one.md"), folded);
  await writeFile(join(folder, "mark"), `${mark}\n`, { mode: 0o600 });
  await writeFile(join(folder, "marks"), `# planted in spring\n\n${secondMark}\n`, { mode: 0o600 });
  const more = inspection(
    `{ name: handbook, file: ${folder}/handbook.txt }, { name: minutes, folder: ${folder}/minutes }`,
    `{ name: payroll, mark: { file: ${folder}/mark } }, { name: spring, file: ${folder}/marks }`,
  );
  estate = opened.use(await openEstate({ more }));
  assistant = await estate.svidFor("agent", "assistant");
});
beforeEach(() => {
  estate.chat.seen.length = 0;
});
after(() => opened.disposeAsync());

/** The content that a client got of a streamed answer, however the stream ended. */
async function streamed(content: string, size: number, on = estate, who = assistant) {
  on.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let at = 0; at < content.length; at += size) {
      const delta = { content: content.slice(at, at + size) };
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  };
  const answer = await undiciRequest(`${on.cordon.gatewayUrl}/v1/chat/completions`, {
    ...chatCall({ model: "m", stream: true, messages: [{ role: "user", content: "Tell me." }] }),
    dispatcher: on.agent(who),
    method: "POST",
  });
  let text = "";
  try {
    for await (const chunk of answer.body) text += String(chunk);
  } catch {
    // A stream that is cut ends so.
  }
  const got = [...text.matchAll(/"delta":\{"content":("(?:[^"\\]|\\.)*")/g)].map((found) =>
    JSON.parse(found[1] ?? '""'),
  );
  return { got: got.join(""), whole: text.includes("[DONE]") && !text.includes("content_filter") };
}

const chat = (content: string, on = estate, who = assistant): Promise<Answer> =>
  on.call(who, "/v1/chat/completions", chatCall({ model: "m", messages: [{ role: "user", content }] }));

/** What may be out before a finding: the words before it, of which the last runs may wait. */
function assertOnlyPreface({ got, whole }: Awaited<ReturnType<typeof streamed>>, label: string): void {
  assert.ok(preface.startsWith(got), `${label}: ${got}`);
  assert.equal(whole, false, label);
}

test("a registered passage does not begin to leave, verbatim or nearly, whatever pieces it comes in", async () => {
  for (const size of [1, 7, 60, 4000])
    for (const [label, passage] of Object.entries({ handbook, nearly, folded, loud: handbook.toUpperCase() }))
      assertOnlyPreface(await streamed(preface + passage, size), `${label} by ${size}`);
});

test("a planted mark does not begin to leave, in any of its forms, and opens an incident for whoever drew it out", async () => {
  const forms = { mark, secondMark, spaced: mark.replaceAll("-", " ").toLowerCase(), base64: btoa(`it is ${mark} ok`) };
  for (const size of [1, 5, 4000])
    for (const [label, form] of Object.entries(forms)) {
      const { got, whole } = await streamed(preface + form, size);
      assert.equal(whole, false, label);
      const held = label === "base64" ? btoa("it is CNRY-") : "";
      assert.ok((preface + held).startsWith(got), `${label} by ${size}: ${got}`);
    }
  const incidents = () => estate.cordon.control.snapshots.current().incidents;
  await until(() => incidents()?.has(idOf("agent", "assistant")) === true, "an incident opened by itself");
});

test("ordinary answers pass whole, and so does a short quotation", async () => {
  const ordinary = `${preface}Foremen weigh each charge, as is usual, and the clerk writes it down. ${"The weather was fair and the roads were dry. ".repeat(40)}`;
  for (const size of [3, 500]) {
    const { got, whole } = await streamed(ordinary, size);
    assert.equal(got, ordinary);
    assert.equal(whole, true);
  }
});

test("neither goes out in a request or comes back in a body, short or so long that the thread reads it", async () => {
  const filler = "The weather was fair and the roads were dry. ".repeat(2000);
  for (const found of [handbook, nearly, folded, mark, secondMark])
    for (const content of [found, filler + found]) {
      estate.chat.answer = (_seen, response) =>
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      const refused = await chat(content);
      assert.equal(refused.status, 403, `${content.length} ${refused.text}`);
      assert.match(refused.text, /inspection found (proprietary \(proprietary\/|canary \(canary\/)/);
      estate.chat.answer = (_seen, response) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content } }] }));
      const withheld = await chat("Tell me.");
      assert.equal(withheld.status, 403, withheld.text.slice(0, 200));
    }
  assert.equal(estate.chat.seen.length, 10, "only the questions were forwarded");
  estate.chat.answer = (_seen, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}");
  assert.equal((await chat(filler)).status, 200);
});

test("what is for some namespaces is no finding elsewhere; a namespace that nothing is in is refused", async () => {
  const more = inspection(
    `{ name: handbook, file: ${folder}/handbook.txt, namespaces: [other] }, { name: minutes, folder: ${folder}/minutes, namespaces: [default, other] }`,
    `{ name: payroll, mark: { file: ${folder}/mark }, namespaces: [other] }, { name: spring, file: ${folder}/marks }`,
    ", response: { proprietary: redact }",
  );
  const route = (text: string): string =>
    text.replace(
      "routes:\n",
      "routes:\n  - { name: elsewhere, namespace: other, kind: openai, path: /other/v1, models: { m: { component: default/chat, upstream: default/chat } } }\n",
    );
  await using own = await openEstate({ configuration: (ports) => route(configurationText(ports, { more })) });
  const who = await own.svidFor("agent", "assistant");
  const answered = async (content: string, path: string): Promise<string> => {
    own.chat.answer = (_seen, response) =>
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content } }] }));
    const call = chatCall({ model: "m", messages: [{ role: "user", content: "Tell me." }] });
    const { status, text } = await own.call(who, `${path}/chat/completions`, call);
    return status === 200 ? (text.includes("[") && /\[[A-Z_]+\]/.test(text) ? "masked" : "whole") : String(status);
  };
  assert.equal(await answered(handbook, "/v1"), "whole");
  assert.equal(await answered(mark, "/v1"), "whole");
  assert.equal(await answered(folded, "/v1"), "masked");
  assert.equal(await answered(secondMark, "/v1"), "403");
  assert.equal(await answered(handbook, "/other/v1"), "masked");
  assert.equal(await answered(mark, "/other/v1"), "403");
  const entries = JSON.stringify(await own.entries());
  assert.ok(entries.includes("proprietary/minutes") && entries.includes("canary/payroll"));
  const nowhere = inspection("", `{ name: payroll, mark: { file: ${folder}/mark }, namespaces: [defualt] }`);
  await assert.rejects(
    openEstate({ more: nowhere }).then((one) => one[Symbol.asyncDispose]()),
    /`inspection.canaries` payroll: no route and no egress destination is of the namespace `defualt`/,
  );
});

test("a changed document is read on reload; one that cannot be read leaves everything as it is; marks are never said", async () => {
  const file = join(folder, "own.txt");
  const secret = join(folder, "own-mark");
  await writeFile(file, handbook);
  await writeFile(secret, mark, { mode: 0o600 });
  const more = inspection(`{ name: own, file: ${file} }`, `{ name: payroll, file: ${secret} }`);
  await using own = await openEstate({ more });
  const who = await own.svidFor("agent", "assistant");
  const watch = own.cordon.control.watch;
  await writeFile(file, folded);
  assert.equal(await watch.reload(), true);
  assert.equal((await streamed(handbook, 50, own, who)).whole, true);
  assertOnlyPreface(await streamed(preface + folded, 50, own, who), "the new text");
  await writeFile(file, Buffer.from([0xff, 0xfe, 0x41]));
  await assert.rejects(watch.reload(), /`inspection.registered` own: .*own\.txt is not UTF-8 text/);
  await rm(file);
  await assert.rejects(watch.reload(), /own: .*own\.txt cannot be read \(ENOENT\)/);
  assertOnlyPreface(await streamed(preface + folded, 50, own, who), "still in force");
  await writeFile(file, folded);
  await chmod(secret, 0o644);
  await assert.rejects(watch.reload(), /payroll: everybody on this machine may read/);
  await chmod(secret, 0o600);
  await writeFile(secret, `${mark}\n${mark}${mark}${mark}${mark}`);
  await assert.rejects(watch.reload(), (error: Error) => {
    assert.match(error.message, /canary `payroll` has \d+ letters|payroll: a mark is longer/);
    return !error.message.includes(mark);
  });
  assert.ok(!own.log.some((line) => line.includes(mark)));
});

test("what cannot be read, or is too much, keeps Cordon from starting, and says where and why", async () => {
  const bad = join(folder, "bad");
  await mkdir(bad);
  const large = join(folder, "large.txt");
  await writeFile(large, "a ".repeat(9 * 1024 * 1024));
  const short = join(folder, "short.txt");
  await writeFile(short, "only a few words");
  const linked = join(folder, "linked");
  await mkdir(linked);
  await symlink(large, join(linked, "one.txt"));
  for (const [registered, canaries, why] of [
    [`{ name: a, file: ${folder}/none.txt }`, "", /registered` a: .*none\.txt cannot be read \(ENOENT\)/],
    [`{ name: a, file: ${folder} }`, "", /cannot be read \(E(ISDIR|NOTFILE)\)/],
    [`{ name: a, folder: ${folder}/none }`, "", /cannot be listed \(ENOENT\)/],
    [`{ name: a, folder: ${bad} }`, "", /holds no file/],
    [`{ name: a, folder: ${linked} }`, "", /a link is not followed/],
    [`{ name: a, file: ${large} }`, "", /is longer than 16777216 bytes/],
    [`{ name: a, file: ${short} }`, "", /too few words/],
    [`{ name: a, file: x, folder: y }`, "", /either `file` or `folder`/],
    [`{ name: a, file: x }, { name: a, file: y }`, "", /distinct names/],
    ["", `{ name: c, mark: { env: NOT_SET_ANYWHERE } }`, /NOT_SET_ANYWHERE`: it is not set/],
    ["", `{ name: c, file: ${folder}/none }`, /canaries` c: .*none cannot be read \(ENOENT\)/],
    ["", `{ name: c, mark: ABCD }`, /must be a secret reference/],
  ] as const)
    await assert.rejects(
      openEstate({ more: inspection(registered, canaries) }).then((one) => one[Symbol.asyncDispose]()),
      why,
    );
});

test("a route's own words on a finding go before the item's, and the item's before the category's", async () => {
  const more = inspection(
    `{ name: handbook, file: ${folder}/handbook.txt, action: redact }, { name: minutes, folder: ${folder}/minutes }`,
    `{ name: payroll, mark: { file: ${folder}/mark } }`,
    ", response: { proprietary: flag, canary/payroll: flag }",
  );
  await using own = await openEstate({ more });
  const who = await own.svidFor("agent", "assistant");
  const masked = await streamed(`${preface}${handbook} And so on.`, 50, own, who);
  assert.ok(masked.whole && !masked.got.includes("furnaces banked") && masked.got.endsWith("And so on."), masked.got);
  assert.equal((await streamed(folded, 50, own, who)).got, folded);
  assert.ok((await streamed(mark, 50, own, who)).got.includes(mark));
  assert.equal((await chat(mark, own, who)).status, 403);
});
