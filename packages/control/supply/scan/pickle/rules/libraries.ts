/**
 * Compiled parts of libraries, and their functions that rebuild objects: trees, distances, blocks of data frames,
 * boosters. In: nothing. Out: rules. Each takes the classes that it is meant for, and plain data.
 *
 * Two setters run code that the file brings, and are held to states that bring none: statsmodels evaluates a formula
 * (`ModelData.__setstate__`), SciPy's distributions compile a template from their state and are not listed at all.
 */
import { isConstant, isKind, type Value } from "../values.ts";
import {
  anything,
  anyState,
  constantName,
  constants,
  dictState,
  each,
  inertClass,
  instance,
  type Act,
  type BuildAct,
  type Rule,
  type Rules,
} from "./rule.ts";

/** Data in any depth: constants, arrays, instances; no functions. */
function isData(value: Value, depth = 0): boolean {
  if (isConstant(value) || isKind(value, "instance")) return true;
  if (isKind(value, "tuple") || isKind(value, "list"))
    return depth < 6 && !value.more && value.items.every((item) => isData(item, depth + 1));
  if (isKind(value, "dict")) return depth < 6 && [...value.entries.values()].every((item) => isData(item, depth + 1));
  return false;
}

const data: Act = (args, { of }) =>
  args.every((arg) => isData(arg) || isKind(arg, "name"))
    ? instance(of)
    : { problem: "it is called with computed arguments" };

/** `rebuild(cls, …)`: the class must be listed, and of the family. */
function rebuild(family: RegExp): Act {
  return ([cls, ...rest], context) => {
    if (
      !isKind(cls, "name") ||
      !family.test(`${cls.module}:${cls.name}`) ||
      !(context.listedClass(cls) || context.callable(cls))
    )
      return { problem: "it makes something that is no listed class of its library" };
    return rest.every((arg) => isData(arg) || context.listedClass(arg))
      ? instance(`${cls.module}:${cls.name}`)
      : { problem: "it is called with computed arguments" };
  };
}

const compiled: Rule = { make: data, call: data, build: anyState };
const distances =
  "EuclideanDistance SEuclideanDistance ManhattanDistance ChebyshevDistance MinkowskiDistance WMinkowskiDistance " +
  "MahalanobisDistance HammingDistance CanberraDistance BrayCurtisDistance JaccardDistance MatchingDistance DiceDistance " +
  "KulsinskiDistance RogersTanimotoDistance RussellRaoDistance SokalMichenerDistance SokalSneathDistance HaversineDistance " +
  "DistanceMetric";
const suffixed = (names: string): string =>
  names
    .split(" ")
    .flatMap((name) => [name, `${name}32`, `${name}64`])
    .join(" ");

const metrics =
  "accuracy_score balanced_accuracy_score average_precision_score brier_score_loss f1_score fbeta_score hamming_loss hinge_loss " +
  "jaccard_score log_loss matthews_corrcoef precision_score recall_score roc_auc_score zero_one_loss cohen_kappa_score " +
  "explained_variance_score max_error mean_absolute_error mean_absolute_percentage_error mean_squared_error " +
  "mean_squared_log_error median_absolute_error r2_score root_mean_squared_error mean_poisson_deviance mean_gamma_deviance " +
  "mean_tweedie_deviance d2_tweedie_score mean_pinball_loss top_k_accuracy_score ndcg_score dcg_score adjusted_rand_score " +
  "silhouette_score v_measure_score normalized_mutual_info_score completeness_score homogeneity_score fowlkes_mallows_score " +
  "adjusted_mutual_info_score mutual_info_score rand_score euclidean_distances cosine_similarity linear_kernel rbf_kernel " +
  "polynomial_kernel sigmoid_kernel laplacian_kernel chi2_kernel cosine_distances manhattan_distances pairwise_distances";
const fn: Rule = { callable: true };
const losses = (
  "CyHalfSquaredError CyAbsoluteError CyPinballLoss CyHuberLoss CyHalfPoissonLoss CyHalfGammaLoss CyHalfTweedieLoss " +
  "CyHalfTweedieLossIdentity CyHalfBinomialLoss CyHalfMultinomialLoss CyExponentialLoss"
).split(" ");

