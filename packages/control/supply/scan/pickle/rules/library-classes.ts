/**
 * Classes of libraries that unpickling fills without running code of theirs. In: the lists that `tools/python-classes.py`
 * makes from the libraries' sources, and those below, of libraries that are read by hand. Out: rules.
 */
import pandas from "./classes/pandas.json" with { type: "json" };
import scikitLearn from "./classes/scikit-learn.json" with { type: "json" };
import scipy from "./classes/scipy.json" with { type: "json" };
import statsmodels from "./classes/statsmodels.json" with { type: "json" };
import torch from "./classes/torch.json" with { type: "json" };
import xgboost from "./classes/xgboost.json" with { type: "json" };
import { constants, each, inertClass, type Rule, type Rules } from "./rule.ts";

function listed(classes: Readonly<Record<string, string>>): Rules {
  return Object.assign(
    {},
    ...Object.entries(classes).map(([module, names]) => each(module, names, inertClass)),
  ) as Rules;
}

/** Modules of scikit-learn before 0.22, whose classes moved under a leading underscore. */
const moved: readonly (readonly [string, string])[] = [
  ["sklearn.linear_model._base", "sklearn.linear_model.base"],
  ["sklearn.linear_model._logistic", "sklearn.linear_model.logistic"],
  ["sklearn.linear_model._ridge", "sklearn.linear_model.ridge"],
  ["sklearn.linear_model._coordinate_descent", "sklearn.linear_model.coordinate_descent"],
  ["sklearn.linear_model._stochastic_gradient", "sklearn.linear_model.stochastic_gradient"],
  ["sklearn.linear_model._least_angle", "sklearn.linear_model.least_angle"],
  ["sklearn.linear_model._bayes", "sklearn.linear_model.bayes"],
  ["sklearn.linear_model._perceptron", "sklearn.linear_model.perceptron"],
  ["sklearn.linear_model._passive_aggressive", "sklearn.linear_model.passive_aggressive"],
  ["sklearn.tree._classes", "sklearn.tree.tree"],
  ["sklearn.ensemble._forest", "sklearn.ensemble.forest"],
  ["sklearn.ensemble._gb", "sklearn.ensemble.gradient_boosting"],
  ["sklearn.ensemble._bagging", "sklearn.ensemble.bagging"],
  ["sklearn.ensemble._weight_boosting", "sklearn.ensemble.weight_boosting"],
  ["sklearn.ensemble._voting", "sklearn.ensemble.voting_classifier"],
  ["sklearn.ensemble._iforest", "sklearn.ensemble.iforest"],
  ["sklearn.svm._classes", "sklearn.svm.classes"],
  ["sklearn.preprocessing._data", "sklearn.preprocessing.data"],
  ["sklearn.preprocessing._label", "sklearn.preprocessing.label"],
  ["sklearn.preprocessing._encoders", "sklearn.preprocessing.encoders"],
  ["sklearn.preprocessing._label", "sklearn.preprocessing._label"],
  ["sklearn.preprocessing._discretization", "sklearn.preprocessing.discretization"],
  ["sklearn.impute._base", "sklearn.preprocessing.imputation"],
  ["sklearn.neighbors._classification", "sklearn.neighbors.classification"],
  ["sklearn.neighbors._regression", "sklearn.neighbors.regression"],
  ["sklearn.neighbors._unsupervised", "sklearn.neighbors.unsupervised"],
  ["sklearn.cluster._kmeans", "sklearn.cluster.k_means_"],
  ["sklearn.cluster._dbscan", "sklearn.cluster.dbscan_"],
  ["sklearn.decomposition._pca", "sklearn.decomposition.pca"],
  ["sklearn.decomposition._truncated_svd", "sklearn.decomposition.truncated_svd"],
  ["sklearn.decomposition._nmf", "sklearn.decomposition.nmf"],
  ["sklearn.decomposition._lda", "sklearn.decomposition.online_lda"],
  ["sklearn.neural_network._multilayer_perceptron", "sklearn.neural_network.multilayer_perceptron"],
  ["sklearn.mixture._gaussian_mixture", "sklearn.mixture.gaussian_mixture"],
  ["sklearn.gaussian_process._gpr", "sklearn.gaussian_process.gpr"],
  ["sklearn.feature_extraction._dict_vectorizer", "sklearn.feature_extraction.dict_vectorizer"],
  ["sklearn.feature_selection._univariate_selection", "sklearn.feature_selection.univariate_selection"],
  ["sklearn.model_selection._search", "sklearn.grid_search"],
  ["sklearn.dummy", "sklearn.dummy"],
];

