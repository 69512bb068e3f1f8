/**
 * Has a request's content inspected. In: who asks for what, and the body as it was read. Out: the body to forward, or
 * words why not. An inspector that fails blocks.
 */
import { replaceTopLevel, type JsonObject } from "@cordon/core/contract/strict-json";
import type { Inspection, InspectionSubject } from "./ports.ts";
import type { Intent } from "./routes/intent.ts";

/** A body as it was read: its bytes, and what they say. */
export interface ReadBody {
  readonly bytes: Buffer | undefined;
  readonly tree: JsonObject | undefined;
}

export interface Inspected {
  readonly bytes: Buffer | undefined;
  readonly findings: readonly unknown[];
  readonly masks: number;
  /** Why it may not be forwarded. */
  readonly blocked: string | undefined;
}

export function inspectRequest(
  inspection: Inspection | undefined,
  subject: InspectionSubject,
  { bytes, tree }: ReadBody,
): Inspected {
  if (tree === undefined || inspection === undefined) return uninspected({ bytes, tree });
  try {
    const verdict = inspection.inspectRequest(subject, tree);
    const { findings } = verdict;
    if (verdict.verdict === "block") return { bytes, findings, masks: 0, blocked: verdict.words };
    if (verdict.verdict === "pass") return { bytes, findings, masks: 0, blocked: undefined };
    return { bytes: Buffer.from(JSON.stringify(verdict.body)), findings, masks: verdict.masks, blocked: undefined };
  } catch (error) {
    return { bytes, findings: [], masks: 0, blocked: `inspection failed: ${(error as Error).message}` };
  }
}

/** A body that nothing looked at. */
export function uninspected({ bytes }: ReadBody): Inspected {
  return { bytes, findings: [], masks: 0, blocked: undefined };
}

/** The body with the model's name at the upstream; untouched where the two agree. */
export function withModelName(
  bytes: Buffer | undefined,
  tree: JsonObject | undefined,
  intent: Intent,
): Buffer | undefined {
  if (bytes === undefined || intent.model === undefined) return bytes;
  const name = intent.model.target.upstreamModel ?? intent.model.name;
  return tree?.["model"] === name ? bytes : Buffer.from(replaceTopLevel(bytes, "model", name));
}