const scikitLearn: Rules = {
  ...each("sklearn.tree._tree", "Tree", compiled),
  ...each("sklearn.tree._criterion", "Gini Entropy MSE MAE FriedmanMSE Poisson", compiled),
  ...each("sklearn.tree._splitter", "BestSplitter RandomSplitter BestSparseSplitter RandomSparseSplitter", compiled),
  ...Object.assign(
    {},
    ...["sklearn.metrics._dist_metrics", "sklearn.neighbors._dist_metrics", "sklearn.neighbors.dist_metrics"].flatMap(
      (module) => [
        each(module, suffixed(distances), compiled),
        each(module, "newObj", {
          call: rebuild(/^sklearn\.[a-z_.]*dist_metrics:\w*(?:Distance(?:32|64)?|DistanceMetric(?:32|64)?)$/),
        }),
      ],
    ),
    ...["_kd_tree", "_ball_tree", "kd_tree", "ball_tree"].flatMap((module) => [
      each(`sklearn.neighbors.${module}`, suffixed("KDTree BallTree BinaryTree"), compiled),
      each(`sklearn.neighbors.${module}`, "newObj", { call: rebuild(/^sklearn\.neighbors\._?(?:kd|ball)_tree:\w+$/) }),
    ]),
  ),
  ...each(
    "sklearn.linear_model._sgd_fast",
    "Hinge Log ModifiedHuber SquaredHinge SquaredLoss Huber EpsilonInsensitive SquaredEpsilonInsensitive",
    compiled,
  ),
  ...each(
    "sklearn.linear_model.sgd_fast",
    "Hinge Log ModifiedHuber SquaredHinge SquaredLoss Huber EpsilonInsensitive SquaredEpsilonInsensitive",
    compiled,
  ),
  ...each("sklearn._loss._loss", losses.join(" "), compiled),
  ...each("sklearn._loss._loss", losses.map((name) => `__pyx_unpickle_${name}`).join(" "), {
    call: rebuild(/^sklearn\._loss\._loss:Cy\w+$/),
  }),
  ...Object.assign(
    {},
    ...[
      "_classification",
      "_regression",
      "_ranking",
      "cluster._supervised",
      "cluster._unsupervised",
      "pairwise",
      "classification",
      "regression",
      "ranking",
    ].map((part) => each(`sklearn.metrics.${part}`, metrics, fn)),
  ),
  ...each("sklearn.feature_selection._univariate_selection", "f_classif f_regression chi2 r_regression f_oneway", fn),
  ...each("sklearn.feature_selection.univariate_selection", "f_classif f_regression chi2 f_oneway", fn),
  ...each("sklearn.feature_selection._mutual_info", "mutual_info_classif mutual_info_regression", fn),
  ...each("sklearn.cluster._kmeans", "_kmeans_single_lloyd _kmeans_single_elkan lloyd_iter_chunked_dense", fn),
  ...each("sklearn.decomposition._fastica", "_logcosh _exp _cube", fn),
  ...each("sklearn.utils.validation", "check_array", fn),
  ...each("sklearn.preprocessing._data", "normalize scale minmax_scale maxabs_scale robust_scale", fn),
  ...each(
    "sklearn.metrics._scorer",
    "_PredictScorer _ProbaScorer _ThresholdScorer _Scorer _PassthroughScorer",
    inertClass,
  ),
  ...each("sklearn.metrics._scorer", "_passthrough_scorer", fn),
  ...each("sklearn.metrics.scorer", "_PredictScorer _ProbaScorer _ThresholdScorer", inertClass),
  ...each("sklearn.gaussian_process.kernels", "Hyperparameter", { make: anything, call: anything }),
  ...each("sklearn.utils.deprecation", "DeprecationDict", { ...inertClass, fill: ["item"] }),
  ...each("sklearn.utils.fixes", "MaskedArray", inertClass),
  ...each("sklearn.ensemble._hist_gradient_boosting.common", "MonotonicConstraint", { call: constants }),
};

