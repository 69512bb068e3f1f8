/** What a zip's members make it. In: its directory. Out: the format, and how its members are read. */
import type { Directory } from "./directory.ts";
import { torchArchive } from "./torch-archive.ts";
import type { ArchiveKind } from "./zip.ts";

export function kindOf(directory: Directory): ArchiveKind {
  const names = directory.members.map((member) => member.name);
  const torch = torchArchive(names);
  if (torch !== undefined) return torch;
  if (names.length > 0 && names.every((name) => name.endsWith(".npy")))
    return { format: "numpy-npz", read: () => false };
  if (names.includes("config.json") && names.some((name) => /^(?:metadata\.json|model\.weights\.h5)$/.test(name)))
    return { format: "keras", read: () => false };
  return { format: "zip", read: () => false };
}
