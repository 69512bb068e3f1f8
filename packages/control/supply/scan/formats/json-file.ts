/**
 * JSON files of model repositories: configurations, tokenizers, Keras architectures, XGBoost models. In: a source. Out:
 * findings: custom code that a loader would fetch and run, chat templates, Keras classes, code in values.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import { checkTemplate } from "../jinja/check-template.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable, type Refusal } from "../verdict.ts";
import { codeIn } from "./code-text.ts";
import { isRecord, parseJsonTree, walkJson, type Json } from "./json-tree.ts";
import { scanKerasConfig } from "./keras-config.ts";

const maxJson = 256 * 2 ** 20;

export function scanJson(source: ByteSource, scan: Scan): string {
  if (source.size > maxJson) throw new Unreadable("unsupported", "json/size", `it is longer than ${maxJson} bytes`);
  scan.budget.spend(source.size);
  const tree = parseJsonTree(source.read(0, source.size), "json/syntax");
  if (isKeras(tree)) {
    scanKerasConfig(tree, scan);
    return "keras-config";
  }
  walkJson(tree, (value, name) => {
    scan.budget.spend(1);
    if (typeof value === "string") checkString(value, name, scan);
    else if (name === "auto_map" && isRecord(value)) checkAutoMap(value, scan);
    else if (name === "trust_remote_code" && value === true)
      report(scan, "config/remote-code", "unknown-import", name, "it tells its loader to run code of the repository");
  });
  return "json";
}

function isKeras(tree: Json): boolean {
  return isRecord(tree) && typeof tree["class_name"] === "string" && tree["config"] !== undefined;
}

function report(scan: Scan, rule: string, verdict: Refusal, name: string, words: string): void {
  scan.report({
    rule,
    verdict,
    atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact,
    name: name.slice(0, 100),
    words,
  });
}

function checkAutoMap(map: { readonly [name: string]: Json }, scan: Scan): void {
  for (const [role, target] of Object.entries(map)) {
    const names = Array.isArray(target) ? (target as readonly Json[]) : [target];
    for (const name of names)
      if (typeof name === "string")
        report(
          scan,
          "config/custom-code",
          "unknown-import",
          name,
          `its ${printable(role, 40)} is ${printable(name, 80)}, code that a loader fetches and runs`,
        );
  }
}

function checkString(value: string, name: string, scan: Scan): void {
  if (value.includes("{{") || value.includes("{%")) {
    const whole = /(?:^|_)(?:chat_)?template$/.test(name);
    checkTemplate(value, scan, { name, whole });
    return;
  }
  const found = value.length >= 8 ? codeIn(value) : undefined;
  if (found !== undefined)
    report(scan, "json/code", "dangerous", name, `\`${printable(name, 40)}\` holds code: ${found}`);
}
