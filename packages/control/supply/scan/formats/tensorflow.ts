/**
 * TensorFlow: SavedModel, frozen graphs, Keras metadata beside them (tensorflow/core/protobuf). In: a source. Out:
 * findings. Every operator, in every function of the library, must be one that only computes; a checkpoint's place must come from
 * whoever loads the model, not from the graph.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { parseJsonTree } from "./json-tree.ts";
import { scanKerasConfig } from "./keras-config.ts";
import { fieldsOf, textOf } from "./protobuf.ts";
import { judgeOperator } from "./tensorflow-operators.ts";

function report(scan: Scan, rule: string, verdict: "dangerous" | "unknown-import", name: string, text: string): void {
  scan.report({
    rule,
    verdict,
    atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact,
    name,
    words: text,
  });
}

/** Counts nodes, so that an empty or foreign message is not taken for a model. */
interface Tally {
  nodes: number;
}

export function scanSavedModel(source: ByteSource, scan: Scan): void {
  const tally: Tally = { nodes: 0 };
  for (const { number, wire, span } of fieldsOf(source, scan.budget)) {
    if (number !== 2 || wire !== 2) continue;
    for (const part of fieldsOf(span, scan.budget)) {
      if (part.number === 2 && part.wire === 2) walkGraph(part.span, scan, tally);
      else if (part.number === 6 && part.wire === 2) checkAsset(part.span, scan);
      else if (part.number === 7 && part.wire === 2) walkObjects(part.span, scan);
    }
  }
  if (tally.nodes === 0) throw new Unreadable("unsupported", "tensorflow/graph", "it has no graph");
}

export function scanGraphDef(source: ByteSource, scan: Scan): void {
  const tally: Tally = { nodes: 0 };
  walkGraph(source, scan, tally);
  if (tally.nodes === 0) throw new Unreadable("unsupported", "tensorflow/graph", "it has no graph");
}

/** What is kept of a node, to find out where a checkpoint's place comes from. */
interface Kept {
  readonly op: string;
  readonly inputs: readonly string[];
}

type Nodes = Map<string, Kept>;

function walkGraph(graph: ByteSource, scan: Scan, tally: Tally): void {
  const own: Nodes = new Map();
  for (const { number, wire, span } of fieldsOf(graph, scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) checkNode(span, scan, tally, own);
    else if (number === 2)
      for (const library of fieldsOf(span, scan.budget))
        if (library.number === 1 && library.wire === 2) walkFunction(library.span, scan, tally);
  }
  checkPlaces(own, scan);
}

function walkFunction(definition: ByteSource, scan: Scan, tally: Tally): void {
  const own: Nodes = new Map();
  for (const part of fieldsOf(definition, scan.budget))
    if (part.number === 3 && part.wire === 2) checkNode(part.span, scan, tally, own);
  checkPlaces(own, scan);
}

const maxInputs = 64;

function checkNode(node: ByteSource, scan: Scan, tally: Tally, own: Nodes): void {
  tally.nodes++;
  let name = "";
  let op = "";
  let output = "";
  const inputs: string[] = [];
  for (const { number, wire, span } of fieldsOf(node, scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) name = textOf(span);
    else if (number === 2) op = textOf(span);
    else if (number === 3 && inputs.length < maxInputs) inputs.push(textOf(span));
    else if (number === 5) output = attribute(span, "output_stream", scan) ?? output;
  }
  own.set(name, { op, inputs });
  const place = `node ${printable(name, 80)}`;
  const shown = printable(op, 60);
  const judged = judgeOperator(op);
  if (judged.kind === "harmful")
    report(scan, "tensorflow/operator", "dangerous", op, `${place} is a ${shown}, which ${judged.what}`);
  else if (judged.kind === "reader")
    report(
      scan,
      "tensorflow/reader",
      "unknown-import",
      op,
      `${place} is a ${shown}, which reads files that the graph names`,
    );
  else if (judged.kind === "unknown")
    report(
      scan,
      "tensorflow/operator",
      "unknown-import",
      op.slice(0, 100),
      `${place} is a ${shown}, which is no operator that is known to compute only`,
    );
  else if (op === "PrintV2" && output.includes("file://"))
    report(scan, "tensorflow/operator", "dangerous", op, `${place} prints into the file ${printable(output, 80)}`);
}

