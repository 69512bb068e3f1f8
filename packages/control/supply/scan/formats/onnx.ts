/**
 * ONNX (onnx/onnx.proto). In: a source. Out: findings: operators outside of the known domains, tensors that are read from
 * files outside of the model's folder. Graphs in attributes, functions and training graphs are walked too.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable, type Refusal } from "../verdict.ts";
import { codeIn } from "./code-text.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

/** Domains whose operators runtimes bring along and that compute only. */
const domains = new Set(
  (
    "ai.onnx ai.onnx.ml ai.onnx.training ai.onnx.preview ai.onnx.preview.training com.microsoft com.microsoft.nchwc " +
    "com.microsoft.experimental com.ms.internal.nhwc org.onnx"
  ).split(" "),
);
domains.add("");

interface Context {
  readonly scan: Scan;
  /** Domains of functions that the model defines itself. */
  readonly own: Set<string>;
  readonly used: Map<string, string>;
  depth: number;
}

export function scanOnnx(source: ByteSource, scan: Scan): void {
  const context: Context = { scan, own: new Set(), used: new Map(), depth: 0 };
  let graphs = 0;
  for (const { number, span } of fieldsOf(source, scan.budget)) {
    if (number === 7) {
      graphs++;
      walkGraph(span, context);
    } else if (number === 20) walkTraining(span, context);
    else if (number === 25) walkFunction(span, context);
    else if (number === 14 || number === 6) metadata(span, number, scan);
  }
  if (graphs === 0) throw new Unreadable("unsupported", "onnx/graph", "it has no graph");
  for (const [domain, operator] of context.used)
    if (!domains.has(domain) && !context.own.has(domain))
      report(
        scan,
        "onnx/custom-domain",
        "unknown-import",
        `operator ${printable(operator, 60)} of domain ${printable(domain, 60)} runs code that is not in this file`,
      );
}

function report(scan: Scan, rule: string, verdict: Refusal, words: string): void {
  scan.report({ rule, verdict, atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact, words });
}

function metadata(span: ByteSource, number: number, scan: Scan): void {
  const texts =
    number === 6
      ? [textOf(span)]
      : [...fieldsOf(span, scan.budget)].filter(({ wire }) => wire === 2).map((field) => textOf(field.span));
  for (const text of texts) {
    const code = codeIn(text);
    if (code !== undefined) report(scan, "onnx/metadata-code", "dangerous", `its metadata holds code: ${code}`);
  }
}

function walkTraining(span: ByteSource, context: Context): void {
  for (const { number, span: inner } of fieldsOf(span, context.scan.budget)) if (number <= 2) walkGraph(inner, context);
}

function walkFunction(span: ByteSource, context: Context): void {
  for (const { number, wire, span: inner } of fieldsOf(span, context.scan.budget)) {
    if (number === 10 && wire === 2) context.own.add(textOf(inner));
    else if (number === 7) walkNode(inner, context);
    else if (number === 11) walkAttribute(inner, context);
  }
}

function walkGraph(span: ByteSource, context: Context): void {
  if (++context.depth > 64)
    throw new Unreadable("unsupported", "onnx/depth", "its graphs are nested more than 64 deep");
  for (const { number, wire, span: inner } of fieldsOf(span, context.scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) walkNode(inner, context);
    else if (number === 5) walkTensor(inner, context);
    else if (number === 15)
      for (const part of fieldsOf(inner, context.scan.budget))
        if (part.number <= 2 && part.wire === 2) walkTensor(part.span, context);
  }
  context.depth--;
}

function walkNode(span: ByteSource, context: Context): void {
  let domain = "";
  let operator = "";
  for (const { number, wire, span: inner } of fieldsOf(span, context.scan.budget)) {
    if (wire !== 2) continue;
    if (number === 4) operator = textOf(inner);
    else if (number === 7) domain = textOf(inner);
    else if (number === 5) walkAttribute(inner, context);
  }
  if (!context.used.has(domain)) context.used.set(domain, operator);
}

function walkAttribute(span: ByteSource, context: Context): void {
  for (const { number, wire, span: inner } of fieldsOf(span, context.scan.budget)) {
    if (wire !== 2) continue;
    if (number === 5 || number === 10) walkTensor(inner, context);
    else if (number === 6 || number === 11) walkGraph(inner, context);
    else if (number === 22 || number === 23)
      for (const part of fieldsOf(inner, context.scan.budget))
        if (part.number <= 2 && part.wire === 2) walkTensor(part.span, context);
  }
}

function walkTensor(span: ByteSource, context: Context): void {
  for (const { number, wire, span: inner } of fieldsOf(span, context.scan.budget)) {
    if (number !== 13 || wire !== 2) continue;
    let key = "";
    let value = "";
    for (const part of fieldsOf(inner, context.scan.budget)) {
      if (part.number === 1) key = textOf(part.span);
      else if (part.number === 2) value = textOf(part.span);
    }
    if (key === "location") checkLocation(value, context.scan);
  }
}

/** External data is raw: it must be beside the model, and nothing of it is interpreted. */
function checkLocation(location: string, scan: Scan): void {
  const parts = location.replaceAll("\\", "/").split("/");
  if (
    location === "" ||
    location.startsWith("/") ||
    location.startsWith("\\") ||
    parts.includes("..") ||
    /^[A-Za-z]:|[\0]|:\/\//.test(location)
  )
    report(
      scan,
      "onnx/external-path",
      "dangerous",
      `a tensor is read from ${printable(location, 100)}, outside of the model's folder`,
    );
  else scan.requireRaw(location);
}
