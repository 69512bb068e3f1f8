import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { identifierDetector } from "./detector.ts";
import { plainSigns } from "./plain-signs.ts";
import { isHongKongId, isResidentId, isTaiwanId } from "./rules/east-asia.ts";

/** What stands in `«…»` is to be found, whole and by that name. */
const written: readonly (readonly [text: string, type: string])[] = [
  ["card «４１１１ １１１１ １１１１ １１１１»", "credit-card"],
  ["«4111–1111–1111–1111»", "credit-card"],
  ["groups: «4111\u00a01111\u00a01111\u00a01111»", "credit-card"],
  ["หมายเลขบัตร ปชช. «๑-๑๐๑๗-๐๐๒๓๐-๖๗-๘»", "th-citizen-id"],
  ["Phone: «+１-415-555-2671»", "phone"],
  ["mail «jane.doe＠example.com»", "email"],
  ["mail «ａｎｎａ@mail.example» please", "email"],
  ["mail «anna@mail.example»—please, not ＠ last", "email"],
  ["write to «jane.doe@example.com»—or call", "email"],
  ["NRIC «S 1234567 D»", "sg-nric"],
  ["ic: «S1234567-D»", "sg-nric"],
  ["身份证 «11010519491231002X»", "cn-resident-id"],
  ["身分證字號 «A123456789»", "tw-national-id"],
  ["주민등록번호 «900101-1234568»", "kr-resident-id"],
  ["マイナンバー «123456789018»", "jp-my-number"],
  ["手机 «13800138000»", "phone"],
  ["护照号 «E12345678»", "passport"],
  ["银行账号 «6222020200112233445»", "bank-account"],
  ["出生日期：«1985年3月12日»", "date-of-birth"],
  ["생년월일 «1985년 3월 12일»", "date-of-birth"],
  ["ipinanganak noong «Hunyo 19, 1961»", "date-of-birth"],
  ["பிறந்த தேதி: «12-03-1985»", "date-of-birth"],
  ["so cccd «001090012345»", "vn-cccd"],
];

for (const [marked, type] of written)
  test(`finds ${type} in ${marked}`, () => {
    const text = marked.replace(/[«»]/g, "");
    const [start, end] = [marked.indexOf("«"), marked.indexOf("»") - 1];
    const found = identifierDetector.detect(text).filter((finding) => finding.detector === `pii/${type}`);
    assert.deepEqual(
      found.map((finding) => text.slice(finding.start, finding.end)),
      [text.slice(start, end)],
    );
  });

const others: readonly string[] = [
  "order id: 900101145678",
  "nomor pesanan 3174051708900002",
  "订单号 202403121234567890",
  "快递单号 123456789018",
  "UUID 550e8400-e29b-41d4-a716-446655440000",
  "commit 3f2a9bc81d4e5f60718293a4b5c6d7e8f9012345",
  "integrity sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA==",
  "!function(e,t){var a=1e10,b=0x7fffffff,c=4294967295;return a+b+c}(this)",
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
  "2024年3月12日",
  "身份证 110105194912310021",
  "Part A123456789 and part A123456780 fit",
];
for (const text of others)
  test(`finds nothing in ${text}`, () =>
    assert.deepEqual(
      identifierDetector
        .detect(text)
        .filter(({ score }) => score >= 0.6)
        .map(({ detector }) => detector),
      text.startsWith("Part") ? ["pii/tw-national-id"] : [],
    ));

test("check digits of East Asia", () => {
  assert.ok(isResidentId("11010519491231002X") && !isResidentId("110105194912310021"));
  assert.ok(isTaiwanId("A123456789") && !isTaiwanId("A123456788"));
  assert.ok(isHongKongId("A1234563") && !isHongKongId("A1234564") && isHongKongId("AB9876543"));
});

test("keeps every offset, and the laws of spans, whatever signs a text is written in", () => {
  const sign = fc.constantFrom(...Array.from("１２３４๑๒๓٤५4１–－\u00a0\u3000 +＠.ＡSe：身份证card手机"));
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 60 }), (text) => {
      const plain = plainSigns(text);
      assert.equal(plain.length, text.length);
      assert.equal(plainSigns(plain), plain);
      assertWellFormed(identifierDetector, text);
      assertSettledBeforeOpen(identifierDetector, text, [0, 1, text.length >> 1, text.length]);
    }),
  );
});
