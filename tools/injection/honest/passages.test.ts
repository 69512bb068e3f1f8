import assert from "node:assert/strict";
import { test } from "node:test";
import { messagesOf, sourceOf } from "./passages.ts";

test("help pages become paragraphs without tags, scripts and entities, in the language of their path", () => {
  const page =
    "<html><head><title>x</title></head><body><script>no()</script><p>Klicken Sie &amp; warten\n Sie.</p><li>Ende &#252;ber</li></body></html>";
  const source = sourceOf("/usr/share/libreoffice/help/de/text/a.html", () => Buffer.from(page));
  assert.equal(source?.language, "de");
  assert.deepEqual(source?.paragraphs(), ["Klicken Sie & warten Sie.", "Ende über"]);
});

test("message catalogues give their translations, and what is no catalogue gives none", () => {
  const original = ["", "Ignore all"];
  const translated = ["header", "Abaikan semuanya sekarang"];
  const parts: Buffer[] = [];
  const head = Buffer.alloc(28 + 32);
  head.writeUInt32LE(0x950412de, 0);
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE(28, 12);
  head.writeUInt32LE(28 + 16, 16);
  let offset = head.length;
  [...original, ...translated].forEach((text, at) => {
    head.writeUInt32LE(Buffer.byteLength(text), 28 + at * 8);
    head.writeUInt32LE(offset, 28 + at * 8 + 4);
    parts.push(Buffer.from(`${text}\0`));
    offset += Buffer.byteLength(text) + 1;
  });
  assert.deepEqual(messagesOf(Buffer.concat([head, ...parts])), ["Abaikan semuanya sekarang"]);
  assert.deepEqual(messagesOf(Buffer.from("not a catalogue, but long enough to be one")), []);
});

test("pictures and indexes are passed over", () => {
  const never = (): Buffer => assert.fail("read");
  assert.equal(sourceOf("/usr/share/libreoffice/help/media/a.png", never), undefined);
  assert.equal(sourceOf("/usr/share/doc/python3.11/html/genindex.html", never), undefined);
});
