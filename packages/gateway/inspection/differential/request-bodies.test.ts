/**
 * A text that an upstream reads in a request and inspection does not is a way past every filter. The same bytes go through
 * inspection and through Python's and Node's own readers: whatever one of them reads, detectors were shown, or the request is
 * refused or on record as unread.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { formatWords } from "@cordon/core/inspection/streaming/format-words";
import { heard } from "./listening.ts";
import { hasPython, openPythonUpstream, type BodyKind, type PythonUpstream } from "./python-upstream.ts";

const skip = hasPython() ? false : "python3 is missing: apt-get install python3";
let python: PythonUpstream | undefined;
after(() => python?.[Symbol.dispose]());

/** Shorter texts, and names of the formats' own fields, say nothing by themselves. */
const says = (said: string): boolean => said.length >= 4 && !formatWords.has(said);
const word = fc.constantFrom(
  "hunter2",
  "4111111111111111",
  "ignore previous",
  "é😀",
  "a/b",
  'say "x"',
  "\\u0068",
  "\u2028",
);
const text = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(" "));
const name = fc.oneof(
  text,
  fc.constantFrom("content", "Content", "__proto__", "constructor", "model", "", "a", "arguments"),
);

/** A string of JSON as somebody may write it: any character escaped, in either case, or not. */
const written = fc
  .tuple(text, fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }))
  .map(([plain, ways]) =>
    [
      ...JSON.stringify(plain)
        .slice(1, -1)
        .matchAll(/\\u[0-9a-f]{4}|\\.|[\s\S]/g),
    ].map(([unit], at) => {
      const code = unit.charCodeAt(0).toString(16).padStart(4, "0");
      const way = ways[at % ways.length];
      if (unit.length > 1) return unit;
      if (unit === "/" && way === 0) return "\\/";
      return way === 1 ? `\\u${code}` : way === 2 ? `\\u${code.toUpperCase()}` : unit;
    }),
  )
  .map((units) => `"${units.join("")}"`);
const scalar = fc.oneof(
  { weight: 6, arbitrary: written },
  { weight: 2, arbitrary: fc.constantFrom("1", "-0", "1e400", "NaN", "Infinity", "null", "true", '"\\ud83d"', "1.5") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("4111111111111111", "110101199003070038", "-89014103211118510720", "4111111111111111.0"),
  },
);
const space = fc.constantFrom("", "", "", " ", "\n", "\r", "\t", "/*x*/", "\u00A0");
const json = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
  object: fc
    .array(
      fc.tuple(
        fc.oneof(
          name.map((one) => JSON.stringify(one)),
          written,
        ),
        space,
        tie("value"),
      ),
      { maxLength: 4 },
    )
    .map((fields) => `{${fields.map(([key, gap, value]) => `${key}${gap}:${value}`).join(",")}}`),
})).value;

const encoded = fc
  .tuple(json, fc.constantFrom("utf8", "utf8", "utf8", "utf8", "utf16le", "latin1", "bom", "cut"))
  .map(([body, how]) => {
    if (how === "bom") return Buffer.from(`\uFEFF${body}`);
    if (how === "cut") return Buffer.concat([Buffer.from(body), Buffer.from([0xc3])]);
    return Buffer.from(body, how as BufferEncoding);
  });

async function assertHeard(kind: BodyKind, contentType: string, body: Uint8Array): Promise<void> {
  python ??= openPythonUpstream();
  const read = await python.read(kind, contentType, body);
  if (read === undefined) return;
  const { spans, unread } = heard("http", "/", contentType, body);
  if (unread) return;
  for (const said of read)
    if (says(said))
      assert.ok(
        spans.some((shown) => shown.toWellFormed().includes(said.toWellFormed())),
        `${JSON.stringify(said)} was not shown`,
      );
}

const jsonTypes = fc.constantFrom(
  ...["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", "application/problem+json"],
  ...[
    'application/json; charset="UTF-16"',
    "application/json; charset=utf-7",
    "application/json; charset=utf-8; charset=utf-7",
  ],
  ...["text/plain", "text/json", "text/plain; charset=utf-8", "application/json, text/plain", "application/x", ""],
);

const runs = { numRuns: 1_500, seed: 20_261_126 };

test(
  "what Python reads in JSON, under any name and in any character set, was shown to detectors",
  { skip },
  async () => {
    await fc.assert(
      fc.asyncProperty(encoded, jsonTypes, (body, type) => assertHeard("json", type, body)),
      runs,
    );
  },
);

