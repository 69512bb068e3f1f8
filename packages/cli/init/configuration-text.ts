/**
 * The first `cordon.yaml` and its policies. In: what was found on this machine. Out: their texts, commented for somebody
 * who reads them for the first time. With nothing found, the same file with an example in comments.
 */
import type { KnownApi } from "./find-keys.ts";
import type { FoundServer } from "./find-servers.ts";

export interface Found {
  readonly servers: readonly FoundServer[];
  readonly apis: readonly KnownApi[];
}

/** Model names that clients may ask for, with where each is served. */
interface Offered {
  readonly name: string;
  readonly at: string;
  readonly upstreamModel?: string;
}

export const policyFile = "policies/default.cedar";

export function configurationText(found: Found, options: { readonly observe: boolean }): string {
  const openai = offeredModels(found);
  const anthropic = found.apis.filter(({ kind }) => kind === "anthropic");
  return [head(options.observe), components(found), upstreams(found), routes(openai, anthropic), policies].join("\n");
}

/** Lets the application use what was found; with nothing found, says how in a comment. */
export function policyText(found: Found): string {
  const names = [
    ...found.servers.map(({ name }) => `endpoint/${name}`),
    ...found.apis.map(({ name }) => `external/${name}`),
  ];
  const permits = names.map((name) => permit(name, name.split("/")[1] ?? name));
  const example = permit("endpoint/ollama", "ollama").replaceAll(/^/gm, "// ");
  return `// Who may do what. Whatever no policy permits is denied. How to write them: docs/policy.md
// Check a change before it takes effect:  cordon policy check ${policyFile} --namespace default

${permits.length > 0 ? permits.join("\n\n") : `// An example, for a component \`ollama\` of kind \`endpoint\`:\n${example}`}

@id("restricted-stays-inside")
@reason("restricted data does not leave the trust domain")
forbid (principal, action, resource)
when { context.external && principal.labels.sensitivity == "restricted" };
`;
}

function permit(resource: string, name: string): string {
  return `@id("app-uses-${name}")
@reason("the application may use ${name}")
permit (
  principal == Workload::"default/agent/app",
  action in [Action::"infer", Action::"embed"],
  resource == Component::"default/${resource}"
);`;
}

function head(observe: boolean): string {
  return `# Cordon's configuration. Every field: docs/configuration.md; check it with \`cordon config check\`.
version: 1

# The name that every identity is part of (spiffe://cordon.internal/...). Choose it before the first start: identities
# that were issued, and the ledger, keep it.
trustDomain: cordon.internal

# Database, keys and ledger. Back it up; let nobody else read it.
state: ./state

# What protects the keys in the state folder. A file in that folder is for trying things out: whoever reads the folder
# reads the keys. For anything else put a passphrase elsewhere and refer to it:
#   keys: { root: { passphrase: { env: CORDON_PASSPHRASE } } }
keys: { root: { file: root.key } }

# \`enforce\` refuses what policy denies. \`observe\` lets it through and records that it would have been refused:
#   cordon ledger search state/ledger --would-deny
mode: ${observe ? "observe" : "enforce"}

# What passes is read, answers while they stream. Everything that is found is recorded; attacks on the model are refused
# (\`flag\` instead of \`block\` lets them through and records them), secrets are taken out. Be stricter where you know what
# to expect: \`pii: redact\`, \`pii/email: redact\`; docs/streaming.md says more.
inspection:
  mode: ${observe ? "observe" : "enforce"}
  request: { prompt-injection: block, indirect-injection: block, jailbreak: block, secret: redact }
  response: { secret: redact }

gateway:
  listen: 127.0.0.1:8443

# /healthz, /readyz and /metrics, for this machine only.
operations:
  listen: 127.0.0.1:8441

ledger:
  checkpoints:
    # Copies of the ledger's signed head. A rewritten ledger is caught with one that lies elsewhere: better on another machine.
    files: [./checkpoints]
`;
}

function components(found: Found): string {
  const lines = [
    ...found.servers.map(
      ({ name, title }) =>
        `  - { name: ${name}, kind: endpoint, boundary: model, labels: { sensitivity: internal }, description: ${title} on this machine }`,
    ),
    ...found.apis.map(
      ({ name, title }) =>
        `  - { name: ${name}, kind: external, boundary: model, labels: { sensitivity: internal }, description: The API of ${title} }`,
    ),
  ];
  return `# Everything that has an identity.
components:
  - { name: gateway, kind: service, boundary: api, description: Cordon's own gateway }
  # Your program: \`cordon run -- python app.py\` gives it this identity. Add one for each that should be told apart.
  - { name: app, kind: agent, boundary: api, labels: { sensitivity: internal } }
${lines.length > 0 ? `${lines.join("\n")}\n` : "  # - { name: ollama, kind: endpoint, boundary: model, labels: { sensitivity: internal } }\n"}`;
}

function upstreams(found: Found): string {
  const servers = found.servers.map(
    (
      server,
    ) => `  # ${server.title} answers whoever reaches its port, Cordon or not; \`cordon doctor\` says whether it does.
  # ${server.closing}
  - name: ${server.name}
    url: ${server.url}
    authentication: loopback
${server.wantsKey ? `    # It wants a key before it answers. Keep the key out of this file:\n    # credential: { header: authorization, prefix: "Bearer ", secret: { env: ${server.name.toUpperCase()}_API_KEY } }\n` : ""}`,
  );
  const apis = found.apis.map(
    ({
      name,
      url,
      variable,
      credential,
    }) => `  # The key stays in ${variable}, in the environment of \`cordon up\`; programs never see it.
  - name: ${name}
    url: ${url}
    external: true
    authentication: webpki
    credential: { header: ${credential.header}, prefix: ${JSON.stringify(credential.prefix)}, secret: { env: ${variable} } }
`,
  );
  const items = [...servers, ...apis];
  const example = `# upstreams:
#   - { name: ollama, url: "http://127.0.0.1:11434/v1", authentication: loopback }
`;
  return `# Where the models are.\n${items.length === 0 ? example : `upstreams:\n${items.join("")}`}`;
}

function routes(openai: readonly Offered[], anthropic: readonly KnownApi[]): string {
  const items = [
    ...(openai.length === 0
      ? []
      : [`  - name: openai\n    kind: openai\n    path: /v1\n    models:\n${openai.map(model).join("")}`]),
    ...anthropic.map(
      ({ name, models }) =>
        `  - name: ${name}\n    kind: anthropic\n    path: /anthropic\n    models:\n${models.map((each) => model({ name: each, at: name })).join("")}`,
    ),
  ];
  const example = `# routes:
#   - { name: openai, kind: openai, path: /v1, models: { "llama3.2": { component: ollama, upstream: ollama } } }
`;
  return `# What programs may ask for. \`cordon run\` points OPENAI_BASE_URL at /v1 and ANTHROPIC_BASE_URL at /anthropic; a model
# that is not listed here does not exist for them. Add and remove names as you need them.
${items.length === 0 ? example : `routes:\n${items.join("")}`}`;
}

function model({ name, at, upstreamModel }: Offered): string {
  const renamed = upstreamModel === undefined ? "" : `, upstreamModel: ${JSON.stringify(upstreamModel)}`;
  return `      ${JSON.stringify(name)}: { component: ${at}, upstream: ${at}${renamed} }\n`;
}

/** Every model that speaks OpenAI's API under one path; of two with one name the second gets its server's name before it. */
function offeredModels({ servers, apis }: Found): Offered[] {
  const offered = new Map<string, Offered>();
  const add = (name: string, at: string): void => {
    const free = offered.has(name) ? `${at}/${name}` : name;
    if (!offered.has(free)) offered.set(free, { name: free, at, ...(free === name ? {} : { upstreamModel: name }) });
  };
  for (const { name: at, models } of servers) {
    for (const each of models) add(each, at);
    // Ollama's clients leave \`:latest\` out.
    if (at === "ollama")
      for (const each of models) if (each.endsWith(":latest")) add(each.slice(0, -":latest".length), at);
  }
  for (const { name: at, kind, models } of apis) if (kind === "openai") for (const each of models) add(each, at);
  return [...offered.values()];
}

const policies = `policies:
  - file: ${policyFile}
`;