function before(): Rules {
  const lists = scikitLearn as Readonly<Record<string, string>>;
  return Object.assign({}, ...moved.map(([now, then]) => each(then, lists[now] ?? "", inertClass))) as Rules;
}

/** scikit-learn after the version that the list was made of, and old names. */
const scikitLearnMore: Rules = {
  ...each("sklearn.preprocessing._target_encoder", "TargetEncoder", inertClass),
  ...each("sklearn.cluster._hdbscan.hdbscan", "HDBSCAN", inertClass),
  ...each(
    "sklearn.model_selection._classification_threshold",
    "FixedThresholdClassifier TunedThresholdClassifierCV",
    inertClass,
  ),
  ...each("sklearn.frozen._frozen", "FrozenEstimator", inertClass),
  ...each(
    "sklearn.utils._metadata_requests",
    "MetadataRequest MethodMetadataRequest MetadataRouter MethodMapping",
    inertClass,
  ),
  ...each("sklearn.preprocessing.imputation", "Imputer", inertClass),
  ...each(
    "sklearn.ensemble._gb_losses",
    "BinomialDeviance MultinomialDeviance LeastSquaresError ExponentialLoss",
    inertClass,
  ),
  ...each(
    "sklearn.ensemble.gradient_boosting",
    "BinomialDeviance MultinomialDeviance LeastSquaresError ZeroEstimator QuantileEstimator LogOddsEstimator MeanEstimator PriorProbabilityEstimator",
    inertClass,
  ),
  ...each("sklearn.neural_network._stochastic_optimizers", "SGDOptimizer AdamOptimizer", inertClass),
  ...each("sklearn.utils._bunch", "Bunch", { ...inertClass, fill: ["item"] }),
  ...each("sklearn.utils", "Bunch", { ...inertClass, fill: ["item"] }),
  ...each("imblearn.pipeline", "Pipeline", inertClass),
  ...each("imblearn.over_sampling._smote.base", "SMOTE SMOTENC SMOTEN", inertClass),
  ...each("imblearn.under_sampling._prototype_selection._random_under_sampler", "RandomUnderSampler", inertClass),
  ...each("category_encoders.ordinal", "OrdinalEncoder", inertClass),
  ...each("category_encoders.one_hot", "OneHotEncoder", inertClass),
  ...each("category_encoders.target_encoder", "TargetEncoder", inertClass),
};

const modules =
  "AIFI C1 C2 C3 C2f C2fAttn C3x C3TR C3Ghost Bottleneck BottleneckCSP GhostBottleneck DFL HGBlock HGStem ImagePoolingAttn Proto " +
  "ContrastiveHead BNContrastiveHead RepC3 RepNCSPELAN4 RepBottleneck RepCSP ResNetBlock ResNetLayer SPP SPPF SPPELAN ADown AConv " +
  "ELAN1 CBFuse CBLinear PSA PSABlock C2PSA C2fPSA C2fCIB C3k C3k2 C3f CIB RepVGGDW SCDown Attention MaxSigmoidAttnBlock A2C2f AAttn ABlock " +
  "MaxSigmoidAttnBlock TorchVision SwiGLUFFN Residual SAVPE Focus Conv Conv2 LightConv DWConv DWConvTranspose2d ConvTranspose " +
  "GhostConv RepConv ChannelAttention SpatialAttention CBAM Concat Index Detect Segment Pose OBB Classify WorldDetect YOLOEDetect " +
  "YOLOESegment RTDETRDecoder v10Detect TransformerEncoderLayer TransformerLayer TransformerBlock MLPBlock MLP LayerNorm2d LayerNorm " +
  "MSDeformAttn DeformableTransformerDecoder DeformableTransformerDecoderLayer LRPCHead";

