/**
 * A form's parts as inspection reads them (RFC 7578, RFC 2046 5.1.1). In: a body, and its content type. Out: each part's
 * names, type and bytes. Whatever two parsers could cut differently is refused; nothing is decoded.
 */

export interface FormPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly type: string;
  readonly content: Buffer;
}

const maxParts = 256;
const maxHeadBytes = 4_096;
const boundaryShape = /^[A-Za-z0-9'()+_,\-./:=?]{1,70}$/;

/** @throws {Error} what is wrong with it */
export function formParts(body: Buffer, contentType: string): readonly FormPart[] {
  const boundary = boundaryOf(contentType);
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  if (!body.subarray(0, opening.length).equals(opening)) throw broken("it does not begin with its boundary");
  const parts: FormPart[] = [];
  let at = opening.length;
  for (;;) {
    const after = body.toString("latin1", at, at + 2);
    if (after === "--") {
      const rest = body.toString("latin1", at + 2);
      if (rest !== "" && rest !== "\r\n") throw broken("something comes behind its end");
      return parts;
    }
    if (after !== "\r\n") throw broken("a boundary is not the whole line");
    if (parts.length === maxParts) throw broken(`it has more than ${maxParts} parts`);
    const headEnd = body.indexOf("\r\n\r\n", at);
    const end = headEnd < 0 ? -1 : body.indexOf(delimiter, headEnd + 2);
    if (headEnd < 0 || headEnd - at > maxHeadBytes || end < 0) throw broken("a part does not end");
    const head = body.toString("utf8", at + 2, headEnd);
    parts.push({ ...headOf(head), content: body.subarray(Math.min(headEnd + 4, end), end) });
    at = end + delimiter.length;
  }
}

function boundaryOf(contentType: string): string {
  const found = [...contentType.matchAll(/;\s*boundary=(?:"([^"\\]*)"|([^\s;"]*))/gi)];
  const boundary = found[0]?.[1] ?? found[0]?.[2] ?? "";
  if (found.length !== 1 || !boundaryShape.test(boundary)) throw broken("it names no boundary, or more than one");
  return boundary;
}

function headOf(head: string): Omit<FormPart, "content"> {
  const fields = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    const [, name = "", value = ""] = /^([A-Za-z0-9-]{1,64}):[ \t]*([^\0\r\n]*)$/.exec(line) ?? [];
    if (name === "" || fields.has(name.toLowerCase())) throw broken("a part's head cannot be read");
    fields.set(name.toLowerCase(), value.trim());
  }
  const disposition = fields.get("content-disposition") ?? "";
  if (!/^form-data(?:;|$)/i.test(disposition)) throw broken("a part is no form field");
  const encoding = fields.get("content-transfer-encoding")?.toLowerCase() ?? "binary";
  if (!["binary", "7bit", "8bit"].includes(encoding)) throw broken("a part is encoded");
  return {
    name: parameter(disposition, "name") ?? "",
    filename: parameter(disposition, "filename"),
    type: fields.get("content-type") ?? "text/plain",
  };
}

/** One of a name: a second, or an extended one (RFC 5987), is another parser's first. */
function parameter(disposition: string, name: string): string | undefined {
  if (new RegExp(`;\\s*${name}\\*`, "i").test(disposition)) throw broken("a part's name is encoded");
  const found = [...disposition.matchAll(new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]*))`, "gi"))];
  if (found.length > 1) throw broken("a part has two names");
  return found[0]?.[1] ?? found[0]?.[2];
}

function broken(why: string): Error {
  return new Error(`the form cannot be read: ${why}`);
}
