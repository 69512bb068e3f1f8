/**
 * `cordon identity federate`: other trust domains. In: a verb. Out: what is known of each; our own bundle, to hand over;
 * or a bundle fetched once, to compare before it is trusted.
 *
 * The relationship itself is written in `cordon.yaml` (`federation.trustDomains`): it decides whose word counts here.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { fetchBundle, type EndpointProfile } from "@cordon/control/federation/fetch-bundle";
import type { FederatedDomainResponse, FederationResponse } from "@cordon/core/contract/federation-api";
import { endpointUrlProblem } from "@cordon/core/contract/federation-schema";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { parseBundleOrMap } from "@cordon/core/identity/bundle-map";
import { parseSpiffeId, parseTrustDomain, trustDomainOf } from "@cordon/core/identity/spiffe-id";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity federate [list] [OPTIONS]
       cordon identity federate show [OPTIONS]
       cordon identity federate refresh TRUST-DOMAIN [OPTIONS]
       cordon identity federate fetch URL --trust-domain NAME [--ca FILE | --endpoint-id SPIFFE-ID --bundle FILE]
                                          [--out FILE] [--json]

Other trust domains whose workloads may be known here. Whom we federate with is written in cordon.yaml, under
\`federation.trustDomains\`; removing it there cuts what stands on it.

  list                 each trust domain: its bundle's number, its keys, when it was fetched, and what went wrong
  show                 our own bundle, as JSON, for the other side to start from; and where we serve it
  refresh              fetch one bundle now
  fetch                fetch a bundle without trusting it, and print the SHA-256 of each key to compare by telephone
  --ca FILE            https_web: the only authorities to trust there, instead of the machine's
  --endpoint-id ID     https_spiffe: the SPIFFE ID that the endpoint must prove, under the bundle in --bundle
  --out FILE           write the bundle there, for \`bundleFile\`; nothing is overwritten
${socketUsage}  --json               one JSON object
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [verb = "list", subject, stray] = positionals;
  if (stray !== undefined) throw misuse(`\`${stray}\` is one word too many`);
  if (verb === "fetch") return fetchOnce(subject, values, io);
  const client = controlClient(controlSocket(values, process.env));
  if (verb === "list" && subject === undefined) {
    const federation = await client.federation();
    io.stdout(values.json ? `${JSON.stringify(federation)}\n` : describe(federation));
    return federation.trustDomains.some(({ problem }) => problem !== undefined) ? 1 : 0;
  }
  if (verb === "show" && subject === undefined) {
    const { bundle } = await client.bundle();
    io.stdout(`${JSON.stringify(bundle, null, values.json ? 0 : 2)}\n`);
    return 0;
  }
  if (verb === "refresh" && subject !== undefined) {
    const domain = await client.refreshFederation({ trustDomain: subject });
    io.stdout(values.json ? `${JSON.stringify(domain)}\n` : `${lineOf(domain).join("  ")}\n`);
    return domain.problem === undefined ? 0 : 1;
  }
  throw misuse(
    verb === "refresh"
      ? "say which trust domain"
      : `\`${verb}\` is none of list, show, refresh, fetch, or has a word too many`,
  );
}

interface FetchValues {
  readonly "trust-domain"?: string | undefined;
  readonly ca?: string | undefined;
  readonly "endpoint-id"?: string | undefined;
  readonly bundle?: string | undefined;
  readonly out?: string | undefined;
  readonly json: boolean;
}

async function fetchOnce(url: string | undefined, values: FetchValues, io: Io): Promise<ExitCode> {
  if (url === undefined || values["trust-domain"] === undefined)
    throw misuse("say which URL, and whose bundle it is (--trust-domain)");
  const problem = endpointUrlProblem(url);
  if (problem !== undefined) throw misuse(`the URL ${problem}`);
  const trustDomain = parseTrustDomain(values["trust-domain"]);
  const signal = new AbortController().signal;
  const bytes = await fetchBundle(url, await profileOf(values), { now: Date.now, signal });
  const bundle = parseBundle(trustDomain, bytes);
  const keys = [
    ...bundle.x509Authorities.map((der) => ({ use: "x509-svid", sha256: sha256(der) })),
    ...bundle.jwtAuthorities.map(({ kid, jwk }) => ({ use: "jwt-svid", kid, sha256: sha256(JSON.stringify(jwk)) })),
  ];
  if (values.out !== undefined) await writeNew(values.out, bytes);
  if (values.json) io.stdout(`${JSON.stringify({ trustDomain, sequence: bundle.sequence, keys })}\n`);
  else {
    io.stdout(`${trustDomain}, bundle ${bundle.sequence}, fetched from ${url} and not trusted yet\n`);
    for (const { use, sha256: digest } of keys) io.stdout(`  ${use}  ${digest}\n`);
    io.stdout("Compare these with the other side by another way before you name the trust domain in cordon.yaml.\n");
  }
  return 0;
}

async function profileOf(values: FetchValues): Promise<EndpointProfile> {
  const id = values["endpoint-id"];
  if (id === undefined) return { kind: "https_web", ...(values.ca !== undefined && { caFile: values.ca }) };
  if (values.bundle === undefined) throw misuse("--endpoint-id takes the bundle to judge it by: --bundle FILE");
  const endpointId = parseSpiffeId(id);
  const domain = trustDomainOf(endpointId);
  const bundle = parseBundleOrMap(domain, await read(values.bundle));
  const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
  return { kind: "https_spiffe", endpointId, trust: { bundles: new Map([[domain, bundle]]), revocations: none } };
}

function describe({ trustDomain, endpoint, trustDomains }: FederationResponse): string {
  const own =
    endpoint === undefined
      ? `${trustDomain} serves its bundle nowhere (federation.endpoint)`
      : `${trustDomain} serves its bundle at ${endpoint.url} (${endpoint.profile}${endpoint.id === undefined ? "" : `, ${endpoint.id}`})`;
  if (trustDomains.length === 0) return `${own}\nIt federates with nobody (federation.trustDomains).\n`;
  const table = [
    ["TRUST DOMAIN", "BUNDLE", "KEYS (X.509, JWT)", "FETCHED (UTC)", "STATE"],
    ...trustDomains.map(lineOf),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return `${[own, ...lines.map((line) => line.trimEnd())].join("\n")}\n`;
}

function lineOf(domain: FederatedDomainResponse): string[] {
  const { trustDomain, sequence, x509Authorities = 0, jwtAuthorities = 0, fetchedAt, problem } = domain;
  return [
    trustDomain,
    sequence === undefined ? "none" : String(sequence),
    `${x509Authorities}, ${jwtAuthorities}`,
    fetchedAt === undefined ? "never" : new Date(fetchedAt).toISOString().slice(0, 19).replace("T", " "),
    problem ?? "ok",
  ];
}

async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new CordonError("USAGE", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  });
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(file, bytes, { flag: "wx" }).catch((cause: unknown) => {
    throw new CordonError("USAGE", `${file} cannot be written: ${(cause as Error).message}`, { cause });
  });
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        "trust-domain": { type: "string" },
        ca: { type: "string" },
        "endpoint-id": { type: "string" },
        bundle: { type: "string" },
        out: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