/** Checkpoints whose place is made of constants alone are written or read wherever the graph wants. */
function checkPlaces(nodes: Nodes, scan: Scan): void {
  for (const [name, { op, inputs }] of nodes) {
    if (judgeOperator(op).kind !== "checkpoint") continue;
    const place = op === "MergeV2Checkpoints" ? inputs[1] : inputs[0];
    if (place === undefined || comesFromOutside(place, nodes, scan)) continue;
    report(
      scan,
      "tensorflow/checkpoint-place",
      "dangerous",
      op,
      `node ${printable(name, 80)} is a ${printable(op, 60)} at a place that the graph itself names`,
    );
  }
}

/** Whether some of what an input is made of is given by the caller: a placeholder, an argument, anything but constants. */
function comesFromOutside(input: string, nodes: Nodes, scan: Scan): boolean {
  const seen = new Set<string>();
  const open = [input];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    scan.budget.spend(1);
    const name = next.replace(/^\^/, "").split(":")[0] ?? "";
    if (seen.has(name)) continue;
    seen.add(name);
    const node = nodes.get(name);
    if (node === undefined || (node.op !== "Const" && node.inputs.length === 0)) return true;
    if (node.op !== "Const") open.push(...node.inputs);
  }
  return false;
}

/** The text of one attribute of a node: a map entry of name and AttrValue, whose field 2 is bytes. */
function attribute(entry: ByteSource, wanted: string, scan: Scan): string | undefined {
  let key = "";
  let text: string | undefined;
  for (const { number, wire, span } of fieldsOf(entry, scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) key = textOf(span);
    else if (number === 2 && key === wanted)
      for (const part of fieldsOf(span, scan.budget))
        if (part.number === 2 && part.wire === 2) text = textOf(part.span);
  }
  return text;
}

function checkAsset(asset: ByteSource, scan: Scan): void {
  for (const { number, wire, span } of fieldsOf(asset, scan.budget)) {
    if (number !== 2 || wire !== 2) continue;
    const file = textOf(span);
    if (file.includes("..") || file.startsWith("/") || file.includes("\\"))
      report(
        scan,
        "tensorflow/asset-path",
        "dangerous",
        file.slice(0, 100),
        `asset ${printable(file, 80)} lies outside of the model's folder`,
      );
  }
}

/** SavedObjectGraph: user objects of Keras carry their configuration as JSON. */
function walkObjects(graph: ByteSource, scan: Scan): void {
  for (const { number, wire, span } of fieldsOf(graph, scan.budget)) {
    if (number !== 1 || wire !== 2) continue;
    for (const node of fieldsOf(span, scan.budget)) {
      if (node.number !== 4 || node.wire !== 2) continue;
      for (const part of fieldsOf(node.span, scan.budget))
        if (part.number === 3 && part.wire === 2) kerasJson(part.span, scan);
    }
  }
}

/** keras_metadata.pb: SavedMetadata with one JSON text for each object. */
export function scanKerasMetadata(source: ByteSource, scan: Scan): void {
  for (const { number, wire, span } of fieldsOf(source, scan.budget)) {
    if (number !== 1 || wire !== 2) continue;
    for (const part of fieldsOf(span, scan.budget))
      if (part.number === 4 && part.wire === 2) kerasJson(part.span, scan);
  }
}

function kerasJson(span: ByteSource, scan: Scan): void {
  const bytes = span.read(0, 16 * 2 ** 20);
  if (bytes[0] === 0x7b) scanKerasConfig(parseJsonTree(bytes, "keras/config"), scan);
}
