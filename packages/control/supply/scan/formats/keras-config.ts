/**
 * Keras model configurations, as they stand in .keras, HDF5 and SavedModel files. In: the JSON. Out: findings.
 *
 * A configuration names classes to make and functions to find. Those of Keras itself are on the list, but for the few
 * that carry or load code (Lambda, wrappers of other frameworks); a module outside of Keras is imported by its loader
 * (CVE-2025-1550, CVE-2025-8747), and a file path in a layer is read by it (CVE-2025-12058).
 */
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { isRecord, walkJson, type Json } from "./json-tree.ts";
import { callsByName, carriesCode, computesByName, kerasClasses } from "./keras-classes.ts";
import { judgeOperator } from "./tensorflow-operators.ts";

const kerasModule = /^(?:keras|tf_keras|keras_core|tensorflow\.keras|tensorflow\.python\.keras)(?:\.[a-z0-9_]+)*$/;
/** Where Keras keeps functions that compute, as opposed to those that read, write or load. */
const computes = /\.(?:activations|losses|metrics|ops|initializers|regularizers|constraints|random|layers|backend)\b/;
const reaches =
  /\.(?:utils|saving_api|saving_lib|datasets|applications|export|callbacks|load_model|get_file)\b|^(?:os|subprocess|builtins|sys|shutil|pickle|importlib|posix|nt|socket|urllib|requests)\b/;

export function scanKerasConfig(config: Json, scan: Scan): void {
  walkJson(config, (value) => {
    scan.budget.spend(1);
    if (isRecord(value) && typeof value["class_name"] === "string") checkObject(value["class_name"], value, scan);
  });
}

function report(scan: Scan, rule: string, verdict: "dangerous" | "unknown-import", name: string, words: string): void {
  scan.report({
    rule,
    verdict,
    atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact,
    name: name.slice(0, 120),
    words,
  });
}

function checkObject(className: string, object: { readonly [name: string]: Json }, scan: Scan): void {
  const shown = printable(className, 80);
  const config = object["config"];
  const module = object["module"];
  if (className === "Lambda" || className === "__lambda__" || className.endsWith(">Lambda")) {
    checkLambda(config, scan);
    return;
  }
  if (carriesCode.has(className)) {
    report(
      scan,
      "keras/foreign-code",
      "dangerous",
      className,
      `layer ${shown} carries or loads code of another framework`,
    );
    return;
  }
  if (callsByName.has(className)) {
    checkCalled(className, config, scan);
    return;
  }
  if (className === "TensorFlowOpLayer") {
    checkOperatorLayer(config, scan);
    return;
  }
  if (typeof module === "string" && module !== "builtins") {
    const isFunction = className === "function" || className === "builtin_function_or_method";
    const full = `${module.slice(0, 200)}.${isFunction && typeof config === "string" ? config.slice(0, 100) : className}`;
    const known = kerasModule.test(module.slice(0, 200)) && !reaches.test(full);
    if (!known || (isFunction ? !computes.test(module) : !/^[A-Z][A-Za-z0-9]*$/.test(className)))
      report(
        scan,
        "keras/module",
        reaches.test(full) ? "dangerous" : "unknown-import",
        full,
        `its loader imports ${printable(full)}, which is no class or function that Keras computes with`,
      );
  } else if (className === "function" || className === "builtin_function_or_method") {
    const name = typeof config === "string" ? config : "";
    if (!/^[a-z][a-z0-9_]*$/.test(name) || ["eval", "exec", "compile", "open", "getattr", "input"].includes(name))
      report(scan, "keras/function", "unknown-import", name, `its loader looks up the function ${printable(name, 60)}`);
  } else if (
    !kerasClasses.has(className) &&
    !/^__(?:tensor|numpy|tuple|ellipsis|slice|keras_tensor|bytes|dtype|typespec)__$/.test(className)
  )
    report(
      scan,
      "keras/custom-object",
      "unknown-import",
      className,
      `class ${shown} is no class of Keras: its loader needs code for it`,
    );
  const registered = object["registered_name"];
  if (typeof registered === "string" && registered.includes(">"))
    report(
      scan,
      "keras/custom-object",
      "unknown-import",
      registered,
      `${printable(registered, 80)} is registered by code that is not in this file`,
    );
  if (isRecord(config)) checkPaths(className, config, scan);
}

/** `TFOpLambda` and its kin look up any symbol of TensorFlow's API: some load libraries or write files. */
function checkCalled(className: string, config: Json | undefined, scan: Scan): void {
  const named = isRecord(config) ? (config["function"] ?? config["method"] ?? config["attr_name"]) : undefined;
  const called = typeof named === "string" ? named : "";
  if (computesByName(called) || (className === "SlicingOpLambda" && called === "__operators__.getitem")) return;
  report(
    scan,
    "keras/function",
    harmfulCall.test(called) ? "dangerous" : "unknown-import",
    called,
    `layer ${printable(className, 60)} calls ${printable(called, 80)}, which is no function that is known to compute only`,
  );
}

const harmfulCall =
  /(?:^|\.)(?:io|raw_ops|py_function|numpy_function|py_func|load_library|load_op_library|saved_model|get_file|load_model|eval|system|data|train|summary)(?:\.|$)/;

/** Holds one node of a graph, as JSON or as protobuf's text. */
function checkOperatorLayer(config: Json | undefined, scan: Scan): void {
  const definition = isRecord(config) ? config["node_def"] : undefined;
  const text = typeof definition === "string" ? definition : JSON.stringify(definition ?? "");
  const op = /(?:"op"|\bop)\s*:\s*"([A-Za-z0-9_>]{1,100})"/.exec(text.slice(0, 100_000))?.[1];
  const judged = op === undefined ? { kind: "unknown" as const } : judgeOperator(op);
  if (judged.kind === "computes") return;
  report(
    scan,
    "keras/operator",
    judged.kind === "harmful" ? "dangerous" : "unknown-import",
    op ?? "TensorFlowOpLayer",
    `a TensorFlowOpLayer runs ${printable(op ?? "an operator that cannot be read", 80)}, which does not compute only`,
  );
}

/** Layers that read a vocabulary from a path that the file gives. */
function checkPaths(className: string, config: { readonly [name: string]: Json }, scan: Scan): void {
  const vocabulary = config["vocabulary"];
  if (typeof vocabulary === "string" && vocabulary !== "")
    report(
      scan,
      "keras/file-path",
      "dangerous",
      className,
      `layer ${printable(className, 60)} reads the file ${printable(vocabulary, 80)}`,
    );
}

function checkLambda(config: Json | undefined, scan: Scan): void {
  const func = isRecord(config) ? (config["function"] ?? config["code"]) : undefined;
  const named = typeof func === "string" && isRecord(config) && config["function_type"] === "function";
  if (named)
    report(
      scan,
      "keras/lambda",
      "unknown-import",
      func,
      `a Lambda layer calls the function ${printable(func, 60)}, which is not in this file`,
    );
  else
    report(
      scan,
      "keras/lambda",
      "dangerous",
      "Lambda",
      "a Lambda layer carries Python bytecode, which runs when the model is loaded or used",
    );
}
