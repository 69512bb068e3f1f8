/**
 * Persistent ids of PyTorch: ("storage", class, key, location, size[, view]), and in old files ("module", class, file,
 * source). In: the id. Out: the storage that it stands for, or what is wrong (torch/serialization.py).
 */
import { storageNames } from "./rules/torch.ts";
import { instance, type Problem } from "./rules/rule.ts";
import { isConstant, isKind, opaque, type Value } from "./values.ts";

const storages = new Set(storageNames.split(" "));

export function persistentStorage(id: Value): Value | Problem {
  if (!isKind(id, "tuple")) return { problem: "it is no tuple" };
  const [kind, cls, ...rest] = id.items;
  if (isText(kind, "module"))
    return isKind(cls, "name") || isKind(cls, "opaque") ? cls : { problem: "its class is not imported by name" };
  if (!isText(kind, "storage")) return { problem: "it names something that is no storage" };
  if (!isKind(cls, "name"))
    return isKind(cls, "opaque") ? opaque("a storage") : { problem: "its class is not imported by name" };
  const known =
    ["torch", "torch.cuda", "torch.storage"].includes(cls.module) && storages.has(cls.name.replace(/^_/, ""));
  if (!known) return { problem: `its class ${cls.module}.${cls.name} is no storage class`, verdict: "unknown-import" };
  if (!rest.every((part) => isConstant(part))) return { problem: "its key is computed" };
  return instance("torch.storage:UntypedStorage");
}

/** Python 2 wrote the word as bytes. */
function isText(value: Value | undefined, text: string): boolean {
  return value === text;
}
