/**
 * TensorFlow's operators. In: a name. Out: that it computes and nothing else, or what else it does. What is neither on the list
 * of those that compute nor known to do harm is unknown: a plug-in's, or one that nobody read here.
 */
const words = (list: string): string[] => list.split(/\s+/);

/** Operator to what it does. */
const harmful = new Map<string, string>([
  ...words("PyFunc PyFuncStateless EagerPyFunc").map((op) => [op, "runs Python code"] as const),
  ...words("ReadFile MatchingFiles ImmutableConst WholeFileReader WholeFileReaderV2").map(
    (op) => [op, "reads any file"] as const,
  ),
  ...words("WriteFile SaveDataset SaveDatasetV2 DatasetToTFRecord WriteAudioSummary").map(
    (op) => [op, "writes files"] as const,
  ),
  ...words("DeleteFile RenameFile CopyFile FileSystemSetConfiguration").map((op) => [op, "changes files"] as const),
  ...words("DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNumericSummary DebugNanCount").map(
    (op) => [op, "sends or writes tensors"] as const,
  ),
  ...words("CreateSummaryFileWriter CreateSummaryDbWriter WriteGraphSummary WriteRawProtoSummary").map(
    (op) => [op, "writes files"] as const,
  ),
  ...words(
    "RpcOp Rpc TryRpc RpcCall RpcClient RpcServer RegisterDataset RegisterDatasetV2 DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4",
  ).map((op) => [op, "talks to the network"] as const),
  ...words("ComputeEngine LoadLibrary TfLiteSubgraphExecute").map((op) => [op, "loads code"] as const),
]);

/** These read files that the graph names; ordinary input pipelines have them, served models do not. */
const readers = new Set(
  words(
    "TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset " +
      "CSVDatasetV2 SqlDataset LMDBDataset LoadDataset SnapshotDataset SnapshotDatasetV2 TextLineReader TextLineReaderV2 " +
      "TFRecordReader TFRecordReaderV2 LMDBReader FixedLengthRecordReader FixedLengthRecordReaderV2 InitializeTableFromTextFile " +
      "GenerateVocabRemapping LoadAndRemapMatrix DecodeProtoV2 EncodeProto",
  ),
);

/** Operators whose whole effect is on tensors, variables and tables in memory. */
const computing = new Set(
  words(
    "Abort Abs Acos Acosh All Angle Any ArgMax ArgMin AsString Asin Asinh Assert Atan Atan2 Atanh Bincount Bitcast " +
      "BroadcastArgs BroadcastGradientArgs BroadcastTo Bucketize Case Cast Ceil Cholesky CholeskyGrad ClipByValue Complex " +
      "Conj ConjugateTranspose Const ControlTrigger Cos Cosh Cross Cumprod Cumsum CumulativeLogsumexp DeepCopy " +
      "DenseBincount DenseCountSparseOutput DepthToSpace Dequantize Diag DiagPart Digamma Div DivNoNan DynamicPartition " +
      "DynamicStitch EagerPartition EditDistance Eig Einsum Elu Empty EnsureShape Enter Equal Erf Erfc Erfinv " +
      "EuclideanNorm Exit Exp ExpandDims Expint Expm1 Fill Fingerprint Floor FloorDiv FloorMod For FractionalAvgPool " +
      "FractionalMaxPool FresnelCos FresnelSin Gather GatherNd Greater GreaterEqual HistogramFixedWidth Identity IdentityN " +
      "If Igamma IgammaGradA Igammac Imag InTopK Inv Invert InvertPermutation IsFinite IsInf IsNan IsVariableInitialized L2Loss " +
      "LRN LSTMBlockCell LeftShift Less LessEqual Lgamma LinSpace ListDiff Log Log1p LogMatrixDeterminant LogSoftmax " +
      "LogicalAnd LogicalNot LogicalOr LoopCond Lu MatMul Max Maximum Mean Merge Min Minimum MirrorPad Mod Mul MulNoNan " +
      "Multinomial Ndtri Neg NextAfter NextIteration NoOp NotEqual OneHot OnesLike Pack Pad ParallelConcat " +
      "ParallelDynamicStitch ParameterizedTruncatedNormal PartitionedCall Placeholder PlaceholderWithDefault Polygamma " +
      "PopulationCount Pow PreventGradient Print PrintV2 Prod Qr Range Rank ReadVariableOp Real RealDiv Reciprocal ReduceJoin " +
      "Relu Relu6 Requantize RequantizationRange Reshape Reverse ReverseSequence RightShift Rint Roll Round Rsqrt " +
      "SampleDistortedBoundingBox ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul ScatterNd ScatterSub ScatterUpdate " +
      "SearchSorted Select SelfAdjointEig Selu SerializeTensor Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Snapshot Softmax " +
      "SoftmaxCrossEntropyWithLogits Softplus Softsign SpaceToDepth Spence Split SplitV Sqrt Square SquaredDifference Squeeze " +
      "Stack StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile StopGradient StridedSlice StridedSliceAssign " +
      "Sub Substr Sum Svd Switch SymbolicGradient TakeManySparseFromTensorsMap Tan Tanh TensorDot Tile Timestamp " +
      "Transpose TruncateDiv TruncateMod TruncatedNormal Unbatch UnbatchGrad Unpack UnravelIndex UpperBound LowerBound Where " +
      "While Xdivy Xlog1py Xlogy ZerosLike Zeta _Arg _Retval _FusedConv2D _FusedMatMul _FusedBatchNormEx _SwitchN " +
      "BatchFunction Batch Abs Betainc Bessel DrawBoundingBoxes RGBToHSV HSVToRGB AdjustHue AdjustSaturation " +
      "AudioSpectrogram Mfcc FakeParam DestroyResourceOp IsBoostedTreesEnsembleInitialized ParseTensor CheckNumerics " +
      "MergeSummary ScalarSummary HistogramSummary TensorSummary ImageSummary AudioSummary ComputeAccidentalHits " +
      "ExtractGlimpse ExtractImagePatches ExtractVolumePatches SdcaFprint SparseMatMul NthElement DenseToCSRSparseMatrix " +
      "WordpieceTokenizeWithOffsets WhitespaceTokenizeWithOffsets CaseFoldUTF8 NormalizeUTF8 NormalizeUTF8WithOffsetsMap " +
      "RegexSplitWithOffsets SentencepieceOp SentencepieceTokenizeOp SentencepieceTokenizeWithOffsetsOp " +
      "SentencepieceDetokenizeOp UnicodeScriptTokenizeWithOffsets ConstrainedSequence SplitMergeTokenizeWithOffsets",
  ),
);

