/**
 * PyTorch's zip format (torch.save since 1.6, TorchScript, caffe2/serialize/inline_container.h). In: the names of its
 * members. Out: how they are read: pickles with storages behind persistent ids, storages as raw bytes, TorchScript code.
 */
import { guarded } from "../scan.ts";
import { scanStreams } from "../pickle/scan-pickle.ts";
import { allowList, torchScriptAllowList } from "../pickle/rules/allow-list.ts";
import { persistentStorage } from "../pickle/torch-storage.ts";
import { scanTorchScriptCode } from "./torchscript-code.ts";
import type { ArchiveKind } from "./zip.ts";

export function torchArchive(names: readonly string[]): ArchiveKind | undefined {
  const pickle = names.find((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) return undefined;
  const root = pickle.slice(0, -"data.pkl".length);
  const script = names.some((name) => name.startsWith(`${root}code/`)) || names.includes(`${root}constants.pkl`);
  const markers = ["version", "byteorder", ".data/serialization_id", "data/0", ".format_version", "constants.pkl"];
  if (!markers.some((marker) => names.includes(root + marker)) && root !== "archive/") return undefined;
  return {
    format: script ? "torchscript" : "pytorch-zip",
    read(member, content, scan) {
      const name = member.name.startsWith(root) ? member.name.slice(root.length) : member.name;
      if (name === "data.pkl" || name === "constants.pkl") {
        const inner = { ...scan, member: scan.member === "" ? member.name : `${scan.member}/${member.name}` };
        const placed = {
          ...inner,
          report: (finding: Parameters<typeof scan.report>[0]) => scan.report({ member: inner.member, ...finding }),
        };
        guarded(placed, () =>
          scanStreams(content, placed, {
            persistent: persistentStorage,
            allowed: script ? torchScriptAllowList : allowList,
          }),
        );
        return true;
      }
      if (script && name.startsWith("code/")) {
        if (!name.endsWith(".py")) return false;
        guarded(scan, () => scanTorchScriptCode(content, scan, member.name));
        return true;
      }
      // Storages are copied into memory as they are; the small files beside them hold one word each.
      if (/^(?:data|constants|tensors)\/\d+$/.test(name)) return true;
      if (
        /^(?:version|byteorder|\.data\/serialization_id|\.format_version|\.storage_alignment|\.data\/version)$/.test(
          name,
        )
      )
        return member.bytes <= 256;
      return false;
    },
  };
}
