/**
 * Sensing as the configuration sets it up. In: lists of networks and countries, the state folder. Out: what the gateway senses
 * with; what is usual for each principal is kept in the state folder between runs.
 */
import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { openNetworks, readRanges, type Network } from "@cordon/core/risk/networks";
import type { Profile } from "@cordon/core/risk/profile";
import { profileFromJson, profileToJson } from "@cordon/core/risk/profile-json";
import { openCountryDatabase } from "@cordon/gateway/risk/country-database";
import { openSensing, type RiskSensing } from "@cordon/gateway/risk/sensing";

export interface ConfiguredSensing extends RiskSensing, AsyncDisposable {}

export interface SensingPlace {
  readonly risk: Configuration["risk"];
  /** Where relative paths start. */
  readonly folder: string;
  readonly stateFolder: string;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

const saveEveryMs = 300_000;
const rereadEveryMs = 60_000;

/** @throws {CordonError} `CONFIG_UNREADABLE` naming the list that cannot be read */
export async function openConfiguredSensing(place: SensingPlace): Promise<ConfiguredSensing> {
  const { stateFolder, onProblem } = place;
  const file = join(stateFolder, "risk-profiles.json");
  let read = await readNetworks(place);
  const sensing = openSensing({
    networkOf: (address) => read.of(address),
    profiles: await readProfiles(file, onProblem),
  });
  const save = (): Promise<void> => writeProfiles(file, sensing.profiles).catch(onProblem);
  const saving = setInterval(() => void save(), saveEveryMs);
  const rereading = setInterval(() => {
    readNetworks(place).then((next) => {
      if (next.text === read.text) return;
      read = next;
      sensing.networksChanged();
    }, onProblem);
  }, rereadEveryMs);
  saving.unref();
  rereading.unref();
  return {
    ...sensing,
    async [Symbol.asyncDispose]() {
      clearInterval(saving);
      clearInterval(rereading);
      await save();
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

/** What cannot be read is learnt anew, loudly: a profile is knowledge, not permission. */
async function readProfiles(
  file: string,
  onProblem: (error: unknown) => void,
): Promise<ReadonlyMap<SpiffeId, Profile>> {
  try {
    const stored = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    return new Map(
      Object.entries(stored).flatMap(([id, value]) => {
        const profile = profileFromJson(value);
        return profile === undefined ? [] : [[parseSpiffeId(id), profile] as const];
      }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") onProblem(error);
    return new Map();
  }
}

async function writeProfiles(file: string, profiles: ReadonlyMap<SpiffeId, Profile>): Promise<void> {
  const text = JSON.stringify(Object.fromEntries([...profiles].map(([id, profile]) => [id, profileToJson(profile)])));
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}