/** Object detection: modules of PyTorch without hooks of their own (ultralytics, YOLOv5). */
const detection: Rules = {
  ...Object.assign(
    {},
    ...["", ".block", ".conv", ".head", ".transformer", ".utils"].map((part) =>
      each(`ultralytics.nn.modules${part}`, modules, inertClass),
    ),
  ),
  ...each(
    "ultralytics.nn.tasks",
    "BaseModel DetectionModel SegmentationModel PoseModel OBBModel ClassificationModel RTDETRDetectionModel WorldModel Ensemble YOLOEModel YOLOESegModel",
    inertClass,
  ),
  ...each("ultralytics.utils", "IterableSimpleNamespace SimpleClass DataExportMixin", inertClass),
  ...each("ultralytics.yolo.utils", "IterableSimpleNamespace", inertClass),
  ...each(
    "ultralytics.utils.loss",
    "v8DetectionLoss v8SegmentationLoss v8PoseLoss v8OBBLoss v8ClassificationLoss BboxLoss RotatedBboxLoss DFLoss KeypointLoss VarifocalLoss FocalLoss E2EDetectLoss DETRLoss RTDETRDetectionLoss TVPDetectLoss TVPSegmentLoss",
    inertClass,
  ),
  ...each("ultralytics.yolo.v8.detect.train", "Loss", inertClass),
  ...each("ultralytics.utils.tal", "TaskAlignedAssigner RotatedTaskAlignedAssigner", inertClass),
  ...each("ultralytics.yolo.utils.tal", "TaskAlignedAssigner", inertClass),
  ...each("ultralytics.yolo.utils.loss", "v8DetectionLoss BboxLoss", inertClass),
  ...each(
    "models.common",
    `${modules} AutoShape DetectMultiBackend Contract Expand Sum CrossConv MixConv2d`,
    inertClass,
  ),
  ...each("models.experimental", "Ensemble Sum CrossConv MixConv2d", inertClass),
  ...each(
    "models.yolo",
    "Model Detect Segment DetectionModel SegmentationModel ClassificationModel BaseModel IDetect IAuxDetect",
    inertClass,
  ),
  ...each("torchvision.models.resnet", "ResNet BasicBlock Bottleneck", inertClass),
  ...each("torchvision.models.vgg", "VGG", inertClass),
  ...each("torchvision.models.alexnet", "AlexNet", inertClass),
  ...each("torchvision.models.densenet", "DenseNet _DenseBlock _DenseLayer _Transition", inertClass),
  ...each("torchvision.models.mobilenetv2", "MobileNetV2 InvertedResidual ConvBNReLU", inertClass),
  ...each("torchvision.models.mobilenet", "MobileNetV2 InvertedResidual ConvBNReLU", inertClass),
  ...each("torchvision.models.mobilenetv3", "MobileNetV3 InvertedResidual SqueezeExcitation", inertClass),
  ...each("torchvision.models.efficientnet", "EfficientNet MBConv FusedMBConv", inertClass),
  ...each(
    "torchvision.models.inception",
    "Inception3 InceptionA InceptionB InceptionC InceptionD InceptionE InceptionAux BasicConv2d",
    inertClass,
  ),
  ...each("torchvision.models.googlenet", "GoogLeNet Inception InceptionAux BasicConv2d", inertClass),
  ...each("torchvision.models.squeezenet", "SqueezeNet Fire", inertClass),
  ...each(
    "torchvision.models.vision_transformer",
    "VisionTransformer Encoder EncoderBlock MLPBlock ConvStemConfig",
    inertClass,
  ),
  ...each("torchvision.models.convnext", "ConvNeXt CNBlock LayerNorm2d", inertClass),
  ...each("torchvision.models.segmentation.deeplabv3", "DeepLabV3 DeepLabHead ASPP ASPPConv ASPPPooling", inertClass),
  ...each("torchvision.models.segmentation.fcn", "FCN FCNHead", inertClass),
  ...each("torchvision.models._utils", "IntermediateLayerGetter", inertClass),
  ...each(
    "torchvision.ops.misc",
    "Conv2dNormActivation ConvNormActivation SqueezeExcitation FrozenBatchNorm2d MLP Permute",
    inertClass,
  ),
  ...each("torchvision.ops.stochastic_depth", "StochasticDepth", inertClass),
  ...each(
    "torchvision.ops.feature_pyramid_network",
    "FeaturePyramidNetwork LastLevelMaxPool LastLevelP6P7",
    inertClass,
  ),
  ...each(
    "torchvision.transforms.transforms",
    "Compose ToTensor PILToTensor Normalize Resize CenterCrop RandomCrop RandomHorizontalFlip RandomVerticalFlip RandomResizedCrop RandomRotation ColorJitter Grayscale Pad ConvertImageDtype",
    inertClass,
  ),
  ...each("torchvision.transforms.functional", "InterpolationMode", { call: constants, make: constants }),
};

const enumeration: Rule = { call: constants, make: constants };

