/**
 * What a file is, by its content first and its name second. In: a source and a name. Out: the format and its reader.
 * Where name and content disagree it is a finding: a loader chosen by the name would read something else.
 */
import type { ByteSource } from "./bytes/byte-source.ts";
import { Unreadable } from "./bytes/unreadable.ts";
import { compressionOf, scanCompressed } from "./formats/compressed.ts";
import { isGguf, scanGguf } from "./formats/gguf.ts";
import { scanJson } from "./formats/json-file.ts";
import { isMsgpack, scanMsgpack } from "./formats/msgpack.ts";
import { isNpy, scanNpy } from "./formats/npy.ts";
import { scanOnnx } from "./formats/onnx.ts";
import { protobufKind } from "./formats/protobuf-kind.ts";
import { isSafetensors, scanSafetensors } from "./formats/safetensors.ts";
import { isTar, scanTar } from "./formats/tar.ts";
import { scanGraphDef, scanKerasMetadata, scanSavedModel } from "./formats/tensorflow.ts";
import { isText, scanText } from "./formats/text.ts";
import { isTflite, scanTflite } from "./formats/tflite.ts";
import { isUbjson, scanUbjson } from "./formats/ubjson.ts";
import { isTorchLegacy, scanTorchLegacy } from "./formats/torch-legacy.ts";
import { findSuperblock } from "./hdf5/file.ts";
import { scanHdf5 } from "./hdf5/hdf5.ts";
import { scanPickle } from "./pickle/scan-pickle.ts";
import { tryPickle } from "./pickle/whole-pickle.ts";
import type { Reader, Scan } from "./scan.ts";
import { knownAs, mediaOf, namedFor, unreadOf } from "./signatures.ts";
import { atlas, printable } from "./verdict.ts";
import { findEndRecord } from "./zip/directory.ts";
import { kindOf } from "./zip/kinds.ts";
import { scanZip } from "./zip/zip.ts";

/** Scans a source as what it is; gives the format. */
export function scanContent(source: ByteSource, scan: Scan): string {
  const head = source.read(0, 4096).slice();
  const format = read(source, head, scan);
  if (!namedFor(scan.name, format))
    scan.report({
      rule: "content/name",
      verdict: "malformed",
      atlas: atlas.unsafeArtefact,
      words: `it is called ${printable(scan.name, 60)} but is ${format}: a loader chosen by the name reads something else`,
    });
  return format;
}

function read(source: ByteSource, head: Uint8Array, scan: Scan): string {
  if (isZip(head) || endsAsZip(source, head)) return scanZip(source, scan, kindOf);
  const binary = binaryReader(source, head);
  if (binary !== undefined) {
    binary[1](source, scan);
    return binary[0];
  }
  if (findSuperblock(source) >= 0) return scanHdf5(source, scan);
  const compression = compressionOf(head);
  if (compression !== undefined) return scanCompressed(source, scan, compression);
  const unread = unreadOf(head);
  if (unread !== undefined)
    throw new Unreadable(
      unread.verdict,
      "content/unread",
      `it is ${unread.what}, which is not read here: nothing is claimed about it`,
    );
  if (isSafetensors(head, source.size)) {
    scanSafetensors(source, scan);
    return "safetensors";
  }
  if (head[0] === 0x80 && (head[1] ?? 9) >= 1 && (head[1] ?? 9) <= 5) {
    scanPickle(source, scan);
    return "pickle";
  }
  return readUnmarked(source, head, scan);
}

function binaryReader(source: ByteSource, head: Uint8Array): readonly [string, Reader] | undefined {
  if (isNpy(head)) return ["numpy", scanNpy];
  if (isTorchLegacy(head)) return ["pytorch-legacy", scanTorchLegacy];
  if (isGguf(head)) return ["gguf", scanGguf];
  if (isTflite(head)) return ["tflite", scanTflite];
  if (isTar(head)) return ["tar", scanTar];
  return undefined;
}

const readers: Readonly<Record<string, Reader>> = {
  onnx: scanOnnx,
  "tensorflow-savedmodel": scanSavedModel,
  "tensorflow-graph": scanGraphDef,
  "keras-metadata": scanKerasMetadata,
  // A vocabulary: pieces and scores, nothing that is interpreted.
  sentencepiece: () => undefined,
};

/** Formats without a mark: told by reading them. Older pickles come first, since a loader does not ask what a file is. */
function readUnmarked(source: ByteSource, head: Uint8Array, scan: Scan): string {
  if (isUbjson(head)) {
    scanUbjson(source, scan);
    return "ubjson";
  }
  const text = isText(head);
  const expected = knownAs(scan.name);
  if (looksLikePickle(head)) {
    const { end, imports, known, steps } = tryPickle(source, scan.budget);
    // Prose that starts with a `c` or an `i` imports something, read as a pickle: more must speak for one.
    const prose = text && (expected === "text" || expected === "json");
    const shown = prose ? known > 0 || (end !== undefined && imports > 0) : imports > 0 || end !== undefined;
    if (shown || (expected === "pickle" && (end !== undefined || steps > 8))) {
      scanPickle(source, scan);
      return "pickle";
    }
  }
  if (
    text &&
    /^\s*[[{]/.test(Buffer.from(head).toString("latin1")) &&
    (expected === "json" || expected === undefined)
  ) {
    return scanJson(source, scan);
  }
  if (text && expected !== "protobuf" && expected !== "safetensors") return scanText(source, scan);
  const kind = protobufKind(source, scan.name, scan.budget);
  const reader = kind === undefined ? undefined : readers[kind];
  if (kind !== undefined && reader !== undefined) {
    reader(source, scan);
    return kind;
  }
  if (expected === "safetensors") {
    scanSafetensors(source, scan);
    return "safetensors";
  }
  if (isMsgpack(source, scan.budget)) {
    scanMsgpack(source, scan);
    return "msgpack";
  }
  const media = mediaOf(head);
  if (media !== undefined) return media;
  throw new Unreadable("unsupported", "content/unknown", "its format is not known here: nothing is claimed about it");
}

function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

/** Python's zipfile looks for the end record only: such a file is a zip to it, whatever stands in front. */
function endsAsZip(source: ByteSource, head: Uint8Array): boolean {
  if (head.length < 22) return false;
  const at = findEndRecord(source);
  if (at < 0) return false;
  const record = source.read(at, 22);
  if (record.length < 22 || at + 22 + (record[20] ?? 0) + 256 * (record[21] ?? 0) > source.size) return false;
  // Four bytes come by chance in gigabytes of weights; a directory in front of them does not.
  const size = (record[12] ?? 0) + 256 * ((record[13] ?? 0) + 256 * ((record[14] ?? 0) + 256 * (record[15] ?? 0)));
  const mark = at - size < 0 ? new Uint8Array() : source.read(at - size, 4);
  return size === 0xffffffff || (mark[0] === 0x50 && mark[1] === 0x4b && mark[2] === 1 && mark[3] === 2);
}

function looksLikePickle(head: Uint8Array): boolean {
  return head.length > 0 && "(]}cIKLMNJXVFGSTU)0ip\x8c\x95\x80".includes(String.fromCharCode(head[0] ?? 0));
}
