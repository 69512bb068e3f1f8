import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../../testing/span-laws.ts";
import { scriptNameDetector } from "./detector.ts";

function found(text: string): string[] {
  return scriptNameDetector
    .detect(text)
    .map(({ detector, start, end }) => `${detector.slice(4)} ${text.slice(start, end)}`);
}

const sentences: readonly (readonly [text: string, ...expected: string[]])[] = [
  ["我叫王小明，住在北京市朝阳区建国路88号3号楼502室。", "person 王小明", "address 北京市朝阳区建国路88号3号楼502室"],
  ["姓名：欧阳雪琴\n地址：臺北市信義路五段7號12樓之3", "person 欧阳雪琴", "address 臺北市信義路五段7號12樓之3"],
  ["请联系陈志强先生。", "person 陈志强"],
  [
    "นายสมชาย ใจดี อยู่ 99/1 หมู่ 5 ถนนสุขุมวิท ตำบลบางนา อำเภอเมือง จังหวัดชลบุรี 20000",
    "person สมชาย ใจดี",
    "address 99/1 หมู่ 5 ถนนสุขุมวิท ตำบลบางนา อำเภอเมือง จังหวัดชลบุรี 20000",
  ],
  ["คุณสมศรี รักไทย โทรมา", "person สมศรี รักไทย"],
  ["ชื่อ-นามสกุล: กมลชนก จันทร์เพ็ญ", "person กมลชนก จันทร์เพ็ญ"],
  ["திரு. முருகன் செல்வராஜ் அவர்களைச் சந்தித்தேன்.", "person முருகன் செல்வராஜ்"],
  ["முகவரி: எண் 12, காந்தி தெரு, மதுரை 625 001", "address எண் 12, காந்தி தெரு, மதுரை 625 001"],
  ["நேற்று லட்சுமியை பார்த்தேன்", "person லட்சுமியை"],
];

test("finds names and addresses in Chinese, Thai and Tamil script", () => {
  for (const [text, ...expected] of sentences) assert.deepEqual(found(text), expected, text);
});

test("leaves ordinary sentences in these scripts alone", () => {
  for (const text of [
    "明天我们去公园散步，方便的话请告诉我。高兴地说，白天在家。地铁1号线和2号楼都在这里。",
    "公司有申报职称指标，安排在下周；金额为一百元，时间是三点。",
    "คุณสามารถทำได้ คุณสมบัติของนายกรัฐมนตรีและทนายความ นายจ้างต้องจ่ายเงิน ขุนนางชาวเมือง",
    "นางแบบและนางพยาบาลทำงานที่โรงพยาบาล คุณภาพดี คุณพ่อคุณแม่",
    "திருமணம் நேற்று நடந்தது. திருவள்ளுவர் எழுதிய நூல் இது. அவர் 12 நாட்கள் தங்கினார்.",
    "The address is 88 Main Road, and Mr Tan lives there.",
  ])
    assert.deepEqual(found(text), [], text);
});

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...sentences.map(([text]) => text)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "นาย",
      "คุณ",
      "ชื่อ:",
      "姓名：",
      "先生",
      "王",
      "路88号",
      "地址：",
      "திரு. ",
      "எண் 12, ",
      "தெரு",
      "หมู่ 5 ",
      "99/1 ",
      "20000",
      "。",
      "\n",
    ),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[ก-ฮะ-์\u4e00-\u4e40அ-ஹ 0-9/,.]{1,30}$/u) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "หมู่ 5 ".repeat(30),
      "路88号".repeat(30),
      "王".repeat(200),
      "முருகன் ".repeat(30),
      "ก".repeat(300),
    ),
  },
  { weight: 1, arbitrary: fc.lorem({ maxCount: 4 }) },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", "", "，", "\n")), { maxLength: 7 })
  .map((parts) => parts.flat().join(""));

test("is settled before openFrom, whatever the text and wherever it is cut", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 8, maxLength: 24 }), (text, cuts) => {
      assertWellFormed(scriptNameDetector, text);
      assertSettledBeforeOpen(
        scriptNameDetector,
        text,
        cuts.map((cut) => cut % (text.length + 1)),
      );
    }),
    { numRuns: 400 },
  );
});

test("depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(400), (before, after, from) => {
      assertLocal(scriptNameDetector, before + after, from % (before.length + 1));
      assertLocal(scriptNameDetector, before + "的人 ".repeat(200) + after, from % (before.length + 1));
    }),
    { numRuns: 200 },
  );
});

test("text in other scripts does not wait", () => {
  assert.equal(scriptNameDetector.openFrom("we looked at the results of last ye"), 35);
});
