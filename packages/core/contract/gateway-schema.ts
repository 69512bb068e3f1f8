/** The `gateway` part of `cordon.yaml`. In: what a file says. Out: where the gateway listens and what it accepts, with every default. */
import { z } from "zod";
import { parseListenAddress } from "./addresses.ts";
import { reference, text } from "./schema-parts.ts";

const seconds = (least: number, most: number) => z.int().min(least).max(most);

export const gatewaySchema = z.strictObject({
  component: reference.default("gateway").describe("The component that the gateway itself is; a `service`."),
  listen: text((value) => {
    const checked = parseListenAddress(value);
    return "problem" in checked ? checked.problem : undefined;
  })
    .default("127.0.0.1:8443")
    .describe("Where it accepts calls."),
  dnsNames: z
    .array(
      z
        .string()
        .max(253)
        .regex(/^(?!.*\.\.)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, "must be a DNS name in lower case, without wildcards"),
    )
    .max(32)
    .default(["localhost"])
    .describe("DNS names in its certificate, for clients that check one."),
  url: text((value) => {
    if (!URL.canParse(value)) return "must be a URL such as `https://gateway.bank.example`";
    const { origin, protocol } = new URL(value);
    if (protocol !== "https:") return "must be `https:`";
    return origin === value ? undefined : `must be an origin, without path or slash at the end: \`${origin}\``;
  })
    .meta({ pattern: "^https://" })
    .optional()
    .describe("What clients with access tokens call it. Default: the first of `dnsNames`, and its port."),
  limits: z
    .strictObject({
      headerBytes: z.int().min(1024).max(262_144).default(16_384).describe("All request headers together."),
      bodyBytes: z.int().min(1024).max(1_073_741_824).default(10_485_760).describe("One request body."),
      connections: z.int().min(1).max(1_000_000).default(10_000).describe("Open connections at one time."),
    })
    .prefault({})
    .describe("What one gateway process accepts."),
  dpopNonces: z
    .boolean()
    .default(false)
    .describe("Whether a DPoP proof must hold a recent nonce of the gateway (RFC 9449, section 8)."),
  drainSeconds: seconds(0, 3_600).default(10).describe("How long calls may finish after it is told to stop."),
});
