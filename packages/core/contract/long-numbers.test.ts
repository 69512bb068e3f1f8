import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isLongNumber, withLongNumbers } from "./long-numbers.ts";
import type { JsonValue } from "./strict-json.ts";

test("a number that is too long for a double keeps its digits, also when it is written again", () => {
  const text =
    '{"id":110101199003070038,"list":[-89014103211118510720,5,1.5,4111111111111111,1e30],"text":"110101199003070038"}';
  const tree = withLongNumbers(text, JSON.parse(text) as JsonValue);
  assert.equal(JSON.stringify(tree), text.replace("1e30", "1e+30"));
  assert.equal(isLongNumber((tree as { id: JsonValue }).id), true);
  assert.equal((tree as { list: JsonValue[] }).list[3], 4_111_111_111_111_111);
});

test("a tree without such numbers is the same tree", () => {
  const plain: JsonValue = { a: "1234567890123456789", b: [12, 4_111_111_111_111_111, 1e21, 0.1234567890123456] };
  assert.equal(withLongNumbers(JSON.stringify(plain), plain), plain);
});

test("whatever JSON is given, what is written again says the same", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n })), fc.jsonValue(), (numbers, value) => {
      const text = `[[${numbers.join(",")}],${JSON.stringify(value)}]`;
      assert.equal(JSON.stringify(withLongNumbers(text, JSON.parse(text) as JsonValue)), text);
    }),
  );
});
