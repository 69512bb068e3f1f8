/**
 * The `agents` part of `cordon.yaml`: where agents of other machines reach the control plane, and how their nodes prove
 * themselves. In: nothing. Out: its schema.
 */
import { z } from "zod";
import { parseListenAddress } from "./addresses.ts";
import { isNodeName } from "./registration-schema.ts";
import { filePath, text } from "./schema-parts.ts";

const listenAddress = text((value) => {
  const checked = parseListenAddress(value);
  return "problem" in checked ? checked.problem : undefined;
});

const serviceAccount = text((value) => {
  const [namespace = "", name = "", ...rest] = value.split(":");
  return rest.length === 0 && isNodeName(namespace) && isNodeName(name)
    ? undefined
    : "must be `NAMESPACE:SERVICE-ACCOUNT`";
});

export const agentsSchema = z.strictObject({
  listen: listenAddress
    .default("127.0.0.1:8442")
    .describe("Where agents dial. TLS 1.3; they prove themselves by SVID."),
  dnsNames: z
    .array(text((value) => (isNodeName(value) ? undefined : "must be a DNS name in lower case")))
    .max(32)
    .default(["localhost"])
    .describe("DNS names in its certificate; agents check the SPIFFE ID instead."),
  svidTtlSeconds: z.int().min(60).max(86_400).default(3_600).describe("Life of an agent's own SVID; renewed at half."),
  x509: z
    .strictObject({
      caFile: filePath.describe("PEM file of the authorities that certify nodes. A node's name is its first DNS name."),
    })
    .optional()
    .describe("Nodes may enrol with a certificate they have already, such as a machine's own."),
  kubernetes: z
    .strictObject({
      issuer: z.string().min(1).max(1024).describe("The cluster's token issuer, letter for letter."),
      audience: z.string().min(1).max(256).default("cordon").describe("The audience that tokens are projected for."),
      jwksFile: filePath.describe("The cluster's token keys (JWKS); read again when it changes."),
      serviceAccounts: z.array(serviceAccount).min(1).max(64).describe("`NAMESPACE:NAME` of the agents' accounts."),
    })
    .optional()
    .describe("Nodes may enrol with a projected service account token that is bound to a node."),
  gce: z
    .strictObject({
      issuer: z.string().min(1).max(1024).default("https://accounts.google.com").describe("The tokens' issuer."),
      audience: z.string().min(1).max(256).default("cordon").describe("The audience that agents ask tokens for."),
      jwksFile: filePath.describe(
        "Google's token keys (JWKS); read again when it changes. They change every few days.",
      ),
      projects: z
        .array(z.string().regex(/^[a-z0-9.:-]{4,64}$/, "must be a project's id"))
        .min(1)
        .max(256)
        .describe("Projects whose machines may enrol."),
    })
    .optional()
    .describe(
      "Virtual machines of Google Compute Engine may enrol with the token of their metadata server, once each.",
    ),
});

export type AgentsSettings = z.output<typeof agentsSchema>;
