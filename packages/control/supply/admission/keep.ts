/**
 * What an admission goes on standing on. In: the evidence and the policy that admitted. Out: what has to be looked at again
 * while the model serves: by which verdicts its files pass a scan, which packages it is made of, how bad a vulnerability may
 * be, and which ones somebody answers for. It is part of the signed admission, so nobody can weaken it afterwards.
 */
import { z } from "zod";
import { atLeast, supplySeverities } from "../finding.ts";
import { scannerRules, verdicts } from "../scan/verdict.ts";
import type { ModelEvidence } from "./evidence.ts";
import type { LoadedPolicy } from "./policy.ts";

/** Ecosystem, name, version; a list of some thousands still fits into an admission. */
const packageTuple = z.tuple([z.string().max(64), z.string().max(512), z.string().max(256).nullable()]);

export const keepSchema = z.strictObject({
  scan: z
    .strictObject({
      /** The scanner's rules at the time. */
      rules: z.string().max(64),
      accept: z.array(z.enum(verdicts)),
      documents: z.array(z.string().max(200)).max(100),
    })
    .optional(),
  vulnerabilities: z
    .strictObject({
      failOn: z.enum(supplySeverities),
      allowStale: z.boolean(),
      packages: z.array(packageTuple).max(20_000),
      /** Names of vulnerabilities that were known and set aside, by a VEX statement or an exception. */
      accepted: z.array(z.string().max(128)).max(20_000),
    })
    .optional(),
});

export type Keep = z.infer<typeof keepSchema>;

export function keepOf({ scan, vulnerabilities }: ModelEvidence, { policy }: LoadedPolicy): Keep {
  const { failOn, allowStale } = policy.vulnerabilities;
  return {
    ...(scan === undefined
      ? {}
      : { scan: { rules: scannerRules, accept: policy.scan.accept, documents: policy.scan.documents } }),
    ...(vulnerabilities === undefined
      ? {}
      : {
          vulnerabilities: {
            failOn,
            allowStale,
            packages: vulnerabilities.packages.flatMap(({ ecosystem, name, version }) =>
              ecosystem === undefined
                ? []
                : [[ecosystem, name, version ?? null] satisfies [string, string, string | null]],
            ),
            // What is less grave than the policy minds is not set aside: it may be found graver later.
            accepted: vulnerabilities.packages.flatMap(({ hits }) =>
              hits
                .filter(({ vex, severity }) => vex !== undefined || atLeast(severity, failOn))
                .flatMap(({ id, aliases }) => [id, ...aliases]),
            ),
          },
        }),
  };
}
