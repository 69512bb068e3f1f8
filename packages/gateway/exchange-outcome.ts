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
  const { filter, response, objects } = seen;
  const found = filter === undefined || filter.findings.length === 0 ? findings : [...findings, ...filter.findings];
  // oxfmt-ignore
  const outcome: { -readonly [K in keyof OutcomeEntry]: OutcomeEntry[K] } = {
    v: 1, kind: "outcome", at, id, namespace, end, status, upstream: upstreamKey(intent.upstream),
    findings: found, masks: masks + (filter?.masks ?? 0),
  };
  if (attempt > 1) outcome.again = attempt;
  if (why !== undefined) outcome.why = why;
  if (requestMeter.bytes > 0) outcome.request = requestMeter.finish();
  if (response.bytes > 0) outcome.response = response.finish();
  if (objects.length > 0) outcome.objects = objects;
  return outcome;
}
