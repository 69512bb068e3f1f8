import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { identifierDetector } from "./detector.ts";

/** Each says what it is and what of it is found: the part between the brackets, as that type. */
const found: readonly (readonly [type: string, text: string])[] = [
  ["email", "write to [anna.tan+bank@mail.example.sg], please"],
  ["email", "mailto:[o'brien@example.co.uk]."],
  ["credit-card", "my card is [4111 1111 1111 1111] and expires soon"],
  ["credit-card", "[5500005555555559]"],
  ["credit-card", "card [340376792748116], 12/27"],
  ["iban", "IBAN [GB29 NWBK 6016 1331 9268 19] please"],
  ["iban", "to DE: [DE89370400440532013000]"],
  ["sg-nric", "NRIC [S1234567D]"],
  ["sg-nric", "FIN: [F1234567N]."],
  ["my-mykad", "No. kad pengenalan: [880214-14-5027]"],
  ["my-mykad", "IC [880214145027]"],
  ["id-nik", "NIK: [3171234567890123]".replace("3171234567890123", "3171236708890003")],
  ["id-npwp", "NPWP [09.254.294.3-407.000]"],
  ["th-citizen-id", "เลขบัตรประชาชน [1-1017-00230-70-8]"],
  ["th-citizen-id", "เลขบัตรประชาชน[1101700230708]"],
  ["vn-cccd", "Số CCCD: [001099012345]"],
  ["ph-philsys", "PhilSys card number [1234-5678-9101-2134]"],
  ["ph-sss", "SSS [34-1234567-8]"],
  ["us-ssn", "SSN [853-37-1694]"],
  ["us-routing", "routing number [021000021]"],
  ["bank-account", "account number [0042 1234 5678]".replace("0042 1234 5678", "004212345")],
  ["bic", "BIC: [DBSSSGSG]"],
  ["passport", "passport no. [K1234567E]"],
  ["passport", "Hộ chiếu [B1234567]"],
  ["driver-licence", "my driver's license number is [D1234567]"],
  ["uk-nino", "NI number [AB 12 34 56 C]"],
  ["uk-nhs", "NHS number [943 476 5919]"],
  ["au-tfn", "TFN [123 456 782]"],
  ["au-abn", "ABN [51 824 753 556]"],
  ["in-aadhaar", "Aadhaar [2341 2341 2346]"],
  ["in-pan", "PAN [ABCPE1234F]"],
  ["es-dni", "DNI [12345678Z]"],
  ["es-nie", "NIE [X1234567L]"],
  ["it-codice-fiscale", "[RSSMRA85T10A562S]"],
  ["pl-pesel", "PESEL [44051401359]"],
  ["nl-bsn", "BSN [111222333]"],
  ["fr-nir", "NIR [2 55 08 14 168 025 38]".replace("2 55 08 14 168 025 38", "255081416802538")],
  ["fi-hetu", "[131052-308T]"],
  ["se-personnummer", "personnummer [811228-9874]"],
  ["br-cpf", "CPF [529.982.247-25]"],
  ["phone", "ring me on [+65 6123 4567]"],
  ["phone", "call [(212) 555-0142]".replace("(212) 555-0142", "(212) 736-5000")],
  ["phone", "điện thoại: [0912 345 678]"],
  ["phone", "WhatsApp [0812-3456-7890]"],
  ["ip-address", "from [203.0.113.42] at noon"],
  ["ip-address", "from [2001:db8::8a2e:370:7334]."],
  ["mac-address", "[00:1B:44:11:3A:B7]"],
  ["crypto-address", "send to [1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2]"],
  ["crypto-address", "[bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq]"],
  ["date-of-birth", "She was born on [3 March 1990] in Ipoh"],
  ["date-of-birth", "ngày sinh: [14/02/1988]"],
  ["date-of-birth", "DOB [1990-12-01]"],
];

function parse(marked: string): { text: string; start: number; end: number } {
  const start = marked.indexOf("[");
  return { text: marked.replace("[", "").replace("]", ""), start, end: marked.indexOf("]") - 1 };
}

test("finds each kind of identifier, its exact span and nothing else", () => {
  for (const [type, marked] of found) {
    const { text, start, end } = parse(marked);
    const findings = identifierDetector.detect(text).map((finding) => [finding.detector, finding.start, finding.end]);
    assert.deepEqual(findings, [[`pii/${type}`, start, end]], text);
  }
});

/** The text with what is found in it between brackets. */
function bracketed(text: string): string {
  let out = "";
  let done = 0;
  for (const { start, end } of identifierDetector.detect(text)) {
    out += `${text.slice(done, start)}[${text.slice(start, end)}]`;
    done = end;
  }
  return out + text.slice(done);
}

/** Each is found as it is marked: of a pair of brackets, what is within. */
function assertMarked(expected: readonly string[]): void {
  for (const text of expected) assert.equal(bracketed(text.replace(/[[\]]/g, "")), text);
}

test("finds the cells of rows that commas part", () => {
  assertMarked([
    "id,card,amount\n1,[4111111111111111],20.00",
    "1,[S1234567D],42",
    "id,ssn,age\n1,[123-45-6789],42",
    "1,[+6591234567],42",
    "1,[+65 9123 4567],42",
    "1,[415-555-2671],42",
    "1,[880101-14-5678]",
    "[4111111111111111],[5555555555554444]",
    "INSERT INTO c VALUES (1,[4111111111111111],20)",
    "[4111-1111-1111-1111],12/27,123",
    "id,phone\n1,[91234567],2",
    "id,account number\n1,[004212345],20",
  ]);
});

