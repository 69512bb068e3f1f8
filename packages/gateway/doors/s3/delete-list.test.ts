import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { readDeleteList, writeDeleteList } from "./delete-list.ts";

const same = (key: string): string => key;
const read = (text: string) => readDeleteList(Buffer.from(text), same);

test("what is written is read, whatever a key holds", () => {
  const key = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
  const plain = key.filter((text) => text === text.trim()).map((text) => ({ key: text }));
  const keys = fc.array(plain, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(keys, fc.boolean(), (list, quiet) => {
      assert.deepEqual(readDeleteList(writeDeleteList({ keys: list, quiet }), same), { keys: list, quiet });
    }),
  );
});

test("a real client's body is read; what parsers differ in, and what is not known, is refused", () => {
  const sent = `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key><VersionId>v1</VersionId></Object><Quiet>true</Quiet></Delete>`;
  assert.deepEqual(read(sent), { quiet: true, keys: [{ key: "a&b" }, { key: "c", version: "v1" }] });
  const one = "<Object><Key>a</Key></Object>";
  for (const text of [
    "",
    "<Delete></Delete>",
    `<Delete>${one}`,
    `<Delete>${one}</Delete>x`,
    `<Delete>${one}</Delete><Delete>${one}</Delete>`,
    `<!DOCTYPE x [<!ENTITY k "b">]><Delete><Object><Key>&k;</Key></Object></Delete>`,
    "<Delete><Object><Key>&k;</Key></Object></Delete>",
    "<Delete><Object><Key>a & b</Key></Object></Delete>",
    "<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>",
    "<Delete><Object><!-- x --><Key>a</Key></Object></Delete>",
    "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
    "<Delete><Object><Key>a</VersionId></Object></Delete>",
    "<Delete><Object><Key>a</Key><ETag>x</ETag></Object></Delete>",
    "<Delete><Object><Key></Key></Object></Delete>",
    '<Delete xmlns="urn:other"><Object><Key>a</Key></Object></Delete>',
    `<Delete>${one.repeat(1_001)}</Delete>`,
    '<?xml version="1.0" encoding="UTF-16"?><Delete><Object><Key>a</Key></Object></Delete>',
  ])
    assert.throws(
      () => read(text),
      (error) => isCordonError(error, "REQUEST_MALFORMED"),
      text.slice(0, 90),
    );
  assert.throws(() => readDeleteList(Buffer.from([...Buffer.from("<Delete><Object><Key>"), 0xff]), same), /UTF-8/);
});
