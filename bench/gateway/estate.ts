/**
 * The estate that is measured: 1,000 principals, 100 models, 40 policies that allow every measured call. In: a folder.
 * Out: a Cordon configuration in it, and the credentials of everyone who takes part.
 */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startCordon } from "@cordon/cli/up/wire";
import type { ComponentKind, Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";

export const principalCount = 1_000;
export const resourceCount = 100;

const trustDomain = parseTrustDomain("bench.example");
const sensitivities = ["public", "internal", "confidential", "restricted"] as const;
const categories = ["[]", "[PDPA-SG]", "[PDPA-SG, GDPR]"] as const;

/** A certificate chain and its key, both PEM. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
}

export interface BenchEstate {
  /** Path of the configuration file. */
  readonly configuration: string;
  /** The trust domain's X.509 authorities, PEM. */
  readonly authorities: string;
  /** What the bare proxy presents. */
  readonly server: Credential;
  /** One for each principal, in their order. */
  readonly clients: readonly Credential[];
}

/** The model that resource `index` is asked for by; always five characters, so that bodies keep their layout. */
export function modelName(index: number): string {
  return `m-${String(index).padStart(3, "0")}`;
}

/** Writes the configuration, and has Cordon make its keys and issue every credential; then stops it again. */
export async function prepareEstate(folder: string, upstreamPort: number): Promise<BenchEstate> {
  await mkdir(folder, { recursive: true });
  const configuration = join(folder, "cordon.yaml");
  await writeFile(configuration, configurationText(upstreamPort));
  await writeFile(join(folder, "policies.cedar"), policyText());
  await using cordon = await startCordon({
    path: configuration,
    env: {},
    version: "bench",
    log: ({ level, words }) => void (level === "error" && process.stderr.write(`${words}\n`)),
  });
  const { authority, snapshots } = cordon.control;
  // One key for all: only the certificates differ, and only they are what a gateway tells principals apart by.
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const issue = async (kind: ComponentKind, name: string): Promise<Credential> => {
    const id = componentId(trustDomain, "default" as Namespace, kind, name);
    const { chain } = await authority.issueX509Svid({ id, key: { publicKey } });
    return { cert: chain.map(toPem).join(""), key };
  };
  const clients: Credential[] = [];
  for (let i = 0; i < principalCount; i++) clients.push(await issue(principalKind(i), principalName(i)));
  const bundle = snapshots.current().bundles.get(trustDomain);
  const authorities = (bundle?.x509Authorities ?? []).map(toPem).join("");
  return { configuration, authorities, server: await issue("service", "bare"), clients };
}

function principalName(index: number): string {
  return `p-${String(index).padStart(4, "0")}`;
}

function principalKind(index: number): "agent" | "service" | "pipeline" {
  if (index % 10 < 7) return "agent";
  return index % 10 < 9 ? "service" : "pipeline";
}

function configurationText(upstreamPort: number): string {
  const principals = Array.from({ length: principalCount }, (_, i) => {
    const kind = principalKind(i);
    const boundary = kind === "pipeline" ? "pipeline" : "api";
    return (
      `  - { name: ${principalName(i)}, kind: ${kind}, boundary: ${boundary}, labels: ` +
      `{ sensitivity: ${sensitivities[i % 4]}, categories: ${categories[i % 3]}, integrity: trusted } }`
    );
  });
  const resources = Array.from(
    { length: resourceCount },
    (_, i) =>
      `  - { name: ${modelName(i)}, kind: endpoint, boundary: model, labels: ` +
      `{ sensitivity: ${sensitivities[i % 3]}, categories: ${categories[i % 3]}, integrity: trusted } }`,
  );
  const models = Array.from(
    { length: resourceCount },
    (_, i) => `      ${modelName(i)}: { component: ${modelName(i)}, upstream: models }`,
  );
  return `version: 1
trustDomain: bench.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 1 }
console: { listen: "127.0.0.1:0" }
ledger: { checkpoints: { files: [./checkpoints] } }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: bare, kind: service, boundary: api }
  - { name: contractor, kind: agent, boundary: api }
${[...principals, ...resources].join("\n")}
upstreams:
  - { name: models, url: "http://127.0.0.1:${upstreamPort}", authentication: loopback }
routes:
  - name: chat
    kind: openai
    path: /v1
    models:
${models.join("\n")}
policies:
  - { file: policies.cedar }
`;
}

/** Forty policies: by kind, boundary and labels, and some that name one principal and one resource. */
function policyText(): string {
  const named = Array.from({ length: 20 }, (_, i) => {
    const p = i * 37;
    return (
      `@id("named-${i}") permit (principal == Workload::"default/${principalKind(p)}/${principalName(p)}", ` +
      `action in [Action::"infer", Action::"embed"], resource == Component::"default/endpoint/${modelName(i * 3)}");`
    );
  });
  const contractor = Array.from(
    { length: 8 },
    (_, i) =>
      `@id("contractor-not-${i}") forbid (principal == Workload::"default/agent/contractor", action, ` +
      `resource == Component::"default/endpoint/${modelName(i * 11)}");`,
  );
  return [...general, ...named, ...contractor].join("\n");
}

const general = [
  `@id("agents-infer") permit (principal, action in [Action::"infer", Action::"embed"], resource)
   when { principal.kind == "agent" && resource.kind == "endpoint" && resource.boundary == "model" };`,
  `@id("services-infer") permit (principal, action == Action::"infer", resource)
   when { principal.kind == "service" && principal.boundary == "api" && resource.sensitivityRank <= 2 };`,
  `@id("pipelines-infer") permit (principal, action in [Action::"infer", Action::"evaluate"], resource)
   when { principal.boundary == "pipeline" && resource.kind == "endpoint" };`,
  `@id("cleared-read") permit (principal, action == Action::"read", resource)
   when { principal.sensitivityRank >= resource.sensitivityRank };`,
  `@id("pipelines-train") permit (principal, action == Action::"train", resource)
   when { principal.kind == "pipeline" && principal.labels.categories.containsAll(resource.labels.categories) };`,
  `@id("restricted-needs-mutual-tls") forbid (principal, action, resource)
   when { resource.labels.sensitivity == "restricted" } unless { context.assurance == "x509-svid" };`,
  `@id("personal-data-stays-inside") forbid (principal, action, resource)
   when { context.external && principal.labels.categories.containsAny(["PDPA-SG", "GDPR"]) };`,
  `@id("untrusted-does-not-deploy") forbid (principal, action in [Action::"deploy", Action::"administer"], resource)
   when { principal.labels.integrity == "untrusted" };`,
  `@id("no-untrusted-models") forbid (principal, action, resource) when { resource.labels.integrity == "untrusted" };`,
  `@id("keys-stay-in-the-model-boundary") forbid (principal, action == Action::"releaseKey", resource)
   when { principal.boundary != "model" };`,
  `@id("datasets-are-not-written-from-the-api") forbid (principal, action == Action::"write", resource)
   when { principal.boundary == "api" && resource.kind == "dataset" };`,
  `@id("bearer-tokens-see-public-data") forbid (principal, action, resource)
   when { context.assurance == "jwt-svid" && resource.sensitivityRank > 0 };`,
];
