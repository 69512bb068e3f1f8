/**
 * What joblib's unpickler does after BUILD of an array wrapper. In: the wrapper's state. Out: the machine's cursor behind
 * the array's bytes, or the name of the file that holds them.
 *
 * `pickle.load` would go on interpreting in the middle of the array. So the bytes are also read that way, by a fork of
 * the machine, and what it would do counts.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { malformed } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { openJudge } from "./judge.ts";
import type { PickleMachine, Place } from "./machine.ts";
import { allowList } from "./rules/allow-list.ts";
import { instance } from "./rules/rule.ts";
import { isKind, opaque, type Dict, type Instance, type Value } from "./values.ts";

/** Interprets one more stream of the same file. */
type ScanStream = (source: ByteSource, start: number, scan: Scan) => { readonly end: number | undefined };

export function arrayReader(
  source: ByteSource,
  scan: Scan,
  scanStream: ScanStream,
): (target: Instance, machine: PickleMachine, place: Place) => Value {
  let forked = false;
  return (target, machine, place) => {
    const state = target.facts.state;
    if (!target.of.includes("joblib.") || !isKind(state, "dict")) return target;
    if (!target.of.endsWith(":NumpyArrayWrapper")) return fileBeside(target, state, scan, place);
    if (!forked) {
      forked = true;
      readAsPlainPickle(machine, scan);
    }
    return inlineArray(source, state, machine, scan, scanStream, place);
  };
}

function inlineArray(
  source: ByteSource,
  state: Dict,
  machine: PickleMachine,
  scan: Scan,
  scanStream: ScanStream,
  place: Place,
): Value {
  const dtype = state.entries.get("dtype");
  const shape = state.entries.get("shape");
  if (!isKind(dtype, "instance") || !isKind(shape, "tuple"))
    throw malformed("joblib/array", "an array wrapper does not say its type and shape", place.offset);
  if (dtype.facts.objects === true) {
    // joblib reads the array with a `pickle.load` of its own.
    const inner = scanStream(source, machine.cursor.position, scan);
    if (inner.end !== undefined) machine.cursor.position = inner.end;
    return instance("numpy:ndarray");
  }
  const alignment = state.entries.get("numpy_array_alignment_bytes");
  if (typeof alignment === "number") machine.cursor.skip(machine.cursor.u8());
  const items = shape.items.reduce<number>(
    (all, side) => all * (typeof side === "number" && side >= 0 ? side : NaN),
    1,
  );
  const itemBytes = dtype.facts.itemBytes ?? (dtype.facts.dtype === "?" ? 1 : undefined);
  if (itemBytes === undefined || !Number.isSafeInteger(items * itemBytes))
    throw malformed("joblib/array", "the size of an array cannot be told", place.offset);
  machine.cursor.skip(items * itemBytes);
  return instance("numpy:ndarray");
}

/** Versions before 0.10 keep arrays in files `NAME_01.npy` beside the pickle. */
function fileBeside(target: Instance, state: Dict, scan: Scan, place: Place): Value {
  const fileName = state.entries.get("filename");
  if (typeof fileName !== "string" || !/^[^/\\:\0]+$/.test(fileName) || fileName === "." || fileName === "..") {
    scan.report({
      rule: "joblib/file-name",
      verdict: "dangerous",
      atlas: atlas.unsafeArtefact,
      offset: place.offset,
      words: `an array is read from ${typeof fileName === "string" ? printable(fileName) : "a computed name"}, outside of the folder`,
    });
    return opaque("an array");
  }
  scan.require(fileName);
  const made = state.entries.get("state");
  const objects =
    isKind(made, "tuple") && made.items.some((item) => isKind(item, "instance") && item.facts.objects === true);
  if (target.of.endsWith(":ZNDArrayWrapper") && objects)
    scan.report({
      rule: "joblib/object-array",
      verdict: "dangerous",
      atlas: atlas.embeddedMalware,
      offset: place.offset,
      words: "raw bytes are to become an array of objects: NumPy would read them as pointers",
    });
  return instance("numpy:ndarray");
}

const counted = new Set([
  "pickle/dangerous-call",
  "pickle/dangerous-import",
  "pickle/unknown-import",
  "pickle/attribute-write",
]);

function readAsPlainPickle(machine: PickleMachine, scan: Scan): void {
  const words = "to a loader other than joblib's, the array's bytes are instructions";
  const judge = openJudge({
    allowed: allowList,
    // Numbers make strange instructions by chance: only what none makes by chance counts.
    report: (finding) => {
      if (counted.has(finding.rule)) scan.report({ ...finding, words: `${words}: ${finding.words}` });
    },
    persistent: undefined,
    nested: (_, loader, place) => {
      scan.report({
        rule: "joblib/nested-load",
        verdict: "dangerous",
        atlas: atlas.embeddedMalware,
        offset: place.offset,
        words: `${words}: they load another ${loader} file`,
      });
      return opaque("nested");
    },
    constant: () => undefined,
    afterBuild: undefined,
  });
  machine.fork(judge).run();
}
