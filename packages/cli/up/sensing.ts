/**
 * Sensing as the configuration sets it up. In: lists of networks and countries, the store. Out: what the gateway senses with; what
 * is usual for each principal is kept in the store, where other gateways find it.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { openNetworks, readRanges, type Network } from "@cordon/core/risk/networks";
import type { WorkingRecords } from "@cordon/control/store/working-records";
import { openCountryDatabase } from "@cordon/gateway/risk/country-database";
import { openSensing, type RiskSensing } from "@cordon/gateway/risk/sensing";
import { openSharedProfiles } from "./shared-profiles.ts";

export interface ConfiguredSensing extends RiskSensing, AsyncDisposable {
  /** Tells other gateways what is new here, and takes up what is new there, now. */
  exchange(): Promise<void>;
}

export interface SensingPlace {
  readonly risk: Configuration["risk"];
  /** Where relative paths start. */
  readonly folder: string;
  readonly records: WorkingRecords;
  /** Names this gateway among the others, also after a restart. */
  readonly gateway: string;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

const rereadEveryMs = 60_000;

/** @throws {CordonError} `CONFIG_UNREADABLE` naming the list that cannot be read */
export async function openConfiguredSensing(place: SensingPlace): Promise<ConfiguredSensing> {
  const { records, gateway, onProblem, now } = place;
  let read = await readNetworks(place);
  const sensing = openSensing({ networkOf: (address) => read.of(address), now });
  const everyMs = place.risk.shareEverySeconds * 1_000;
  const { knowledge } = sensing;
  const shared = await openSharedProfiles({ records, gateway, knowledge, everyMs, now, onProblem });
  const rereading = setInterval(() => {
    readNetworks(place).then((next) => {
      if (next.text === read.text) return;
      read = next;
      sensing.networksChanged();
    }, onProblem);
  }, rereadEveryMs);
  rereading.unref();
  return {
    ...sensing,
    exchange: () => shared.exchange(),
    async [Symbol.asyncDispose]() {
      clearInterval(rereading);
      await shared[Symbol.asyncDispose]();
    },
  };
}

async function readNetworks({ risk, folder }: SensingPlace): Promise<{ of(address: string): Network; text: string }> {
  const { datacentre, tor, countryDatabase, countries } = risk.networks;
  const listed = async ({ ranges, files }: typeof tor): Promise<readonly string[]> => {
    const read = await Promise.all(files.map(async (file) => readRanges(await readList(resolve(folder, file))).ranges));
    return [...ranges, ...read.flat()];
  };
  const lists = { datacentre: await listed(datacentre), tor: await listed(tor), countries };
  const findPlace =
    countryDatabase === undefined ? undefined : await openCountryDatabase(resolve(folder, countryDatabase));
  return { of: openNetworks(lists, findPlace), text: JSON.stringify(lists) };
}

async function readList(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new CordonError("CONFIG_UNREADABLE", `the list of networks ${path} cannot be read (${code})`, { cause });
  }
}
