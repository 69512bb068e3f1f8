import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formParts } from "./multipart.ts";
import { contentOf, saidIn } from "./request-content.ts";

const type = "multipart/form-data; boundary=XX";
const form = (...parts: string[]): Buffer =>
  Buffer.from(`${parts.map((part) => `--XX\r\n${part}\r\n`).join("")}--XX--\r\n`, "latin1");
const field = (name: string, value: string, more = ""): string =>
  `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`;

test("fields and files are read as a browser writes them", async () => {
  const data = new FormData();
  data.set("note", "plain words");
  data.set("file", new File(['{"a":"b"}'], "a.json", { type: "application/json" }));
  const request = new Request("https://a.example/", { method: "POST", body: data });
  const parts = formParts(Buffer.from(await request.arrayBuffer()), request.headers.get("content-type") ?? "");
  assert.deepEqual(
    parts.map(({ name, filename, type: of, content }) => [name, filename, of, content.toString()]),
    [
      ["note", undefined, "text/plain", "plain words"],
      ["file", "a.json", "application/json", '{"a":"b"}'],
    ],
  );
});

test("whatever is written is read back, and a changed byte changes a part or refuses the form", () => {
  const text = fc.string({ maxLength: 60 }).filter((value) => !value.includes("--XX"));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (values) => {
      const body = Buffer.from(`${values.map((value) => `--XX\r\n${field("f", value)}\r\n`).join("")}--XX--\r\n`);
      assert.deepEqual(
        formParts(body, type).map(({ content }) => content.toString()),
        values.map((value) => Buffer.from(value).toString()),
      );
    }),
  );
  const good = form(field("a", "1"), field("b", "2"));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(good);
      changed[at] = value;
      try {
        formParts(changed, type);
      } catch (error) {
        assert.match((error as Error).message, /^the form cannot be read/);
      }
    }),
    { numRuns: 500 },
  );
});

test("what parsers cut differently is refused", () => {
  for (const [body, of] of [
    [`preamble\r\n${form(field("a", "1")).toString()}`, type],
    [`${form(field("a", "1")).toString()}epilogue`, type],
    [form(field("a", "1")).toString().replaceAll("\r\n", "\n"), type],
    [form(field("a", "1")).toString().replace("--XX\r\n", "--XX \r\n"), type],
    [form(field("a", "1")).toString().replace("--XX--\r\n", ""), type],
    [form(field("a", "1", '; name="b"')), type],
    [form(field("a", "1", "; filename*=utf-8''x")), type],
    [form(field("a", "1").replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n")), type],
    [form(field("a", "1").replace("\r\n\r\n", "\r\n folded\r\n\r\n")), type],
    [form("Content-Disposition: attachment\r\n\r\n1"), type],
    [form("X: 1\r\nx: 2\r\n\r\n1"), type],
    [form(field("a", "1")), "multipart/form-data"],
    [form(field("a", "1")), `${type}; boundary=YY`],
    [form(...Array.from({ length: 300 }, () => field("a", "1"))), type],
  ] as const)
    assert.throws(() => formParts(Buffer.from(body), of), /the form cannot be read/, String(body).slice(0, 80));
});

test("inspection reads the texts of a form, with the names in it; one file that it cannot read makes the whole unread", () => {
  const file = (of: string, value: string): string =>
    `Content-Disposition: form-data; name="f"; filename="S1234567D.txt"\r\nContent-Type: ${of}\r\n\r\n${value}`;
  const read = contentOf(
    form(field("note", "hello"), file("application/json", '{"a":"\\u0053ecret"}')),
    undefined,
    type,
  );
  assert.equal(read.kind, "text");
  const text = read.kind === "text" ? read.text : "";
  for (const part of ["note", "hello", "S1234567D.txt", "Secret"]) assert.ok(text.includes(part), part);
  assert.equal(contentOf(form(field("a", "b"), file("image/png", "x")), undefined, type).kind, "unread");
  assert.equal(contentOf(form(file("multipart/mixed; boundary=YY", "x")), undefined, type).kind, "unread");
  assert.throws(() => contentOf(form(file("application/json", "{")), undefined, type));
});

test("text in a character set that its type does not own up to is refused, and never read as another", () => {
  const key = Buffer.from("My identity card says S1234567D.", "utf16le");
  for (const as of ["text/plain", "application/xml", "application/x-ndjson", "application/x-www-form-urlencoded"])
    assert.throws(() => contentOf(key, undefined, as), /NUL/, as);
  assert.throws(() => contentOf(form(field("a", key.toString("latin1"))), undefined, type), /NUL/);
  for (const as of ["text/plain; charset = utf-16le", "text/plain;charset= utf-16le", "text/plain; CHARSET=utf-16"])
    assert.throws(() => contentOf(key, undefined, as), /another character set/, as);
  assert.throws(
    () => contentOf(form(field("a", "b"), field("_charset_", "utf-16")), undefined, type),
    /another character set/,
  );
  for (const as of ["text/plain; charset=utf-8; charset=utf-16le", "text/plain; charset=utf-8; charset = utf-8"])
    assert.throws(() => contentOf(Buffer.from("x"), undefined, as), /more than one/, as);
  for (const as of ["text/plain; charset=utf-8", 'text/plain; charset="UTF-8"', "text/plain; charset = utf-8"])
    assert.equal(contentOf(Buffer.from("x"), undefined, as).kind, "text", as);
});

test("a form within a form is not gone into: level by level it would be searched to its end each time", () => {
  const nested = (depth: number): string =>
    depth === 0
      ? "x".repeat(1_000_000)
      : `--${depth}.\r\nContent-Disposition: form-data\r\nContent-Type: Multipart/Form-Data; boundary=${depth - 1}.\r\n\r\n` +
        `${nested(depth - 1)}\r\n--${depth}.--`;
  const body = Buffer.from(nested(2_000));
  assert.deepEqual(saidIn(body, "multipart/form-data; boundary=2000."), { said: [] });
  assert.equal(contentOf(body, undefined, "multipart/form-data; boundary=2000.").kind, "unread");
  assert.deepEqual(saidIn(form(field("a", "1"), field("b", "2")), type), { said: [{ said: "1" }, { said: "2" }] });
});
