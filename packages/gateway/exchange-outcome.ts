/**
 * The entry that ends an interaction. In: what it began with, what was seen of its answer, how it ended. Out: the outcome, with
 * facts and keyed digests, never content.
 */
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { ContentMeter } from "./content-meter.ts";
import type { ExchangeStart } from "./exchange-start.ts";
import type { ResponseFilter } from "./ports.ts";
import { upstreamKey } from "./routes/intent.ts";

export function outcomeOf(
  { id, attempt, namespace, intent, requestMeter, findings, masks }: ExchangeStart,
  seen: {
    readonly filter: Pick<ResponseFilter, "findings" | "masks"> | undefined;
    readonly response: ContentMeter;
    readonly objects: NonNullable<OutcomeEntry["objects"]>;
  },
  {
    at,
    end,
    why,
    status,
  }: Pick<OutcomeEntry, "at" | "end" | "status"> & { readonly why: OutcomeEntry["why"] | undefined },
): OutcomeEntry {
  return {
    v: 1,
    kind: "outcome",
    at,
    id,
    ...(attempt > 1 ? { again: attempt } : {}),
    namespace,
    end,
    ...(why === undefined ? {} : { why }),
    status,
    upstream: upstreamKey(intent.upstream),
    ...(requestMeter.bytes > 0 ? { request: requestMeter.finish() } : {}),
    ...(seen.response.bytes > 0 ? { response: seen.response.finish() } : {}),
    findings: [...findings, ...(seen.filter?.findings ?? [])],
    masks: masks + (seen.filter?.masks ?? 0),
    ...(seen.objects.length > 0 ? { objects: seen.objects } : {}),
  };
}