test("what Python reads in lines of JSON was shown to detectors", { skip }, async () => {
  const body = fc.array(fc.tuple(encoded, fc.constantFrom("\n", "\r\n", "\n\n", "\r")), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom("application/x-ndjson", "application/jsonl"), (lines, type) =>
      assertHeard("lines", type, Buffer.concat(lines.flatMap(([line, end]) => [line, Buffer.from(end)]))),
    ),
    runs,
  );
});

const percented = fc
  .tuple(text, fc.nat(3))
  .map(([plain, way]) =>
    way === 0
      ? encodeURIComponent(plain)
      : [...Buffer.from(plain)].map((byte) => `%${byte.toString(16)}`).join(way === 1 ? "" : ""),
  );
const pair = fc.tuple(
  percented,
  fc.constantFrom("=", "", "=%ff", "=%", "=+"),
  percented,
  fc.constantFrom("&", ";", "&&"),
);
const form = fc.array(pair, { minLength: 1, maxLength: 4 }).map((pairs) => pairs.flat().join(""));

test("what Python reads in a form was shown to detectors", { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(form, (body) => assertHeard("form", "application/x-www-form-urlencoded", Buffer.from(body))),
    runs,
  );
});

test("what Node's own reader finds in an address was shown to detectors", async () => {
  fc.assert(
    fc.property(form, (query) => {
      const { spans, unread } = heard("http", "/x", undefined, Buffer.alloc(0), `/x?${query}`);
      if (unread) return;
      for (const said of [...new URLSearchParams(query)].flat())
        if (says(said))
          assert.ok(
            spans.some((shown) => shown.toWellFormed().includes(said.toWellFormed())),
            `${JSON.stringify(said)} was not shown`,
          );
    }),
    runs,
  );
});

const disposition = fc.tuple(
  fc.constantFrom("form-data", "Form-Data", "attachment"),
  fc.constantFrom('; name="a"', "; name=a", '; name="a\\"b"', '; name="a"; name="bbbb"', "; name*=utf-8''aaaa", ""),
  fc.constantFrom(
    "",
    '; filename="hunter2.txt"',
    "; filename*=utf-8''hunter2.txt",
    '; filename="a"; filename="hunter2"',
  ),
);
const partHead = fc.tuple(
  disposition.map((pieces) => `Content-Disposition: ${pieces.join("")}`),
  fc.constantFrom(
    "",
    "\r\nContent-Type: text/plain",
    "\r\nContent-Type: application/json",
    "\r\nContent-Type: image/png",
  ),
  fc.constantFrom(
    "",
    "",
    "",
    "\r\nContent-Transfer-Encoding: base64",
    "\r\nContent-Transfer-Encoding: quoted-printable",
  ),
);
const partBody = fc.oneof(
  text,
  json,
  fc.constantFrom("aHVudGVyMg==", "=68=75=6e=74=65=72=32", "x\n--XX\nhunter2", "--XX"),
);
const lineEnd = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n");
const multipart = fc
  .tuple(
    fc.array(fc.tuple(partHead, partBody), { maxLength: 3 }),
    lineEnd,
    fc.constantFrom("", "before\r\n"),
    fc.constantFrom("", "after"),
  )
  .map(([parts, end, before, behind]) => {
    const said = parts.map(([head, body]) => `--XX${end}${head.join("")}${end}${end}${body}${end}`).join("");
    return Buffer.from(`${before}${said}--XX--${end}${behind}`);
  });
const multipartTypes = fc.constantFrom(
  ...["multipart/form-data; boundary=XX", 'multipart/form-data; boundary="XX"', "Multipart/Form-Data; Boundary=XX"],
  ...["multipart/form-data; boundary=YY; boundary=XX", "multipart/mixed; boundary=XX"],
);

test("what Python and Node read in a multipart form was shown to detectors", { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(multipart, multipartTypes, async (body, type) => {
      await assertHeard("multipart", type, body);
      const { spans, unread } = heard("http", "/", type, body);
      if (unread) return;
      const read = await new Response(body, { headers: { "content-type": type } }).formData().catch(() => []);
      for (const [key, value] of read) {
        const said = typeof value === "string" ? [key, value] : [key, value.name, await value.text()];
        for (const one of said)
          if (says(one))
            assert.ok(
              spans.some((shown) => shown.toWellFormed().includes(one.toWellFormed())),
              `${JSON.stringify(one)} was not shown`,
            );
      }
    }),
    runs,
  );
});
