/**
 * The `risk` part of `cordon.yaml`: what signals weigh, where tiers begin, and where lists of networks, countries and threats
 * come from. In: what a file says. Out: settings, with every default filled in.
 */
import { z } from "zod";
import { parseCidr } from "../risk/cidr.ts";
import { defaultRiskSettings, defaultWeights, type RiskSettings, type RiskSignalName } from "../risk/settings.ts";
import { parseUpstreamUrl } from "./addresses.ts";
import { filePath, name, text } from "./schema-parts.ts";

const weight = z.number().min(0).max(1);

const weightsSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(defaultWeights).map(([signal, value]) => [signal, weight.default(value).describe("0 to 1.")]),
  ) as Record<RiskSignalName, z.ZodDefault<z.ZodNumber>>,
);

const { tiers, posture } = defaultRiskSettings;

const networkList = z
  .array(
    text((value) =>
      parseCidr(value) === undefined ? "must be an address or a range such as `203.0.113.0/24`" : undefined,
    ),
  )
  .max(100_000);

const listed = (words: string) =>
  z
    .strictObject({
      ranges: networkList.default([]).describe("Addresses and ranges, such as `203.0.113.0/24`."),
      files: z
        .array(filePath)
        .max(64)
        .default([])
        .describe("Text files, one address or range a line; read again when they change."),
    })
    .prefault({})
    .describe(words);

const feedUrl = text((value) => {
  const checked = parseUpstreamUrl(value);
  return "problem" in checked ? checked.problem : undefined;
}).meta({ pattern: "^https?://" });

const confidence = z.int().min(0).max(100).default(75).describe("How sure the list is, where it does not say itself.");
const expiryDays = z
  .int()
  .min(1)
  .max(3650)
  .default(30)
  .describe("Indicators end after this, where they do not say when.");
const everySeconds = z.int().min(10).max(604_800).default(3_600).describe("How often it is read again.");
const common = { name: name.describe("Names it in reasons and in the ledger."), confidence, expiryDays, everySeconds };

/** `secret` is filled in by the configuration's own schema of secret references. */
export function threatListSchema(secret: z.ZodType) {
  return z.union(
    [
      z.strictObject({
        ...common,
        file: filePath.describe("A STIX 2.1 bundle, or a plain list."),
        format: z.enum(["stix", "plain"]).describe("`plain`: an address, range, domain or SHA-256 a line."),
      }),
      z.strictObject({
        ...common,
        taxii: feedUrl.describe("The API root of a TAXII 2.1 server."),
        collection: z
          .string()
          .regex(/^[A-Za-z0-9._~-]{1,128}$/, "must be a collection's id")
          .describe("Its collection."),
        token: secret.optional().describe("Sent as `authorization: Bearer`."),
        caFile: filePath
          .optional()
          .describe("PEM file of the authorities that it is verified with. Default: public ones."),
      }),
    ],
    { error: "must be a list with `file` and `format`, or with `taxii` and `collection`" },
  );
}

export function riskSchemaWith(secret: z.ZodType) {
  return z.strictObject({
    weights: weightsSchema.prefault({}).describe("What each signal weighs alone; docs/risk.md says what each is."),
    tiers: z
      .strictObject({
        medium: weight.default(tiers.medium).describe("The least score of the tier."),
        high: weight.default(tiers.high).describe("The least score of the tier."),
        critical: weight.default(tiers.critical).describe("The least score of the tier."),
      })
      .prefault({})
      .refine(
        ({ medium, high, critical }) => medium <= high && high <= critical,
        "tiers must not fall: medium, high, critical",
      )
      .describe("Where tiers begin."),
    postureMaxAgeSeconds: z
      .int()
      .min(60)
      .max(31_536_000)
      .default(posture.maxAgeMs / 1000)
      .describe("An older report of a device's posture counts as unknown."),
    patchAgeDays: z.int().min(1).max(3650).default(posture.patchAgeDays).describe("Updates older than this are weak."),
    unusualHourShare: z
      .number()
      .min(0)
      .max(1)
      .default(defaultRiskSettings.unusualHourShare)
      .describe("An hour of the week that holds less of a principal's earlier requests is unusual for it."),
    leastObservations: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(defaultRiskSettings.leastObservations)
      .describe("Before this many requests of a principal were seen, no hour or place is unusual for it."),
    travelKmPerHour: z
      .int()
      .min(100)
      .max(100_000)
      .default(defaultRiskSettings.travelKmPerHour)
      .describe("Nobody moves between countries faster than this."),
    shareEverySeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(5)
      .describe("How often what a gateway learns of principals is written to the store, and read from it."),
    networks: z
      .strictObject({
        datacentre: listed("Networks of data centres."),
        tor: listed("Exits of anonymity networks."),
        countryDatabase: filePath
          .optional()
          .describe("An MMDB file that gives countries (or places) by address, of yours: Cordon ships none."),
        countries: z
          .record(z.string().regex(/^[A-Z]{2}$/, "must be a country's two letters, such as `SG`"), networkList)
          .default({})
          .describe("Ranges by country; they go before the database."),
      })
      .prefault({})
      .describe("What is known of networks."),
    threats: z.array(threatListSchema(secret)).max(32).default([]).describe("Lists of threat intelligence."),
  });
}

/** What scoring needs of it. */
export function riskSettingsOf(said: {
  readonly weights: RiskSettings["weights"];
  readonly tiers: RiskSettings["tiers"];
  readonly postureMaxAgeSeconds: number;
  readonly patchAgeDays: number;
  readonly unusualHourShare: number;
  readonly leastObservations: number;
  readonly travelKmPerHour: number;
}): RiskSettings {
  const { weights, tiers: begin, unusualHourShare, leastObservations, travelKmPerHour } = said;
  return {
    weights: { ...weights },
    tiers: { ...begin },
    posture: { maxAgeMs: said.postureMaxAgeSeconds * 1000, patchAgeDays: said.patchAgeDays },
    ...{ unusualHourShare, leastObservations, travelKmPerHour },
  };
}