/** Families of such operators: versions, gradients, element types of one idea. */
const families: readonly RegExp[] = [
  /^(?:Resource)?(?:Sparse)?Apply[A-Z][A-Za-z0-9]*$/,
  /^(?:Resource|Tensor)?(?:Strided)?(?:Scatter|Gather)[A-Za-z]*(?:V\d)?$/,
  /^(?:Assign|VarHandle|VarIsInitialized|Variable|Temporary|DestroyTemporary|_VarHandles|_ReadVariables)[A-Za-z0-9]*$/,
  /^(?:Stateless|Stateful)?(?:Random|TruncatedNormal|Multinomial|Uniform|StandardNormal|SampleDistorted)[A-Za-z0-9]*$/,
  /^(?:RngReadAndSkip|RngSkip|NonDeterministicInts|AnonymousSeedGenerator|AnonymousRandomSeedGenerator|DeleteSeedGenerator)$/,
  /^(?:Quantized|Quantize|FakeQuant|UniformQuantize|UniformDequantize|UniformRequantize|Dequantize)[A-Za-z0-9]*$/,
  /^(?:Depthwise)?(?:Conv|Dilation)[23]D?[A-Za-z0-9]*$|^DepthwiseConv2dNative[A-Za-z0-9]*$|^Fused(?:BatchNorm|PadConv2D|ResizeAndPadConv2D)[A-Za-z0-9]*$/,
  /^(?:Avg|Max|Fractional(?:Avg|Max))Pool[A-Za-z0-9]*$/,
  /^(?:Batch)?(?:Matrix|MatMul|Cholesky|SelfAdjointEig|Svd|FFT|IFFT|RFFT|IRFFT|Tridiagonal|BandedTriangular)[A-Za-z0-9]*$/,
  /^BatchNorm[A-Za-z]*$|^(?:SpaceToBatch|BatchToSpace)(?:ND)?$/,
  /^(?:FFT|IFFT|RFFT|IRFFT)(?:[23]D|ND)?$/,
  /^(?:BiasAdd|Add|AddN|Sum|Sub)(?:V\d|Grad)?$/,
  /^Sparse[A-Z][A-Za-z0-9]*$/,
  /^(?:DenseTo|Deserialize|Serialize)(?:Many)?(?:Sparse|ManySparse|Dense)[A-Za-z]*$/,
  /^(?:Unsorted)?Segment(?:Max|Mean|Min|Prod|Sum|SqrtN)(?:V2)?$|^UnsortedSegmentJoin$/,
  /^(?:Tensor(?:Array|List|Map|Scatter|Strided)|EmptyTensor(?:List|Map)|Ragged|Stack|Queue|FIFOQueue|PaddingFIFOQueue|RandomShuffleQueue|PriorityQueue|Barrier)[A-Za-z0-9]*$/,
  /^(?:Mutable(?:Dense)?|Anonymous(?:Mutable)?(?:Dense)?)?HashTable[A-Za-z0-9]*$|^LookupTable[A-Za-z0-9]*$|^InitializeTable(?:V2|FromDataset|FromTextFileV2)?$/,
  /^(?:String|StaticRegex|Regex|Unicode|Decode(?:Base64|Raw|PaddedRaw|CSV|JSONExample|Compressed)|EncodeBase64)[A-Za-z0-9]*$/,
  /^(?:Decode|Encode)(?:And)?(?:Crop)?(?:Image|Jpeg|JpegVariableQuality|Png|Gif|Bmp|Wav|WebP)$|^(?:Adjust|Resize|Image|CropAndResize|NonMaxSuppression|CombinedNonMaxSuppression|GenerateBoundingBox|DrawBoundingBoxes|ScaleAndTranslate)[A-Za-z0-9]*$/,
  /^Parse(?:Single)?(?:Sequence)?Example[A-Za-z0-9]*$/,
  /^(?:CTC|GRUBlock|LSTMBlock|BlockLSTM|CudnnRNN|Bessel|Boosted|TensorForest|DecisionTree)[A-Za-z0-9]*$/,
  /^(?:Top|InTop|Unique|UniqueWithCounts|Where|Merge|Ref)(?:K|Enter|Exit|Identity|Merge|NextIteration|Select|Switch)?(?:V\d)?$/,
  /^(?:Elu|Selu|Relu6?|LeakyRelu|Sigmoid|Tanh|Sqrt|Rsqrt|Softplus|Softsign|Reciprocal|Inv|Cross|LRN|MirrorPad|Tile|StridedSlice|Igamma|FusedBatchNorm)Grad(?:A|V\d)?$|^LeakyRelu$/,
  /^(?:Concat|Pad|Reverse|Select|BatchMatMul|Placeholder|CheckNumerics|Inplace[A-Z][a-z]+|Upper|Lower)(?:Offset|V\d)?$/,
  /^(?:Tensor|TensorSlice|Range|Zip|Concatenate|Repeat|Take|TakeWhile|Skip|Shuffle|ShuffleAndRepeat|Cache|Batch|ParallelBatch|PaddedBatch|Unbatch|Map|ParallelMap|MapAndBatch|FlatMap|Filter|ParallelFilter|Reduce|Scan|Window|Interleave|ParallelInterleave|Prefetch|Shard|Options|Optimize|Model|Finalize|MaxIntraOpParallelism|PrivateThreadPool|Sparse|GroupByWindow|Rebatch|Sampling|Unique|AssertNext|Optional|Dummy)(?:Slice)?Dataset(?:V\d)?$/,
  /^(?:Make|Anonymous|OneShot)?(?:Multi)?(?:Device)?Iterator(?:V\d|GetNext|GetNextSync|GetNextAsOptional|ToStringHandle)?(?:V\d)?$|^Optional(?:None|HasValue|FromValue|GetValue)$|^DatasetCardinality$|^(?:Wrap|Unwrap)DatasetVariant$/,
  /^TFText>[A-Za-z0-9]+$/,
  /^StochasticCast|^(?:Stop|Prevent)Gradient$/,
];

/** What saves and restores checkpoints: at a place that the caller gives, or that the graph has made up itself. */
const checkpoints = new Set(words("Save SaveV2 SaveSlices Restore RestoreV2 RestoreSlice MergeV2Checkpoints"));
/** What puts such a place together. */
const placing = new Set(
  words("ShardedFilename ShardedFilespec StringJoin Pack Identity Select SelectV2 Cast Reshape AsString"),
);

export type OperatorKind =
  | { readonly kind: "computes" | "checkpoint" | "reader" | "unknown" }
  | { readonly kind: "harmful"; readonly what: string };

export function judgeOperator(op: string): OperatorKind {
  const what = harmful.get(op);
  if (what !== undefined) return { kind: "harmful", what };
  if (readers.has(op)) return { kind: "reader" };
  if (checkpoints.has(op)) return { kind: "checkpoint" };
  if (op.length > 100) return { kind: "unknown" };
  if (computing.has(op) || placing.has(op) || families.some((family) => family.test(op))) return { kind: "computes" };
  return { kind: "unknown" };
}
