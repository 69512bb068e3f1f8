/**
 * Where addresses are, from an MMDB file of the operator's (MaxMind's format; DB-IP, IPinfo and others write it too). In: the
 * file. Out: a country, and a place where the file has one. Cordon ships no such file: docs/risk.md says why.
 */
import { readFile } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import { Reader } from "mmdb-lib";

export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly latitude?: number;
  readonly longitude?: number;
}

export type FindPlace = (address: string) => Place | undefined;

/** Larger files are not read: every lookup is from memory. */
const maxBytes = 512 * 2 ** 20;

/** @throws {CordonError} `CONFIG_UNREADABLE` */
export async function openCountryDatabase(path: string): Promise<FindPlace> {
  let reader: Reader<never>;
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > maxBytes) throw new Error(`${bytes.byteLength} bytes; at most ${maxBytes}`);
    reader = new Reader(bytes);
  } catch (cause) {
    throw new CordonError("CONFIG_UNREADABLE", `the country database ${path} cannot be read: it must be an MMDB file`, {
      cause,
    });
  }
  return (address) => {
    try {
      return placeOf(reader.get(address));
    } catch {
      return undefined; // a damaged record, or no address: nothing is known of it
    }
  };
}

/** Reads the layouts of GeoLite2 and GeoIP2 (`country.iso_code`), DB-IP and IPinfo (`country_code`, `country`). */
export function placeOf(record: unknown): Place | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { country, country_code: code, registered_country: registered, location } = record as Record<string, unknown>;
  const found = [isoCode(country), country, code, isoCode(registered)].find(
    (one): one is string => typeof one === "string" && /^[A-Z]{2}$/.test(one),
  );
  if (found === undefined) return undefined;
  const { latitude, longitude } = (location ?? {}) as Record<string, unknown>;
  if (typeof latitude !== "number" || typeof longitude !== "number") return { country: found };
  return { country: found, latitude, longitude };
}

function isoCode(country: unknown): unknown {
  return typeof country === "object" && country !== null ? (country as Record<string, unknown>)["iso_code"] : undefined;
}
