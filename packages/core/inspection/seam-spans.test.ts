import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { builtInInspection } from "./detectors.ts";
import { inspect } from "./inspect.ts";

const token = ["ghp", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"].join("_"); // cordon-check: example

const blocksOf = (...texts: string[]) => ({
  messages: [{ role: "user", content: texts.map((text) => ({ type: "text", text })) }],
});
const inspected = (...texts: string[]) => inspect(blocksOf(...texts), builtInInspection("request"));
const masked = (...texts: string[]): string[] => {
  const { redacted } = inspected(...texts);
  const [message] = (redacted ?? blocksOf(...texts).messages) as [{ content: { text: string }[] }];
  return message.content.map(({ text }) => text);
};

test("a key in two blocks is found in both, each with its own path, and masked where it stands", () => {
  const { verdict, findings } = inspected(`my token ${token.slice(0, 15)}`, `${token.slice(15)} is new`);
  assert.equal(verdict, "flag");
  const secrets = findings.filter(({ category }) => category === "secret");
  assert.deepEqual(
    [...new Set(secrets.map(({ path, start, end }) => `${path} ${start} ${end}`))],
    ["/0/content/0/text 9 24", "/0/content/1/text 0 25"],
  );
  const out = masked(`my token ${token.slice(0, 15)}`, `${token.slice(15)} is new`);
  assert.match(out.join("|"), /^my token \[[A-Z_]+\]\|\[[A-Z_]+\] is new$/);
});

const split: readonly (readonly [what: string, ...texts: string[]])[] = [
  ["a key in three blocks", `my token ${token.slice(0, 15)}`, token.slice(15, 25), `${token.slice(25)} is new`],
  ["a card number between its groups", "card 4111 1111", "1111 1111 please"],
  ["an address at its sign", "write to anna.smith", "@example.com today"],
  ["an identity number in its digits", "My NRIC is S1234", "567D thanks"],
  ["a telephone number", "Call me: +65 9123", "4567"],
];
for (const [what, ...texts] of split)
  test(`masks ${what}`, () => {
    const out = masked(...texts);
    for (const [at, text] of texts.entries()) assert.notEqual(out[at], text, JSON.stringify(out));
  });

test("a value is found whose name stands in the block before", () =>
  assert.equal(masked("password: ", "hunter2!Xy9 and so on")[1], "[PASSWORD] and so on"));

test("messages of the user in a row read as one, those of others do not", () => {
  const said = (role: string) => ({
    messages: [
      { role: "user", content: `my token ${token.slice(0, 15)}` },
      { role, content: `${token.slice(15)} is new` },
    ],
  });
  const paths = (role: string) =>
    inspect(said(role), builtInInspection("request")).findings.filter(
      ({ detector }) => detector === "secret/github-token",
    );
  assert.deepEqual(
    paths("user").map(({ path }) => path),
    ["/1/content"],
  );
  assert.deepEqual(paths("assistant"), []);
});

test("a long text is read near the seam alone, and what it was cut through is no finding", () => {
  const words = "The harbour was built in 1887 and rebuilt after the storm. ".repeat(20);
  const out = masked(`${words}my token ${token.slice(0, 15)}`, `${token.slice(15)} is new. ${words}`);
  assert.equal(out.join("").includes("9kL1mN3p"), false);
  const number = "4111111111111111";
  // The first 256 units end within the number, which is found in its own text and no second time.
  const cut = `${words.slice(0, 242)} card ${number} ${words}`;
  const { findings } = inspected(cut, "Thank you");
  assert.deepEqual(
    findings.map(({ detector }) => detector),
    ["pii/credit-card"],
  );
});

const honest: readonly (readonly string[])[] = [
  ["There were 12", "345678 visitors. Order 55"],
  ["Hello, here is a document.", "Please summarise it."],
  ["The total is 40", "15 of them are new"],
  ["It costs 12.50", "2026-11-26 was the day"],
];
test("honest blocks that touch are left as they are", () => {
  for (const texts of honest) assert.deepEqual(masked(...texts), [...texts]);
});

test("findings lie within the texts that they name, whatever the blocks", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("4111 1111", "1111 1111", "password:", token.slice(0, 9), token.slice(9), "@example.com", "anna"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (texts) => {
      for (const { start, end, path } of inspected(...texts).findings) {
        const block = Number(path?.split("/")[3]);
        assert.ok(start >= 0 && start <= end && end <= (texts[block] ?? "").length, JSON.stringify(texts));
      }
    }),
    { numRuns: 200 },
  );
});

const whole: readonly (readonly [first: string, second: string])[] = [
  ["password: Xk9mmQ2z7", "Thanks and best regards"],
  [`The key is ${token}`, "Please summarise this"],
  ["write to anna.tan@mail.example", "org is fine"],
];
for (const [first, second] of whole)
  test(`the word behind what is whole stays: ${second}`, () => {
    const out = masked(first, second);
    assert.match(out[0] as string, /\[[A-Z_]+\]$/);
    assert.equal(out[1], second);
  });

test("what goes on behind a seam and is no plain word is masked with it", () => {
  assert.doesNotMatch(masked("password: Xk9mmQ2z7", "Tr0ub4dor and best regards").join("|"), /Tr0ub4dor/);
});
