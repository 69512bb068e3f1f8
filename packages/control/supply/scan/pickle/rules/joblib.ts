/**
 * joblib's wrappers of arrays. In: nothing. Out: rules. A `NumpyArrayWrapper` is followed in the file by the array's
 * bytes, which only joblib's loader skips; an `NDArrayWrapper` (before 0.10) names a file beside this one.
 */
import { isKind } from "../values.ts";
import { anything, instance, type BuildAct, type Rules } from "./rule.ts";

/** Keeps the state: the judge reads it to find where the array ends, or which file it is in. */
const keepState: BuildAct = (target, state) =>
  isKind(state, "dict") && state.special === undefined
    ? instance(target.of, { state })
    : { problem: "its state has a form that was not proven" };

const wrapper = { make: anything, build: keepState };

const names = [
  "joblib.numpy_pickle:NumpyArrayWrapper",
  "joblib.numpy_pickle:NDArrayWrapper",
  "joblib.numpy_pickle:ZNDArrayWrapper",
  "joblib.numpy_pickle_compat:NDArrayWrapper",
  "joblib.numpy_pickle_compat:ZNDArrayWrapper",
];

export const joblibRules: Rules = Object.fromEntries(
  names.flatMap((name) => [name, `sklearn.externals.${name}`]).map((name) => [name, wrapper]),
);
