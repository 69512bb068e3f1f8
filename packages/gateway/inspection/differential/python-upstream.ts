/**
 * An upstream in Python, of its standard library alone. In: a body. Out: the texts, the names and the long whole numbers that
 * it reads in it; nothing where it cannot read it.
 */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const program = String.raw`
import base64, json, sys
from urllib.parse import parse_qsl
from email.parser import BytesParser

def said(value):
    if isinstance(value, str): yield value
    elif isinstance(value, bool): pass
    elif isinstance(value, int):
        if abs(value) >= 100000: yield str(value)
    elif isinstance(value, list):
        for item in value: yield from said(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from said(item)

def read(kind, head, body):
    if kind == "json": return list(said(json.loads(body)))
    if kind == "lines": return [text for line in body.splitlines() if line.strip() for text in said(json.loads(line))]
    if kind == "form": return [text for pair in parse_qsl(body.decode("utf-8", "replace"), True) for text in pair]
    if kind == "multipart":
        form = BytesParser().parsebytes(b"Content-Type: " + head.encode() + b"\r\n\r\n" + body)
        if not form.is_multipart(): return None
        texts = []
        for part in form.get_payload():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str): texts.append(name)
            filename = part.get_filename()
            if filename: texts.append(filename)
            payload = part.get_payload(decode=True)
            if payload is not None: texts.append(payload.decode("utf-8", "replace"))
        return texts

for line in sys.stdin:
    kind, head, body = json.loads(line)
    try: texts = read(kind, head, base64.b64decode(body))
    except Exception: texts = None
    if texts is not None: texts = [text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for text in texts]
    sys.stdout.write(json.dumps(texts) + "\n")
    sys.stdout.flush()
`;

export type BodyKind = "json" | "lines" | "form" | "multipart";

export interface PythonUpstream {
  read(kind: BodyKind, contentType: string, body: Uint8Array): Promise<readonly string[] | undefined>;
  [Symbol.dispose](): void;
}

export function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import json, email, urllib.parse"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export function openPythonUpstream(): PythonUpstream {
  const child = spawn("python3", ["-u", "-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async read(kind, contentType, body) {
      child.stdin.write(`${JSON.stringify([kind, contentType, Buffer.from(body).toString("base64")])}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error("python3 has ended");
      return (JSON.parse(value) as string[] | null) ?? undefined;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
