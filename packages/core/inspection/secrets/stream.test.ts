/** The detectors of secrets on texts that arrive in pieces: what they owe a filter, whatever the texts are made of. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanDetector } from "../finding.ts";
import { assertFrom, assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { secretDetector } from "./detector.ts";
import { longSecretDetector } from "./long.ts";
import { places as whereabouts, placeTwins, tables } from "./testing/places.ts";
import { looseTables, saids, saidTwins } from "./testing/said.ts";
import { base62, chosen, forms, random, twins, upper, written } from "./testing/forms.ts";

const detectors = [secretDetector, longSecretDetector];

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...forms.map(written)) },
  { weight: 3, arbitrary: fc.constantFrom(...[...whereabouts, ...tables, ...saids, ...looseTables].map(written)) },
  { weight: 2, arbitrary: fc.constantFrom(...twins, ...placeTwins, ...saidTwins) },
  { weight: 1, arbitrary: fc.lorem({ maxCount: 14 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z0-9+/=_:@.$"'\\ -]{1,60}$/) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "passphrase: ",
        'password = "',
        "mnemonic ",
        "seed phrase: one two ",
        "Private-Lines: 3\n",
        "\\n",
        "kind: Secret\ndata:\n  a: ",
      ],
      ...[
        "sig=",
        "&signature=",
        "Cookie: a=b; ",
        "redis-cli -a ",
        "machine h login x password ",
        "<password>",
        "IDENTIFIED BY '",
      ],
      ...["-----BEGIN OpenVPN ", "eyJhbGciOi", "tokens = [", '", "', "https://h/hooks/", "user: joe\npassword: "],
      ...[
        "user,password\n",
        "| a | token |\n",
        'x;"y',
        "u: joe p: ",
        "password for the box is ",
        "joe@h.com:",
        "admin:",
        "/pw:",
      ],
      ...[
        "password: string = '",
        '").send_keys("',
        "PWD={",
        "Password\n",
        '{"crv":"P-256","d":"',
        ' || "',
        "MYSQLPASS: ",
      ],
      ...[
        "echo ",
        " | chpasswd",
        " as the password",
        " is my password",
        " my wifi ",
        "changed my password to ",
        "password: |\n  ",
        "legal winner thank year ",
        "wallet: 1. ",
        ", 2. winner",
        "user, password\n",
        "Host   Password\n",
        "db1    Winter2024x",
        "<tr><th>a</th><th>password</th></tr>",
        "<td>x</td><td>",
        "+----+\n",
        "INSERT INTO u (a, password) VALUES ('x', '",
        ", it's ",
        '{"password":"Xk9!\\"mm',
        "export PASSWORD='Xk9!'\\''mm",
        'passphrase: "four \\"horses',
        "DB_PASSWORD=AEJ8ah,nV",
        "<password>AEJ8ah&amp;nV</password>",
        "echo Xk9mmQ2zz |\n",
        "root:",
        "@10.1.1.5",
        "password?\n",
        " pin is ",
        "my password is bluewhale",
        "https://",
      ],
    ),
  },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom("", " ", "\n", '"', ": ")), { maxLength: 7 })
  .map((parts) => parts.flat().join(""));

test("keeps the laws of streams, and gives from any place on what the whole gives", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 6, maxLength: 16 }), (text, places) => {
      const cuts = places.map((place) => place % (text.length + 1));
      for (const detector of detectors) {
        assertWellFormed(detector, text);
        assertSettledBeforeOpen(detector, text, cuts);
        for (const cut of cuts) {
          assertFrom(detector, text, cut);
          assertFrom(detector, text, detector.openFrom(text.slice(0, cut)));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(400), (before, after, from) => {
      const filler = "lorem ipsum dolor ".repeat(64);
      assertLocal(secretDetector, before + filler + after, from % (before.length + 1));
    }),
    { numRuns: 100 },
  );
});

/** What a filter makes of a text in pieces that are asked about once each, as it asks. */
function streamed(detector: SpanDetector, text: string, cuts: readonly number[]): string[] {
  const out: string[] = [];
  let settled = 0;
  for (const cut of [...cuts].toSorted((a, b) => a - b).concat(text.length)) {
    const prefix = text.slice(0, cut);
    const open = cut === text.length ? cut : detector.openFrom(prefix);
    if (open <= settled) continue;
    const from = Math.max(0, settled - detector.maxSpan);
    for (const { detector: id, start, end } of detector.detect(prefix.slice(from), settled - from))
      if (start + from >= settled && start + from < open) out.push(`${id} ${start + from} ${end + from}`);
    settled = open;
  }
  return out;
}

