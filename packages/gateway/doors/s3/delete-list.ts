/**
 * The body of DeleteObjects. In: its bytes. Out: the keys, each in its one spelling, and a body that says just them: what was
 * decided on is what the store reads. Anything but the elements that are known here is refused, and so is what XML parsers
 * differ in (document types, comments, CDATA, entities of one's own).
 *
 * @see Amazon S3 API reference, DeleteObjects
 */
import { CordonError } from "@cordon/core/errors";

export interface ListedKey {
  readonly key: string;
  readonly version?: string;
}

export interface DeleteList {
  readonly quiet: boolean;
  readonly keys: readonly ListedKey[];
}

const maxKeys = 1_000;
const maxBytes = 2_097_152;
const opening =
  /^(?:\uFEFF)?(?:<\?xml version="1\.[01]"(?: encoding="(?:UTF-8|utf-8)")?(?: standalone="(?:yes|no)")?\s*\?>)?\s*<Delete(?: xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/")?>/;

/** @param check says whether a key is one, and throws where not @throws {CordonError} `REQUEST_MALFORMED` */
export function readDeleteList(body: Uint8Array, check: (key: string) => string): DeleteList {
  if (body.length > maxBytes) throw malformed("it is too long");
  const text = decoded(body);
  const start = opening.exec(text);
  if (start === null) throw malformed("it does not begin as a `Delete`");
  const keys: ListedKey[] = [];
  let quiet = false;
  const item =
    /\s*(?:<Quiet>(true|false)<\/Quiet>|<Object>((?:\s*<(?:Key|VersionId)>[^<]*<\/(?:Key|VersionId)>)+)\s*<\/Object>|(<\/Delete>)\s*$)/y;
  item.lastIndex = start[0].length;
  for (;;) {
    const found = item.exec(text);
    if (found === null) throw malformed("it holds what is not known here");
    const [, said, object, end] = found;
    if (end !== undefined) break;
    if (said !== undefined) quiet = said === "true";
    else if (keys.length === maxKeys) throw malformed(`it names more than ${maxKeys} keys`);
    else keys.push(listedKey(object ?? "", check));
  }
  if (keys.length === 0) throw malformed("it names no key");
  return { quiet, keys };
}

export function writeDeleteList({ quiet, keys }: DeleteList): Buffer {
  const objects = keys.map(({ key, version }) => {
    const of = version === undefined ? "" : `<VersionId>${escaped(version)}</VersionId>`;
    return `<Object><Key>${escaped(key)}</Key>${of}</Object>`;
  });
  const said = quiet ? "<Quiet>true</Quiet>" : "";
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${objects.join("")}${said}</Delete>`,
  );
}

function listedKey(object: string, check: (key: string) => string): ListedKey {
  const fields = [...object.matchAll(/<(Key|VersionId)>([^<]*)<\/(Key|VersionId)>/g)];
  const values = new Map(fields.map(([, name = "", value = ""]) => [name, unescaped(value)]));
  if (values.size < fields.length || fields.some(([, open, , close]) => open !== close))
    throw malformed("a key is broken");
  const [key, version] = [values.get("Key") ?? "", values.get("VersionId")];
  if (key === "") throw malformed("an object has no key");
  if (key !== key.trim()) throw malformed("a key begins or ends with a space, which readers leave out");
  if (version !== undefined && !/^[A-Za-z0-9._-]{1,1024}$/.test(version)) throw malformed("a version is none");
  return { key: check(key), ...(version === undefined ? {} : { version }) };
}

function decoded(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed("it is not UTF-8");
  }
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(
    /&(?:([a-z]{2,4})|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));?|&/g,
    (whole, name: string, dec: string, hex: string) => {
      const code = dec === undefined ? Number.parseInt(hex ?? "", 16) : Number(dec);
      const plain = name === undefined ? (code <= 0x10ffff ? String.fromCodePoint(code) : undefined) : named[name];
      if (plain === undefined || !whole.endsWith(";")) throw malformed("it holds an entity that is not known here");
      return plain;
    },
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the list of what to delete is refused: ${why}`);
}