test("takes a comma within a number for a decimal or thousands sign", () => {
  assertMarked([
    "1,234,567 and 12,50 and 1,234,567,890",
    "at 1.3521,103.8198 or 1,3521 and 103,8198",
    "phone: 12,34567890",
    "account 4212345,20",
    "account number 123456789,50",
    "TFN 123 456 782,50",
    "account 12,34567890",
    "1,2,3,100,200,300,123456789,987654321",
    "3,0812345678",
  ]);
});

test("ends the local part of an address at the signs that part a query", () => {
  assertMarked([
    "https://x.example/login?utm_source=newsletter&utm_medium=email&utm_campaign=spring2024&email=[anna@mail.example]",
    "u=[anna@mail.example]&v=[bob@mail.example]",
    "u=a%26[anna@mail.example] u=%20[anna@mail.example]",
    "u=[anna%2Btag@mail.example] [a.b+c_d-e'f@mail.example]",
    "https://user:pa=ss@mail.example/ https://user:pa%40ss@mail.example/",
  ]);
});

test("tells images and repositories from addresses", () => {
  assertMarked([
    "icon@2x.png and url(img/bg@2x.jpg)",
    "git@github.com:org/repo.git",
    "ssh://git@github.com/org/repo",
    "write to [git@mail.example]: he knows; [anna@2x.example]",
  ]);
});

test("tells the parts of a book from network addresses", () => {
  assertMarked([
    "see Figure 3.1.4.1 and 2.5.1.3",
    "Sections 2.1.1.1, 2.1.1.2 or 2.1.1.3 of it, \u00a7 3.1.4.1",
    "Table 3 has [10.1.2.3], figure [203.0.113.42]",
  ]);
});

test("tells when people are born from when songs and companies are", () => {
  assertMarked([
    "Born to Run was released on August 25, 1975",
    "The company was born on March 3, 1999",
    "She left the company. She was born on [March 3, 1999]",
  ]);
});

test("leaves ordinary numbers alone", () => {
  const ordinary = [
    "The bill is 1,234,567.89 and 1.234.567,89 and 1 234 567",
    "Version 10.2.3.4 of 2023-11-14, released 14/11/2023 08:30:00",
    "between 1999-2003 and 2019/2020, 3.14159265, 6.02214076e23",
    "order number 4471203345 has 12 items, ticket 8812345",
    "S1234567A is no NRIC, 4111111111111112 no card, 853-00-1694 no SSN",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8, uuid 123e4567-e89b-12d3-a456-426614174000",
    "localhost is 127.0.0.1, ::1 or 0.0.0.0; ratio 16:9; 12:30:45; std::vector a::b",
    "rows 100 200 300 400 500 600 700, matrix 1 0 0 1 0 0",
    "arr[0] = 1234567890; x = y@2; a@b; foo@localhost; @mention",
    "ISBN 978-3-16-148410-0, RFC 9162, ISO 8601, EN 301549",
  ];
  for (const text of ordinary)
    assert.deepEqual(
      identifierDetector.detect(text).map(({ detector, start, end }) => `${detector} ${text.slice(start, end)}`),
      [],
    );
});

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...found.map(([, marked]) => parse(marked).text)) },
  { weight: 2, arbitrary: fc.lorem({ maxCount: 6 }) },
  { weight: 2, arbitrary: fc.stringMatching(/^[0-9A-F :.\-/()+]{1,24}$/) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "March",
      "of",
      "MR",
      "AB CD",
      "12 34",
      "4111 1111",
      "+",
      "(",
      "@",
      "born ",
      "call ",
      "\n",
      "1,",
      ",20",
      "&to=",
      "%20",
      "Figure ",
    ),
  },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", " ", "", "\n", ", ", ",", "-", "  ")))
  .map((parts) => parts.flat().join(""));

test("is settled before openFrom, whatever the text and wherever it is cut", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 8, maxLength: 24 }), (text, cuts) => {
      assertWellFormed(identifierDetector, text);
      assertSettledBeforeOpen(
        identifierDetector,
        text,
        cuts.map((cut) => cut % (text.length + 1)),
      );
    }),
    { numRuns: 600 },
  );
});

test("depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(200), (before, after, from) => {
      const text = before + "lorem ipsum ".repeat(90) + after;
      assertLocal(identifierDetector, text, from % (before.length + 1));
    }),
    { numRuns: 200 },
  );
});

test("holds back little of ordinary prose, and all of a number that is not over", () => {
  const held = (text: string): string => text.slice(identifierDetector.openFrom(text));
  assert.equal(held("We looked at the results of last ye"), "ye");
  assert.equal(held("We looked at the results of last year. "), "");
  assert.equal(held("my card is 4111 1111 11"), "4111 1111 11");
  assert.equal(held("my card is 4111 1111 "), "4111 1111 ");
  assert.equal(held("IBAN GB29 NWBK 60"), "IBAN GB29 NWBK 60");
  assert.equal(held("born on 3 March 19"), "on 3 March 19".slice(3));
});
