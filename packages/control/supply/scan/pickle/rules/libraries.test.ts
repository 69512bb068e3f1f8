import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { op } from "../opcodes.ts";
import { build, bytesOf, call, dict, global, int, make, stream, text, tuple } from "../../testing/assemble.ts";
import { scanBytes } from "../../testing/scan-bytes.ts";
import { allowList } from "./allow-list.ts";

const verdict = (...parts: readonly Uint8Array[]): string => scanBytes(stream(...parts)).verdict;
const logistic = global("sklearn.linear_model._logistic", "LogisticRegression");

test("an estimator is filled, not called", () => {
  assert.equal(verdict(build(make(logistic), dict(text("C"), int(1)))), "proven-safe");
  assert.equal(verdict(call(logistic, int(1))), "unknown-import");
});

test("a class of a library that runs code of its state is not on the list", () => {
  // scipy.stats compiles a template out of the state (rv_generic.__setstate__).
  for (const [module, name] of [
    ["scipy.stats._continuous_distns", "norm_gen"],
    ["scipy.sparse.linalg._interface", "LinearOperator"],
    ["pandas.core.computation.expr", "PandasExprVisitor"],
    ["torch.fx.graph_module", "GraphModule"],
    ["tempfile", "_TemporaryFileCloser"],
    ["joblib.memory", "Memory"],
  ] as const)
    assert.equal(allowList(module, name), undefined, `${module}.${name}`);
});

test("statsmodels may restore a formula of names, not one that calls", () => {
  const model = make(global("statsmodels.base.data", "PandasData"));
  const state = (formula: string): Uint8Array =>
    dict(text("restore_design_info"), bytesOf(op.NEWTRUE), text("formula"), text(formula));
  assert.equal(verdict(build(model, state("y ~ x1 + x2:x3"))), "proven-safe");
  assert.equal(verdict(build(model, state("y ~ I(__import__('os').system('id'))"))), "unknown-import");
});

test("a function that rebuilds takes only the classes that it is for", () => {
  const rebuild = (module: string, name: string): Uint8Array =>
    call(global("pandas.core.indexes.base", "_new_Index"), global(module, name), dict());
  assert.equal(verdict(rebuild("pandas.core.indexes.range", "RangeIndex")), "proven-safe");
  assert.equal(verdict(rebuild("sklearn.linear_model._logistic", "LogisticRegression")), "unknown-import");
});

test("a tensor subclass is rebuilt by functions that are judged themselves", () => {
  const fromType = (func: Uint8Array, ...args: readonly Uint8Array[]): Uint8Array =>
    call(global("torch._tensor", "_rebuild_from_type_v2"), func, global("torch", "Tensor"), tuple(...args), dict());
  assert.equal(verdict(fromType(global("os", "system"), text("id"))), "dangerous");
  assert.equal(
    verdict(fromType(global("builtins", "getattr"), global("torch", "Tensor"), text("__dict__"))),
    "dangerous",
  );
});

test("settings and trainers' states are filled, and an enumeration in a dangerous module is not called dangerous", () => {
  for (const [module, name] of [
    ["omegaconf.dictconfig", "DictConfig"],
    ["torch.cuda.amp.grad_scaler", "GradScaler"],
    ["easydict", "EasyDict"],
  ] as const) {
    assert.equal(verdict(build(make(global(module, name)), dict(text("a"), int(1)))), "proven-safe", name);
    assert.equal(verdict(call(global(module, name), global("os", "system"))), "dangerous", name);
  }
  for (const [module, name] of [
    ["http", "HTTPStatus"],
    ["signal", "Signals"],
  ] as const)
    assert.equal(verdict(call(global(module, name), int(2))), "unknown-import", name);
  assert.equal(verdict(call(global("http.client", "HTTPSConnection"), text("x"))), "dangerous");
  assert.equal(verdict(call(global("signal", "raise_signal"), int(9))), "dangerous");
});

test("names are listed whole: no listed name lets a dotted path through", () => {
  for (const name of ["OrderedDict.__init__.__globals__", "OrderedDict.fromkeys", "Counter.update"])
    assert.notEqual(verdict(bytesOf(text("collections"), text(name), op.STACK_GLOBAL)), "proven-safe");
});

const benign = join(import.meta.dirname, "../../../../../../../shared/corpora/pickle/dev/pickleball-benign-globals");

test(
  "nearly all names that models of public libraries import are listed, and none is called dangerous",
  { skip: existsSync(benign) ? false : "the corpus ../shared/corpora/pickle is not on this machine" },
  (t) => {
    const files = ["melotts", "tner", "pysentimiento", "gliner", "yolov11", "flagembedding"];
    const names = new Set(
      files.flatMap((file) => {
        const tree = JSON.parse(readFileSync(join(benign, `${file}.json`), "utf8")) as Record<
          string,
          { globals: string[] }
        >;
        return Object.values(tree).flatMap(({ globals }) => globals);
      }),
    );
    const missing = [...names].filter((name) => {
      const at = name.lastIndexOf(".");
      return allowList(name.slice(0, at), name.slice(at + 1)) === undefined;
    });
    t.diagnostic(`${names.size - missing.length} of ${names.size} names listed; not: ${missing.join(" ") || "none"}`);
    for (const name of names) {
      const at = name.lastIndexOf(".");
      assert.notEqual(verdict(global(name.slice(0, at), name.slice(at + 1))), "dangerous", name);
    }
    assert.ok(missing.length <= names.size * 0.1, missing.join(" "));
  },
);
