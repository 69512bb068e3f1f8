import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hostileTexts } from "../../testing/hostile-texts.ts";
import { builtInModel, builtInTagger, plainTagger, type NameReading } from "./tagger.ts";

const plain = plainTagger(builtInModel());

/** All that a reading says, in arrays of its own. What a word with no tag is sure of is nothing. */
function said({ tokens, tags, sure, active }: NameReading): unknown {
  const { count, starts, ends, hashes, tails, kinds } = tokens;
  return Array.from({ length: count }, (_, at) => [
    ...[starts[at], ends[at], hashes[at], tails[at], kinds[at], active[at], tags[at]],
    tags[at] === 0 ? 0 : sure[at],
  ]);
}

function assertAlike(text: string): void {
  const one = said(builtInTagger().read(text));
  assert.deepEqual(one, said(plain.read(text)), JSON.stringify(text.slice(0, 200)));
}

const pieces = fc.oneof(
  fc.constantFrom("Anna", "Nguyễn", "Văn", "bin", "Tan", "de", "la", "Mr.", "Jalan", "Street", "12", "B4a", "London"),
  fc.constantFrom("the", "and", "lives", "at", "WORD", "camelCase", "O'Neil", "İstanbul", "ß", "ก", "李", "한글", "Ꭰ"),
  fc.constantFrom(
    " ",
    " ",
    " ",
    "\n",
    "\r\n\n",
    ", ",
    ". ",
    "-",
    "/",
    "\u00a0",
    "\u2028",
    "\0",
    "\ud800",
    "\ud83d\ude00",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
);

test("a compiled tagging is the plain one, to the last bit, whatever the text", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 300 }), (list) => assertAlike(list.join(""))),
    { numRuns: 300 },
  );
});

test("a text longer than all before it has room, and one beyond the kernel's longest is read too", () => {
  for (const times of [1, 3000, 2, 9000, 16_000]) assertAlike("Anna Tan, 12 Main St\n".repeat(times));
});

test("texts made to be slow are tagged alike", () => {
  for (const [, text] of hostileTexts(6000)) assertAlike(text);
});
