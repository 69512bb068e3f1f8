/** TensorFlow's operators are told apart: those that compute, and all the others. A checkpoint goes where its caller says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../testing/archives.ts";
import { bytesOf } from "../testing/assemble.ts";
import { scanBytes } from "../testing/scan-bytes.ts";
import { judgeOperator } from "./tensorflow-operators.ts";

const kinds = (kind: string, names: string): void => {
  for (const name of names.split(/\s+/)) assert.equal(judgeOperator(name).kind, kind, name);
};

test("what served models are made of computes", () => {
  kinds(
    "computes",
    `Const Placeholder Identity MatMul BiasAdd Relu Conv2D FusedBatchNormV3 MaxPool Softmax ReadVariableOp VarHandleOp
     AssignVariableOp StatefulPartitionedCall PartitionedCall While If StatelessIf Cast Reshape ConcatV2 GatherV2 StridedSlice
     TensorListReserve TensorListStack LookupTableFindV2 HashTableV2 StringJoin StringSplitV2 RegexReplace ParseExampleV2
     RandomUniform StatelessRandomUniformV2 DecodeJpeg ResizeBilinear NonMaxSuppressionV3 ResourceApplyAdam
     RaggedTensorToTensor SparseTensorDenseMatMul UnsortedSegmentSum Einsum CTCGreedyDecoder NoOp Pack Unpack Shape
     DepthwiseConv2dNative AvgPool MirrorPad SpaceToBatchND QuantizeV2 FakeQuantWithMinMaxVars TopKV2 OneHot Where`,
  );
});

test("what touches files, the network or code does not", () => {
  kinds(
    "harmful",
    `PyFunc EagerPyFunc PyFuncStateless ReadFile WriteFile MatchingFiles ImmutableConst SaveDataset DebugIdentityV2
     DataServiceDatasetV4 RpcCall DeleteFile CreateSummaryFileWriter`,
  );
  kinds("reader", "TFRecordDatasetV2 TextLineDataset SqlDataset LoadAndRemapMatrix DecodeProtoV2 SnapshotDatasetV2");
  kinds("checkpoint", "SaveV2 RestoreV2 MergeV2Checkpoints");
  kinds(
    "unknown",
    "EvilOp XlaLaunch RemoteCall _Send Copy WriteFileX SaveV3 DistributedSave TPUExecute ComputeBatchSize",
  );
});

const node = (name: string, op: string, ...inputs: readonly string[]): Uint8Array =>
  field(1, bytesOf(field(1, name), field(2, op), ...inputs.map((input) => field(3, input))));
const verdict = (...nodes: readonly Uint8Array[]): string =>
  scanBytes(bytesOf(field(1, 1), field(2, field(2, bytesOf(...nodes)))), "saved_model.pb").verdict;

test("a saver as TensorFlow writes it passes; one whose place is made of constants does not", () => {
  const saver = [
    node("saver_filename", "Placeholder"),
    node("Const", "Const"),
    node("part", "Const"),
    node("StringJoin", "StringJoin", "saver_filename", "part"),
    node("shard", "Const"),
    node("ShardedFilename", "ShardedFilename", "StringJoin", "shard", "shard"),
    node("SaveV2", "SaveV2", "ShardedFilename", "part", "part", "Const"),
    node("prefixes", "Pack", "ShardedFilename", "^SaveV2"),
    node("MergeV2Checkpoints", "MergeV2Checkpoints", "prefixes", "saver_filename"),
    node("RestoreV2", "RestoreV2", "saver_filename", "part", "part"),
  ];
  assert.equal(verdict(...saver), "proven-safe");
  const place = [
    node("a", "Const"),
    node("b", "Const"),
    node("join", "StringJoin", "a", "b"),
    node("id", "Identity", "join:0"),
  ];
  assert.equal(verdict(...place, node("s", "SaveV2", "id", "a", "a", "a")), "dangerous");
  assert.equal(verdict(...place, node("s", "RestoreV2", "join", "a", "a")), "dangerous");
  assert.equal(verdict(node("p", "Placeholder"), ...place, node("m", "MergeV2Checkpoints", "p", "id")), "dangerous");
  const ring = [node("x", "Identity", "y"), node("y", "Identity", "x")];
  assert.notEqual(verdict(...ring, node("s", "SaveV2", "x")), "proven-safe", "a place that comes from nowhere");
});