const scipy: Rules = {
  ...each("scipy.spatial._ckdtree", "cKDTree cKDTreeNode", compiled),
  ...each("scipy.spatial.ckdtree", "cKDTree", compiled),
  ...each("scipy.spatial._kdtree", "KDTree Rectangle", compiled),
  ...each("scipy.spatial.kdtree", "KDTree", compiled),
  ...each("scipy.spatial.transform._rotation", "Rotation Slerp", compiled),
  ...Object.assign(
    {},
    ...["bsr", "coo", "csc", "csr", "dia", "lil"].map((kind) =>
      each(`scipy.sparse._${kind}`, `${kind}_array ${kind}_matrix`, inertClass),
    ),
  ),
  ...each("scipy.interpolate._rbfinterp", "RBFInterpolator", { make: anything, build: anyState }),
  ...each("scipy._lib.array_api_compat.numpy._aliases", "asarray", fn),
  ...each("scipy._external.array_api_compat.numpy._aliases", "asarray", fn),
  ...each("scipy.optimize._optimize", "OptimizeResult", { ...inertClass, fill: ["item"] }),
  ...each("scipy.optimize.optimize", "OptimizeResult", { ...inertClass, fill: ["item"] }),
  ...each(
    "scipy.special._ufuncs",
    "expit logit erf erfc gamma gammaln digamma ndtr ndtri logsumexp xlogy boxcox inv_boxcox",
    fn,
  ),
  ...each(
    "scipy.special",
    "expit logit erf erfc gamma gammaln digamma ndtr ndtri logsumexp xlogy boxcox inv_boxcox",
    fn,
  ),
  ...each(
    "scipy.interpolate._interpolate",
    "interp1d._call_linear_np interp1d._call_linear interp1d._call_nearest",
    constantName,
  ),
  // Modules of before 1.8, without the underscore.
  ...each("scipy.sparse.csr", "csr_matrix", inertClass),
  ...each("scipy.sparse.csc", "csc_matrix", inertClass),
  ...each("scipy.sparse.coo", "coo_matrix", inertClass),
  ...each("scipy.sparse.lil", "lil_matrix", inertClass),
  ...each("scipy.sparse.dok", "dok_matrix", { ...inertClass, fill: ["item"] }),
  ...each("scipy.sparse._dok", "dok_matrix dok_array", { ...inertClass, fill: ["item"] }),
  ...each("scipy.sparse.dia", "dia_matrix", inertClass),
  ...each("scipy.sparse.bsr", "bsr_matrix", inertClass),
  ...each("scipy.interpolate.interpolate", "interp1d PPoly BPoly", inertClass),
  ...each(
    "scipy.interpolate.fitpack2",
    "UnivariateSpline InterpolatedUnivariateSpline LSQUnivariateSpline",
    inertClass,
  ),
  ...each("scipy.stats.kde", "gaussian_kde", inertClass),
};

const indexNames =
  "Index RangeIndex MultiIndex DatetimeIndex TimedeltaIndex PeriodIndex CategoricalIndex IntervalIndex Int64Index UInt64Index " +
  "Float64Index NumericIndex IntegerIndex";
const index: Rule = { make: data, call: data, build: anyState };
const newIndex: Act = rebuild(/^pandas\.core\.indexes\.\w+:\w*Index$/);
const offsets =
  "Day Hour Minute Second Milli Micro Nano Tick BusinessDay BDay BusinessHour MonthEnd MonthBegin BusinessMonthEnd " +
  "BusinessMonthBegin QuarterEnd QuarterBegin BQuarterEnd BQuarterBegin YearEnd YearBegin BYearEnd BYearBegin Week WeekOfMonth " +
  "LastWeekOfMonth SemiMonthEnd SemiMonthBegin DateOffset RelativeDeltaOffset CustomBusinessDay Easter FY5253 FY5253Quarter";
const arrays =
  "DatetimeArray TimedeltaArray PeriodArray Categorical PandasArray NumpyExtensionArray StringArray IntegerArray FloatingArray " +
  "BooleanArray IntervalArray SparseArray NDArrayBackedExtensionArray";

