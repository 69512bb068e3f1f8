/**
 * TorchScript code (torch/csrc/jit/serialization): Python-like text of a closed language. In: the source of one module.
 * Out: findings. It can only call operators; those that touch files, and namespaces of plug-ins, are refused.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas } from "../verdict.ts";

const maxCode = 64 * 2 ** 20;
/** Operators of `torch.` and `ops.aten.` that read or write files. */
const filed = new Set("save load from_file _save _load from_buffer".split(" "));
const namespaces = new Set(
  (
    "aten prim prims quantized _quantized sparse mkldnn mkldnn_prepacked onednn xnnpack profiler inductor tensorexpr " +
    "static_runtime metal_prepack vulkan_prepack torchvision torchaudio"
  ).split(" "),
);

export function scanTorchScriptCode(source: ByteSource, scan: Scan, member: string): void {
  if (source.size > maxCode) throw new Unreadable("unsupported", "torchscript/size", "a module's code is too long");
  const text = Buffer.from(source.read(0, source.size)).toString("utf8");
  scan.budget.spend(text.length);
  const report = (
    rule: string,
    verdict: "dangerous" | "unknown-import",
    name: string,
    words: string,
    offset: number,
  ): void =>
    scan.report({
      rule,
      verdict,
      atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact,
      member,
      name,
      offset,
      words,
    });
  for (const { 0: whole, 1: namespace = "", 2: operator = "", index } of text.matchAll(
    /\bops\s{0,4}\.\s{0,4}(\w{1,100})\s{0,4}\.\s{0,4}(\w{1,100})/g,
  )) {
    if (!namespaces.has(namespace))
      report("torchscript/namespace", "unknown-import", whole, `it calls ${whole}, an operator of a plug-in`, index);
    else if (filed.has(operator))
      report("torchscript/operator", "dangerous", whole, `it calls ${whole}, which touches files`, index);
  }
  for (const { 0: whole, 1: operator = "", index } of text.matchAll(/\btorch\s{0,4}\.\s{0,4}(\w{1,100})\s{0,4}\(/g))
    if (filed.has(operator))
      report(
        "torchscript/operator",
        "dangerous",
        whole.slice(0, -1),
        `it calls ${whole.slice(0, -1)}, which touches files`,
        index,
      );
  for (const { 0: whole, index } of text.matchAll(
    /\b(?:__import__|eval|exec|open)\s{0,4}\(|^\s{0,20}(?:import|from)\s+(?!__torch__|torch\b)\w/gm,
  ))
    report("torchscript/python", "dangerous", whole.trim(), "it holds Python that is no TorchScript", index);
}
