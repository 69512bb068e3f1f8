/**
 * TensorFlow: SavedModel, frozen graphs, Keras metadata beside them (tensorflow/core/protobuf). In: a source. Out:
 * findings. TensorFlow's own operators are a closed set; those of it that run Python or touch files are refused, in every
 * function of the library. Operators of plug-ins do not run unless their code is loaded first.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { parseJsonTree } from "./json-tree.ts";
import { scanKerasConfig } from "./keras-config.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

const words = (list: string): string[] => list.split(/\s+/);

/** Operator to what it does. */
const dangerous = new Map<string, string>([
  ...words("PyFunc PyFuncStateless EagerPyFunc").map((op) => [op, "runs Python code"] as const),
  ...words("ReadFile MatchingFiles ImmutableConst WholeFileReader WholeFileReaderV2").map(
    (op) => [op, "reads any file"] as const,
  ),
  ...words("WriteFile SaveDataset SaveDatasetV2 DatasetToTFRecord WriteAudioSummary").map(
    (op) => [op, "writes files"] as const,
  ),
  ...words("DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNumericSummary DebugNanCount").map(
    (op) => [op, "sends or writes tensors"] as const,
  ),
  ...words("CreateSummaryFileWriter CreateSummaryDbWriter WriteGraphSummary WriteRawProtoSummary").map(
    (op) => [op, "writes files"] as const,
  ),
  ...words("RpcOp Rpc TryRpc DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4").map(
    (op) => [op, "talks to the network"] as const,
  ),
  ...words("ComputeEngine LoadLibrary TfLiteSubgraphExecute").map((op) => [op, "loads code"] as const),
]);

/** These read files that the graph names; ordinary input pipelines have them, served models do not. */
const readers = new Set(
  words(
    "TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset " +
      "CSVDatasetV2 SqlDataset LMDBDataset LoadDataset SnapshotDataset SnapshotDatasetV2 TextLineReader TextLineReaderV2 " +
      "TFRecordReader TFRecordReaderV2 LMDBReader FixedLengthRecordReader FixedLengthRecordReaderV2 InitializeTableFromTextFile",
  ),
);

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

function walkGraph(graph: ByteSource, scan: Scan, tally: Tally): void {
  for (const { number, wire, span } of fieldsOf(graph, scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) checkNode(span, scan, tally);
    else if (number === 2)
      for (const library of fieldsOf(span, scan.budget))
        if (library.number === 1 && library.wire === 2)
          for (const part of fieldsOf(library.span, scan.budget))
            if (part.number === 3 && part.wire === 2) checkNode(part.span, scan, tally);
  }
}

function checkNode(node: ByteSource, scan: Scan, tally: Tally): void {
  tally.nodes++;
  let name = "";
  let op = "";
  let output = "";
  for (const { number, wire, span } of fieldsOf(node, scan.budget)) {
    if (wire !== 2) continue;
    if (number === 1) name = textOf(span);
    else if (number === 2) op = textOf(span);
    else if (number === 5) output = attribute(span, "output_stream", scan) ?? output;
  }
  const what = dangerous.get(op);
  const place = `node ${printable(name, 80)}`;
  if (what !== undefined) report(scan, "tensorflow/operator", "dangerous", op, `${place} is a ${op}, which ${what}`);
  else if (readers.has(op))
    report(
      scan,
      "tensorflow/reader",
      "unknown-import",
      op,
      `${place} is a ${op}, which reads files that the graph names`,
    );
  else if (op === "PrintV2" && output.includes("file://"))
    report(scan, "tensorflow/operator", "dangerous", op, `${place} prints into the file ${printable(output, 80)}`);
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
