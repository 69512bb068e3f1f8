import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { judgeCard, type CardTopic } from "./judge-card.ts";
import { readLicence } from "./licence.ts";
import { parseCard } from "./parse-card.ts";

const shared = new URL("../../../../../shared/corpora/model-cards/", import.meta.url).pathname;
const skip = existsSync(shared) ? false : `the corpus is not at ${shared}`;

const judge = (text: string) => judgeCard(parseCard(Buffer.from(text), "README.md"), "README.md");
const states = (text: string): Partial<Record<CardTopic, string>> =>
  Object.fromEntries(judge(text).topics.map(({ topic, state }) => [topic, state]));

test("cards of the corpus have the format that their labels say", { skip }, (t) => {
  let judged = 0;
  for (const half of ["dev", "heldout"].map((name) => join(shared, name)).filter(existsSync)) {
    const labels = JSON.parse(readFileSync(join(half, "labels.json"), "utf8")) as Record<string, { label: string }>;
    for (const [file, { label }] of Object.entries(labels)) {
      assert.equal(parseCard(readFileSync(join(half, file)), file).format, label, file);
      judged += 1;
    }
    for (const file of readdirSync(join(half, "real"))) {
      const { topics } = judgeCard(parseCard(readFileSync(join(half, "real", file)), file), file);
      const said = topics.filter(({ state }) => state === "present").map(({ topic }) => topic);
      for (const topic of ["training-data", "bias", "intended-use", "evaluation"] as const)
        assert.ok(said.includes(topic), `${file} says its ${topic}`);
    }
  }
  t.diagnostic(`model cards: ${judged} of ${judged} right`);
});

test("a template that nobody filled in says nothing", { skip }, () => {
  const template = readFileSync(join(shared, "reference/modelcard_template.md"), "utf8");
  const filled = template
    .replace("{{ card_data }}", "license: mit")
    .replaceAll(/\{\{[^}]*default\("([^"]*)", true\)\s*\}\}/g, "$1");
  assert.deepEqual(states(filled), {
    "training-data": "template",
    bias: "template",
    "intended-use": "template",
    evaluation: "template",
    licence: "present",
  });
  assert.ok(Object.values(states(template)).every((state) => state !== "present"));
});

test("a card in words of its own says everything", () => {
  const card = `---\nlicense: apache-2.0\n---\n# Credit\n## Training Data\nLoan applications of 2020 to 2024, from our own branches.\n## Limitations\nUnderestimates income of people who are paid in cash.\n## Intended use\nSecond opinion for loan officers, never alone.\n## Evaluation\nAUC of 0.81 on applications of 2025.\n`;
  const { findings, topics } = judge(card);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    topics.map(({ line }) => line),
    [5, 7, 9, 11, undefined],
  );
});

test("placeholders, comments and code are no answer", () => {
  const body = (text: string): string | undefined => states(`## Training Data\n${text}\n`)["training-data"];
  assert.equal(body("TODO: describe the data we used for training here"), "template");
  assert.equal(body("<!-- This section describes the data that was used for training the model. -->"), "template");
  assert.equal(
    body("- **Developed by:** [More Information Needed]\n- **Shared by:** [More Information Needed]"),
    "template",
  );
  assert.equal(body("[More Information Needed]"), "template");
  assert.equal(body("Crawled news articles from ten publishers."), "present");
  assert.equal(states("```\n## Training Data\nfive words that are code only\n```")["training-data"], "missing");
});

test("metadata answers for datasets, evaluation and licence", () => {
  const card = `---\nlicense: mit\ndatasets:\n- beans\nmodel-index:\n- name: m\n  results:\n  - task: {type: t}\n    dataset: {type: beans, name: Beans}\n    metrics:\n    - {type: acc, value: 0.9}\n---\n# M\n`;
  assert.deepEqual(states(card), {
    "training-data": "present",
    bias: "missing",
    "intended-use": "missing",
    evaluation: "present",
    licence: "present",
  });
});

test("licences are SPDX, known among models, or not plausible", () => {
  assert.deepEqual(readLicence("apache-2.0"), { kind: "spdx", id: "Apache-2.0" });
  assert.deepEqual(readLicence("MIT OR Apache-2.0"), { kind: "expression", expression: "MIT OR Apache-2.0" });
  assert.equal(readLicence("llama3.1").kind, "named");
  assert.equal(readLicence("other", "Acme model licence", "LICENSE").kind, "named");
  for (const text of ["other", "unknown", "", "{{ license }}", "[More Information Needed]", "free as in beer"])
    assert.equal(readLicence(text).kind, "implausible", text);
});

test("broken metadata is an answer, hostile metadata too", () => {
  const format = (front: string): string => parseCard(Buffer.from(`---\n${front}\n---\n# M\n`), "README.md").format;
  for (const front of [
    "[]",
    "just text",
    "a: [",
    "license: {a: b}",
    "a: 1\na: 2",
    "model-index: [{name: m, results: [{task: {type: t}}]}]",
  ])
    assert.equal(format(front), "invalid", front);
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...Array.from({ length: 9 }, (_, n) => `b${n}: &b${n} [${"*a,".repeat(9)}]`),
    "z: [*b0,*b1,*b2,*b3,*b4,*b5,*b6,*b7,*b8,*b8,*b8,*b8]",
  ].join("\n");
  assert.ok(["valid", "invalid"].includes(format(bomb)));
  assert.throws(() => parseCard(Buffer.from([0xff, 0xfe]), "x"), { code: "SUPPLY_INPUT_INVALID" });
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void judge(`---\n${text}\n---\n${text}`)));
});

test("no length of spaces or marks makes a card slow", () => {
  const long = 150_000;
  for (const text of [
    " ".repeat(long),
    `# ${"#".repeat(long)}x`,
    "[".repeat(long),
    `## Training data\n${" ".repeat(long)}x`,
    "**a**".repeat(long / 5),
    "<!--".repeat(long / 4),
  ])
    assert.ok(judge(text).topics.length > 0);
});