test("streamed, with what is behind left out, it finds what it finds in the whole", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 40 }), (text, places) => {
      const cuts = places.map((place) => place % (text.length + 1));
      for (const detector of detectors)
        assert.deepEqual(
          streamed(detector, text, cuts),
          detector.detect(text).map(({ detector: id, start, end }) => `${id} ${start} ${end}`),
        );
    }),
    { numRuns: 400 },
  );
});

test("in pieces of any length, finds what has its place before it let go of, or what says so on the next line", () => {
  const seed = "legal winner thank year wave sausage worth useful legal winner thank yellow";
  const listed = seed
    .split(" ")
    .map((each, at) => `${at + 1}. ${each}`)
    .join("\n");
  for (const [text, start] of [
    [seed, 0],
    [` ${seed}`, 1],
    [`\n\n" 1. ${seed}"`, 7],
    [listed, 3],
    ["echo Xk9mmQ2zz |\nkubectl exec -i the pod -- /usr/sbin/chpasswd", 5],
    ["echo Xk9mmQ2zz | \\\r\n  sudo chpasswd", 5],
    ['{"password":"Xk9!\\"mmQ2zz","next":1}', 13],
    ["DB_PASSWORD=AEJ8ah,nVmA6L7q\nX=1", 12],
    ["<password>AEJ8ah&amp;nVmA6L7q</password> and", 10],
  ] as const)
    for (const length of [1, 2, 4, 7]) {
      const cuts = Array.from({ length: Math.ceil(text.length / length) }, (_, at) => at * length);
      const found = secretDetector.detect(text).map(({ detector: id, start: from, end }) => `${id} ${from} ${end}`);
      assert.match(found.join(), new RegExp(`^secret/[a-z-]+ ${start} \\d+$`), text);
      assert.deepEqual(streamed(secretDetector, text, cuts), found, `${length}: ${text}`);
    }
});

test("asked from a place on, leaves out what begins before it", () => {
  const before = `password = "${chosen}" and words that say nothing `.repeat(200);
  const text = `${before}token: ${random(base62, 32, "last")}`;
  assert.equal(secretDetector.detect(text).length, 201);
  assert.deepEqual(
    secretDetector.detect(text, before.length).map(({ start }) => start),
    [before.length + "token: ".length],
  );
});

test("reads texts made to be slow to their end", () => {
  for (const seed of [
    ...[
      "machine h login x password ",
      "redis-cli ",
      "keytool -",
      "net use /user:a ",
      ":5432:a:b:",
      "oracle:thin:a/",
      "&sig=a",
      "signature=",
    ],
    ...[
      "Cookie: sid=",
      "kind: Secret\n a: ",
      'tokens = ["a", ',
      "<a>",
      "password <value>",
      "mnemonic ",
      'passphrase: "',
      "psk='a ",
      "seed phrase a ",
    ],
    ...[
      "Private-Lines: 1\n",
      "Private-Lines: 1\nAAAA",
      "-----BEGIN OpenVPN ",
      "eyJhbGciOi",
      "eyAi",
      "eyAiA.eyAi",
      "gAAAAA",
      "-eyJ",
      ".eyJ",
      "user: a\npassword: ",
    ],
    ...[
      "echo a | ",
      "echo a |\n",
      'password="a\\"',
      "password='a'\\''",
      "\npassword=Abc1234x,",
      "<password>Abc1234x,",
      "echo 'a1b2c3",
      "a1b2c3d as the ",
      "a1b2c3d is my password ",
      "change the password to a ",
      "password for a b c ",
      "wallet: legal ",
      "legal winner thank year ",
      "1. legal ",
      "user, password\n",
      "a  password  b\n",
      "<tr><th>a</th><th>password</th>",
      "password\n\n",
      "insert into a (password",
      "insert into a (a, password) values ('a',",
      "a:Winter2024x@",
      "@",
      '"password" {\n',
      "password\n",
      "name: password\n value: ",
      "ansible_pass=",
      "identified by ",
      "A".repeat(20),
      `${random(upper, 20, "slow")} `,
    ],
  ]) {
    const text = seed.repeat(Math.ceil(32_768 / seed.length)).slice(0, 32_768);
    const started = performance.now();
    for (const detector of detectors) assert.ok(detector.detect(text).length >= 0, seed);
    assert.ok(performance.now() - started < 3000, seed);
    const short = text.slice(0, 5000);
    for (const detector of detectors) assertSettledBeforeOpen(detector, short, [0, 1, 700, 2501, 4999, 5000]);
  }
});
