/**
 * The `egress` of `cordon.yaml`: what outside the trust domain may be reached, by exact name and port. In: an item, or the
 * target of a CONNECT. Out: its checked form. A host has one spelling; what would have to be normalised is refused.
 */
import { z } from "zod";
import { CordonError } from "../errors.ts";
import { inspectionSchema } from "./inspection-schema.ts";
import { egressMethods, pathPatternProblem } from "../policy/egress-requests.ts";
import { filePath, name, namespace, reference, text } from "./schema-parts.ts";

export const egressRequestsSchema = z
  .array(
    z.strictObject({
      methods: z.array(z.enum(egressMethods)).min(1).max(egressMethods.length).describe("Exact methods."),
      paths: z
        .array(text(pathPatternProblem))
        .min(1)
        .max(1_000)
        .describe("Exact paths, without a query. `*` stands for one segment; `**` at the end for everything below."),
    }),
  )
  .min(1)
  .max(100)
  .describe("Which requests may be made. Nothing else.");

const interceptFields = {
  requests: egressRequestsSchema,
  caFile: filePath
    .optional()
    .describe("PEM file of the authorities that certify the host, instead of the web's public ones."),
  maxBodyBytes: z.int().min(0).max(1_073_741_824).default(10_485_760).describe("Largest body of a request."),
  firstByteMs: z.int().min(100).max(600_000).default(60_000).describe("Until an answer begins."),
};

export const interceptSchema = z.strictObject({
  ...interceptFields,
  inspection: z
    .union([z.literal("off"), inspectionSchema], { error: "must be `off`, or fields as under `inspection`" })
    .optional()
    .describe(
      "Inspection of requests and answers, or `off`. Default: the file's `inspection`. A request that cannot be read is refused unless `uninspectable` says otherwise.",
    ),
});

const most = (what: string) => z.int().min(1).max(Number.MAX_SAFE_INTEGER).exactOptional().describe(what);

export const egressLimitSchema = z
  .strictObject({
    perSeconds: z
      .int()
      .min(1)
      .max(31_536_000)
      .default(86_400)
      .describe("Length of a window; windows begin at its multiples since 1970. A restart begins one anew."),
    bytesOut: most("Most bytes to the destination."),
    bytesIn: most("Most bytes from it."),
    requests: most("Most connections; with `intercept`, requests."),
  })
  .refine(({ bytesOut, bytesIn, requests }) => (bytesOut ?? bytesIn ?? requests) !== undefined, {
    error: "names nothing that is limited",
  });

export const egressDestinationSchema = z.strictObject({
  name: name.describe("Unique among the destinations of its namespace."),
  namespace,
  host: text((value) => patternProblem(value)).describe(
    "Exact host in lower case (IDNA: `xn--`), or an IP address (IPv6 in brackets). `*.` before a domain stands for one label.",
  ),
  port: z.int().min(1).max(65_535).default(443).describe("Exact port."),
  component: reference.describe("The component of kind `external` that policy decides `egress` on."),
  protocol: z
    .enum(["tls", "http", "any"])
    .default("tls")
    .describe(
      "`tls`: it must begin with a ClientHello for the very host. `http`: in the clear, and only with `intercept`. `any` looks at nothing.",
    ),
  privateAddresses: z
    .boolean()
    .default(false)
    .describe("May lie at a private, shared or loopback address. Link-local and metadata addresses are never dialled."),
  connectMs: z.int().min(100).max(60_000).default(5_000).describe("For the name's look-up and the connection."),
  idleMs: z
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(300_000)
    .describe("A connection that carries nothing either way for longer is closed."),
  limit: egressLimitSchema
    .optional()
    .describe(
      "What each principal may carry, TLS included. Past it new requests are refused, and what is open is cut.",
    ),
  intercept: interceptSchema
    .optional()
    .describe("TLS ends at Cordon, which sees and decides each request. Clients must trust `cordon egress ca`."),
});

export const egressSchema = z.strictObject({
  destinations: z.array(egressDestinationSchema).max(10_000).default([]).describe("What may be reached. Nothing else."),
});

export interface EgressTarget {
  /** As it is declared, looked up and shown in TLS: a DNS name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

/** Longest target that is looked at. */
export const maxEgressTargetLength = 300;

/** Reads `HOST:PORT`. @throws {CordonError} `REQUEST_MALFORMED` for any spelling but the one */
export function parseEgressTarget(written: string): EgressTarget {
  const match = /^(\[[^\]@/\s]{2,64}\]|[^:@/\s]{1,254}):([0-9]{1,5})$/.exec(written);
  const [, host = "", digits = ""] = match ?? [];
  const problem = match === null ? "it must be `HOST:PORT`, without a user" : egressHostProblem(host);
  if (problem !== undefined) throw malformed(`the host ${problem}`, match === null ? problem : undefined);
  const port = Number(digits);
  if (port < 1 || port > 65_535 || String(port) !== digits) throw malformed("the port is none");
  return { host, port };
}

function malformed(words: string, instead?: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the CONNECT's target is refused: ${instead ?? words}`);
}

/** What is wrong with a host, or `undefined`. Octal, hexadecimal and short IPv4, mapped IPv6 and a final dot are. */
export function egressHostProblem(host: string): string | undefined {
  const bracketed = host.startsWith("[");
  if (!bracketed && host.includes(":")) return "must be an IPv6 address in brackets, or a name";
  if (/^\[::ffff:/i.test(host)) return "must be written as the IPv4 address that it is";
  const canonical = URL.canParse(`https://${host}/`) ? new URL(`https://${host}/`).hostname : undefined;
  if (canonical === undefined) return "is not a host name";
  if (canonical !== host) return `must be written as \`${canonical}\``;
  if (isAddressHost(host)) return undefined;
  if (host.endsWith(".")) return "must not end with a dot";
  const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
  if (host.length > 253 || !host.split(".").every((part) => label.test(part))) return "is not a DNS name";
  return undefined;
}

/** Whether a host in its one spelling is an address: no name ends in a number (URL Standard, "ends in a number"). */
export function isAddressHost(host: string): boolean {
  return host.startsWith("[") || /^[0-9.]+$/.test(host);
}

function patternProblem(value: string): string | undefined {
  if (!value.startsWith("*.")) return egressHostProblem(value);
  const domain = value.slice(2);
  if (isAddressHost(domain) || !domain.includes(".")) return "must name at least two labels after `*.`";
  return egressHostProblem(domain);
}

export type EgressDestinationSettings = z.output<typeof egressDestinationSchema>;