/** What trainers put beside the weights: arguments, strategies, settings (Transformers, Accelerate, Lightning). */
const training: Rules = {
  ...each("transformers.training_args", "TrainingArguments", inertClass),
  ...each("transformers.training_args_seq2seq", "Seq2SeqTrainingArguments", inertClass),
  ...each("transformers.training_args", "OptimizerNames ParallelMode", enumeration),
  ...each(
    "transformers.trainer_utils",
    "IntervalStrategy SchedulerType HubStrategy EvaluationStrategy SaveStrategy FSDPOption ShardedDDPOption",
    enumeration,
  ),
  ...each("transformers.debug_utils", "DebugOption", enumeration),
  ...each("peft.utils.peft_types", "PeftType TaskType", enumeration),
  ...each("lightning.pytorch.trainer.states", "RunningStage TrainerFn TrainerStatus", enumeration),
  ...each("pytorch_lightning.trainer.states", "RunningStage TrainerFn TrainerStatus", enumeration),
  ...each("torch.cuda.amp.grad_scaler", "GradScaler", inertClass),
  ...each("torch.amp.grad_scaler", "GradScaler", inertClass),
  ...each("transformers.trainer_pt_utils", "AcceleratorConfig", inertClass),
  ...each("transformers.tokenization_utils_base", "BatchEncoding", inertClass),
  ...each("accelerate.state", "PartialState AcceleratorState", inertClass),
  ...each(
    "accelerate.utils.dataclasses",
    "DistributedType PrecisionType DynamoBackend SageMakerDistributedType ComputeEnvironment",
    enumeration,
  ),
  ...each("trl.trainer.sft_config", "SFTConfig", inertClass),
  ...each("trl.trainer.dpo_config", "DPOConfig", inertClass),
  ...each("sentence_transformers.training_args", "SentenceTransformerTrainingArguments", inertClass),
  ...each("sentence_transformers.training_args", "BatchSamplers MultiDatasetBatchSamplers", enumeration),
  // Settings as trees: dictionaries whose keys are attributes too. Their setters convert dictionaries within, no more.
  ...each("easydict", "EasyDict", { ...inertClass, fill: ["item"] }),
  ...each("munch", "Munch DefaultMunch", { ...inertClass, fill: ["item"] }),
  ...each("addict.addict", "Dict", { ...inertClass, fill: ["item"] }),
  ...each("yacs.config", "CfgNode", { ...inertClass, fill: ["item"] }),
  ...each("fvcore.common.config", "CfgNode", { ...inertClass, fill: ["item"] }),
  // `__setstate__` of OmegaConf's containers works out types of older releases from the state, and stores it.
  ...each("omegaconf.dictconfig", "DictConfig", inertClass),
  ...each("omegaconf.listconfig", "ListConfig", inertClass),
  ...each("omegaconf.nodes", "AnyNode StringNode IntegerNode FloatNode BooleanNode EnumNode", inertClass),
  ...each("omegaconf.base", "Metadata ContainerMetadata", inertClass),
  ...each("pytorch_lightning.utilities.parsing", "AttributeDict", { ...inertClass, fill: ["item"] }),
  ...each("lightning_fabric.utilities.data", "AttributeDict", { ...inertClass, fill: ["item"] }),
  ...each("lightning.fabric.utilities.data", "AttributeDict", { ...inertClass, fill: ["item"] }),
  ...each("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", inertClass),
  ...each("pytorch_lightning.callbacks.early_stopping", "EarlyStopping", inertClass),
  ...each("torch.torch_version", "TorchVersion", {
    make: constants,
    call: constants,
    build: inertClass.build ?? ((target) => target),
  }),
  ...each("pyannote.audio.core.task", "Specifications", inertClass),
  ...each("pyannote.audio.core.task", "Problem Resolution", enumeration),
  ...each("pyannote.audio.core.model", "Introspection", inertClass),
  ...each("flair.data", "Dictionary", inertClass),
  ...each("flair.nn", "LockedDropout WordDropout", inertClass),
  ...each("flair.nn.dropout", "LockedDropout WordDropout", inertClass),
  ...each("fairseq.data.dictionary", "Dictionary", inertClass),
  ...each(
    "gensim.models.keyedvectors",
    "KeyedVectors Vocab Word2VecKeyedVectors FastTextKeyedVectors CompatVocab",
    inertClass,
  ),
  ...each("gensim.models.word2vec", "Word2Vec Word2VecVocab Word2VecTrainables", inertClass),
  ...each("gensim.models.doc2vec", "Doc2Vec", inertClass),
  ...each("gensim.models.ldamodel", "LdaModel LdaState", inertClass),
  ...each("gensim.models.tfidfmodel", "TfidfModel", inertClass),
  ...each("gensim.corpora.dictionary", "Dictionary", inertClass),
  ...each(
    "nltk.tokenize.punkt",
    "PunktSentenceTokenizer PunktParameters PunktToken PunktLanguageVars PunktTrainer",
    inertClass,
  ),
  ...each("nltk.probability", "FreqDist ConditionalFreqDist", { ...inertClass, fill: ["item"] }),
};

export const libraryClassRules: Rules = {
  ...listed(scikitLearn),
  ...listed(scipy),
  ...listed(pandas),
  ...listed(statsmodels),
  ...listed(torch),
  ...listed(xgboost),
  ...before(),
  ...scikitLearnMore,
  ...detection,
  ...training,
};
