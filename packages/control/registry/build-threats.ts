/**
 * Threat intelligence of a snapshot. In: the store's objects of kind `threats`, each a piece of a list. Out: one index.
 */
import { z } from "zod";
import { indicatorKinds } from "@cordon/core/risk/signals";
import { indexThreats, type Indicator, type ThreatIndex } from "@cordon/core/risk/threats";
import type { StoredObject } from "../store/state-store.ts";
import { readValue } from "./objects.ts";

/** Indicators of one object; at most a megabyte of JSON. */
export const indicatorsPerObject = 2_000;

const indicator = z.strictObject({
  kind: z.enum(indicatorKinds),
  value: z.string().min(1).max(1_000),
  confidence: z.int().min(0).max(100),
  id: z.string().max(128).exactOptional(),
  from: z.int().exactOptional(),
  until: z.int().exactOptional(),
});

/** A piece of a list, named `LIST.N`; provenance is the list's name, where it was read, and each indicator's own id. */
export const threatsValue = z.strictObject({
  list: z.string().min(1).max(63),
  /** The file, or the collection's URL. */
  origin: z.string().max(4096),
  indicators: z.array(indicator).max(indicatorsPerObject),
});

export type ThreatsValue = z.output<typeof threatsValue>;

export function buildThreats(objects: readonly StoredObject[]): ThreatIndex {
  const all: Indicator[] = [];
  for (const object of objects) {
    const { list, indicators } = readValue(threatsValue, object);
    for (const one of indicators) all.push({ ...one, source: list });
  }
  return indexThreats(all);
}