const pandas: Rules = {
  ...Object.assign(
    {},
    ...["base", "range", "multi", "datetimes", "timedeltas", "period", "category", "interval", "numeric"].map((part) =>
      each(`pandas.core.indexes.${part}`, indexNames, index),
    ),
    ...[
      "numpy_",
      "datetimes",
      "timedeltas",
      "period",
      "categorical",
      "string_",
      "integer",
      "floating",
      "boolean",
      "interval",
      "sparse.array",
      "_mixins",
    ].map((part) => each(`pandas.core.arrays.${part}`, arrays, { make: data, build: anyState })),
  ),
  "pandas.core.indexes.base:_new_Index": { call: newIndex },
  "pandas.core.indexes.datetimes:_new_DatetimeIndex": { call: newIndex },
  "pandas.core.indexes.period:_new_PeriodIndex": { call: newIndex },
  "pandas.core.indexes.interval:_new_IntervalIndex": { call: newIndex },
  ...each("pandas.core.internals.managers", "BlockManager SingleBlockManager", {
    make: data,
    call: data,
    build: anyState,
  }),
  ...each("pandas._libs.internals", "_unpickle_block BlockPlacement", { call: data }),
  ...each("pandas.core.internals.blocks", "new_block make_block", { call: data }),
  "pandas._libs.arrays:__pyx_unpickle_NDArrayBacked": { call: rebuild(/^pandas\.core\.arrays\.[\w.]+:\w+$/) },
  ...each("pandas._libs.missing", "NA", constantName),
  ...each("pandas._libs.missing", "C_NA NAType", { make: constants, call: constants }),
  ...each("pandas._libs.tslibs.nattype", "__nat_unpickle _nat_unpickle", { call: constants }),
  ...each("pandas._libs.tslibs.timestamps", "_unpickle_timestamp Timestamp", { call: data }),
  ...each("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle Timedelta", { call: data }),
  ...each("pandas._libs.tslibs.period", "Period", { make: data, call: data, build: anyState }),
  ...each("pandas._libs.interval", "Interval", { make: data, call: data, build: anyState }),
  ...each("pandas._libs.sparse", "IntIndex BlockIndex", { call: data }),
  ...each("pandas._libs.tslibs.offsets", offsets, { make: data, call: data, build: anyState }),
  ...each("pandas._libs.tslibs.offsets", "_offset_datetime", constantName),
  ...each(
    "pandas.core.dtypes.dtypes",
    "CategoricalDtype DatetimeTZDtype PeriodDtype IntervalDtype SparseDtype ArrowDtype NumpyEADtype PandasDtype",
    {
      make: data,
      call: data,
      build: dictState,
    },
  ),
  ...each("pandas.core.arrays.sparse.dtype", "SparseDtype", { make: data, call: data, build: dictState }),
  ...each("pandas.core.arrays.string_", "StringDtype", { make: data, call: data, build: dictState }),
  ...each("pandas.core.indexes.frozen", "FrozenList", { ...inertClass, fill: ["append"] }),
};

/** `restore_design_info` makes statsmodels evaluate the formula as Python: only names and operators may stand in it. */
const modelData: BuildAct = (target, state, context) => {
  if (!isKind(state, "dict")) return { problem: "its state has a form that was not proven" };
  if (!state.entries.has("restore_design_info") && !state.more) return dictState(target, state, context);
  const formula = state.entries.get("formula");
  if (typeof formula !== "string" || !/^[A-Za-z0-9_\s~+*:.-]{1,2000}$/.test(formula))
    return { problem: "its formula is evaluated as Python when it is loaded" };
  return target;
};

const boosters: Rules = {
  ...each("xgboost.core", "Booster", inertClass),
  ...each(
    "xgboost.sklearn",
    "XGBModel XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor XGBRankerMixIn",
    inertClass,
  ),
  ...each("xgboost.compat", "XGBoostLabelEncoder", inertClass),
  ...each("lightgbm.basic", "Booster", inertClass),
  ...each("lightgbm.sklearn", "LGBMModel LGBMClassifier LGBMRegressor LGBMRanker", inertClass),
  ...each("lightgbm.compat", "_LGBMLabelEncoder LGBMLabelEncoder", inertClass),
  ...each("catboost.core", "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker", inertClass),
  ...each("statsmodels.base.data", "ModelData PandasData PatsyData", { make: anything, build: modelData }),
  ...each(
    "statsmodels.genmod.families.links",
    "logit probit cauchy log identity inverse_power inverse_squared cloglog NegativeBinomial Logit Log Identity Power",
    inertClass,
  ),
};

/** dill names a type by a word of its table; what comes of it may be stored, and nothing else. */
const dill: Rules = each("dill._dill", "_load_type", { call: constants });

/** TorchScript's own pickler, whose calls only rebuild lists. */
const torchScript: Rules = each(
  "torch.jit._pickle",
  "build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id restore_type_tag",
  {
    call: (args) =>
      args.every((arg) => isData(arg)) ? opaqueList(args[0]) : { problem: "it is called with computed arguments" },
  },
);

function opaqueList(value: Value | undefined): Value {
  return value ?? instance("builtins:list");
}

export const libraryRules: Rules = { ...scikitLearn, ...scipy, ...pandas, ...boosters, ...torchScript, ...dill };
