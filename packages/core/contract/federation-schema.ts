/**
 * The `federation` part of `cordon.yaml`: which other trust domains are known, where their bundles come from and how that
 * place is recognised; and where our own bundle is served. In: nothing. Out: its schema.
 *
 * Everything is said explicitly, nothing inferred (SPIFFE Federation, 7.2): a name, a URL, a profile.
 */
import { z } from "zod";
import { parseSpiffeId, pathOf } from "../identity/spiffe-id.ts";
import { parseListenAddress } from "./addresses.ts";
import { filePath, text } from "./schema-parts.ts";

export const trustDomainName = text((value) =>
  /^[a-z0-9._-]{1,255}$/.test(value)
    ? undefined
    : "must be lower-case letters, digits, dots, hyphens and underscores, at most 255",
).meta({ pattern: "^[a-z0-9._-]{1,255}$" });

/** What is wrong with a SPIFFE ID of a workload, or `undefined`. */
export function workloadIdProblem(value: string): string | undefined {
  try {
    return pathOf(parseSpiffeId(value)) === "" ? "names a trust domain, not a workload" : undefined;
  } catch (error) {
    return `must be a SPIFFE ID: ${(error as Error).message}`;
  }
}

const workloadId = text(workloadIdProblem).meta({ pattern: "^spiffe://" });

/** What is wrong with the URL of a bundle endpoint (SPIFFE Federation, 5.2.1.1), or `undefined`. */
export function endpointUrlProblem(value: string): string | undefined {
  if (value.length > 2048 || !URL.canParse(value)) return "must be an `https://` URL";
  const url = new URL(value);
  if (url.protocol !== "https:") return "must be an `https://` URL";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  return url.hash === "" ? undefined : "must not have a fragment";
}

const profileSchema = z.union(
  [
    z.enum(["https_web"]),
    z.strictObject({
      https_web: z
        .strictObject({ caFile: filePath.describe("PEM file of the only authorities to trust there.") })
        .describe("A public certificate, from authorities of your own."),
    }),
    z.strictObject({
      https_spiffe: z
        .strictObject({
          endpointId: workloadId.describe("The SPIFFE ID that the endpoint must prove."),
          bundleFile: filePath
            .optional()
            .describe("The first bundle, where the endpoint is of the trust domain that it serves."),
        })
        .describe("An SVID instead of a public certificate."),
    }),
  ],
  { error: "must be `https_web`, `{ https_web: { caFile: PATH } }` or `{ https_spiffe: { endpointId: SPIFFE-ID } }`" },
);

export const federationSchema = z.strictObject({
  endpoint: z
    .strictObject({
      listen: text((value) => {
        const checked = parseListenAddress(value);
        return "problem" in checked ? checked.problem : undefined;
      })
        .default("127.0.0.1:8444")
        .describe("Where our bundle is served, to anybody who asks."),
      path: z
        .string()
        .regex(/^\/[A-Za-z0-9/._-]{0,255}$/, "must be a path such as `/bundle.json`")
        .default("/bundle.json")
        .describe("The one path that is answered."),
      tls: z
        .strictObject({
          certFile: filePath.describe("PEM file: a certificate that others trust for the host name, and its chain."),
          keyFile: filePath.describe("PEM file of its private key; not readable by everybody."),
        })
        .optional()
        .describe("With it the profile is `https_web`; without, `https_spiffe` with the gateway's SVID."),
    })
    .optional()
    .describe("Where other trust domains fetch our bundle. Without it, nowhere."),
  trustDomains: z
    .array(
      z.strictObject({
        trustDomain: trustDomainName.describe("Its name."),
        url: text(endpointUrlProblem).meta({ pattern: "^https://" }).describe("Where it serves its bundle."),
        profile: profileSchema.describe("How that place is recognised."),
      }),
    )
    .max(64)
    .default([])
    .describe("Trust domains whose workloads may be known here. Knowing one permits it nothing; policies do."),
});

/** A component's id where it is not ours to issue, or where a mesh issues it. */
export const foreignIdSchema = workloadId.optional();

export type FederationSettings = z.output<typeof federationSchema>;
