/**
 * Classes that Keras's own loaders know by their bare name (Keras 2 and 3). In: nothing. Out: the names, and those among
 * Keras's classes that carry code.
 */
const words = (list: string): string[] => list.split(/\s+/);

/** These hold bytecode, pickles, or paths of other models. */
export const carriesCode: ReadonlySet<string> = new Set(
  words("TorchModuleWrapper TorchModule JaxLayer FlaxLayer TFSMLayer PyTorchModule"),
);

export const kerasClasses: ReadonlySet<string> = new Set([
  ...words(
    "Sequential Functional Model InputLayer Input KerasTensor TensorShape TensorSpec TypeSpec DTypePolicy Policy dict list tuple set",
  ),
  ...words(
    "Dense EinsumDense Embedding Identity Masking Activation Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D",
  ),
  ...words(
    "GaussianDropout AlphaDropout GaussianNoise ActivityRegularization Flatten Reshape Permute RepeatVector Wrapper",
  ),
  ...words(
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1D Convolution2D Convolution3D",
  ),
  ...words("SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D LocallyConnected1D LocallyConnected2D"),
  ...words(
    "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D",
  ),
  ...words(
    "GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D",
  ),
  ...words(
    "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D",
  ),
  ...words(
    "LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed ConvLSTM1D",
  ),
  ...words(
    "ConvLSTM2D ConvLSTM3D CuDNNLSTM CuDNNGRU LSTMV1 GRUV1 LSTMV2 GRUV2 Attention AdditiveAttention MultiHeadAttention",
  ),
  ...words("GroupedQueryAttention GroupQueryAttention BatchNormalization BatchNormalizationV1 BatchNormalizationV2"),
  ...words(
    "SyncBatchNormalization LayerNormalization UnitNormalization GroupNormalization RMSNormalization SpectralNormalization",
  ),
  ...words(
    "Add Subtract Multiply Average Maximum Minimum Concatenate Dot Merge UpSampling1D UpSampling2D UpSampling3D",
  ),
  ...words(
    "ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D ReLU LeakyReLU PReLU ELU Softmax",
  ),
  ...words(
    "ThresholdedReLU Rescaling Resizing CenterCrop Normalization Discretization Hashing HashedCrossing CategoryEncoding",
  ),
  ...words(
    "CategoryCrossing StringLookup IntegerLookup TextVectorization RandomCrop RandomFlip RandomRotation RandomZoom",
  ),
  ...words(
    "RandomContrast RandomBrightness RandomTranslation RandomHeight RandomWidth AutoContrast Solarization Equalization",
  ),
  ...words(
    "MelSpectrogram STFTSpectrogram FeatureSpace Pipeline DenseFeatures SequenceFeatures LinearModel WideDeepModel",
  ),
  ...words(
    "Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal Identity GlorotNormal",
  ),
  ...words(
    "GlorotUniform HeNormal HeUniform LecunNormal LecunUniform OrthogonalInitializer RandomNormalV2 RandomUniformV2",
  ),
  ...words(
    "TruncatedNormalV2 ZerosV2 OnesV2 ConstantV2 GlorotNormalV2 GlorotUniformV2 HeNormalV2 HeUniformV2 L1 L2 L1L2",
  ),
  ...words(
    "OrthogonalRegularizer MaxNorm NonNeg UnitNorm MinMaxNorm RadialConstraint SGD RMSprop Adam AdamW Adadelta Adagrad",
  ),
  ...words(
    "Adamax Nadam Ftrl Adafactor Lion Lamb Muon LossScaleOptimizer ExponentialDecay PiecewiseConstantDecay CosineDecay",
  ),
  ...words(
    "CosineDecayRestarts InverseTimeDecay PolynomialDecay MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError",
  ),
  ...words(
    "MeanSquaredLogarithmicError BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy Poisson Huber",
  ),
  ...words(
    "KLDivergence CosineSimilarity LogCosh Hinge SquaredHinge CategoricalHinge BinaryFocalCrossentropy CTC Dice Tversky",
  ),
  ...words(
    "CategoricalFocalCrossentropy Mean Sum MeanMetricWrapper Accuracy BinaryAccuracy CategoricalAccuracy AUC Precision",
  ),
  ...words(
    "SparseCategoricalAccuracy TopKCategoricalAccuracy SparseTopKCategoricalAccuracy Recall TruePositives FalsePositives",
  ),
  ...words("TrueNegatives FalseNegatives RootMeanSquaredError MeanIoU IoU BinaryIoU F1Score FBetaScore R2Score"),
  ...words("AddV2 CompileConfig LossesContainer MetricsContainer"),
]);

/** These call a function of TensorFlow's API by the name that the file gives. */
export const callsByName: ReadonlySet<string> = new Set(
  words("TFOpLambda SlicingOpLambda ClassMethod InstanceMethod InstanceProperty"),
);

/** Corners of TensorFlow's API that compute, and single functions of its top. What is left out: `io`, `raw_ops`, `py_function`. */
const computingCorner =
  /^(?:__operators__|math|nn|linalg|strings|image|signal|sparse|ragged|random|bitwise|quantization|sets|dtypes|keras\.(?:activations|backend|losses|ops|random)|experimental\.numpy|compat\.v1\.(?:math|nn))\.[a-z0-9_.]{1,100}$/;
const computingTop: ReadonlySet<string> = new Set(
  words(
    "abs acos acosh add add_n argmax argmin argsort as_string asin asinh atan atan2 atanh batch_to_space bitcast boolean_mask " +
      "broadcast_to cast clip_by_norm clip_by_value complex concat constant convert_to_tensor cos cosh cumsum divide dynamic_partition " +
      "dynamic_stitch edit_distance eig einsum ensure_shape equal exp expand_dims eye fill fingerprint floor gather gather_nd " +
      "greater greater_equal hessians histogram_fixed_width identity identity_n is_tensor less less_equal linspace logical_and " +
      "logical_not logical_or math matmul maximum meshgrid minimum multiply negative no_op norm not_equal one_hot ones ones_like " +
      "pad pow range rank realdiv reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum " +
      "repeat reshape reverse reverse_sequence roll round saturate_cast scatter_nd searchsorted sequence_mask shape shape_n sigmoid " +
      "sign sin sinh size slice sort space_to_batch split sqrt square squeeze stack stop_gradient strided_slice subtract tan tanh " +
      "tensor_scatter_nd_add tensor_scatter_nd_update tensordot tile transpose truediv truncatediv unique unravel_index unstack " +
      "where zeros zeros_like",
  ),
);

export function computesByName(name: string): boolean {
  return computingTop.has(name) || computingCorner.test(name);
}
