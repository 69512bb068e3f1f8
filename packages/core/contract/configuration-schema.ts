/**
 * The one schema of `cordon.yaml`. Every object is strict, every field has its unit in its name, its default and its
 * description; the reference page and the editors' JSON Schema are generated from here. What one field alone can tell
 * is checked here; what takes two is in `configuration-references.ts`.
 */
import { z } from "zod";
import { actions, modes } from "./vocabulary.ts";
import { consoleProblems, originProblem } from "./console-address.ts";
import { credentialHeaderProblem, isLoopbackHost, parseListenAddress, parseUpstreamUrl } from "./addresses.ts";
import { routePathProblem } from "./addresses.ts";
import { agentsSchema } from "./agents-schema.ts";
import { doorsSchema } from "./doors-schema.ts";
import { policyShadowSchema } from "./policy-shadow-schema.ts";
import { componentSchema } from "./component-schema.ts";
import { eventSinkSchema } from "./events-schema.ts";
import { federationSchema, trustDomainName } from "./federation-schema.ts";
import { modelAdmissionSchema } from "./model-admission-schema.ts";
import { inspectionSchema } from "./inspection-schema.ts";
import { fileInspectionSchema } from "./registered-schema.ts";
import { mcpFields } from "./mcp-schema.ts";
import { incidentsSchema } from "./incident-schema.ts";
import { gatewaySchema } from "./gateway-schema.ts";
import { oauthSchema } from "./oauth-schema.ts";
import { grantRuleSchema, peopleSchema } from "./people-schema.ts";
import { filePath, name, namespace, reference, text } from "./schema-parts.ts";
import { riskSchemaWith } from "./risk-schema.ts";
import { s3Fields } from "./s3-schema.ts";
import { boundariesSchema, informationFlowSchema, windowSchema } from "./segmentation-schema.ts";
import { signalsSchemaWith } from "./signals-schema.ts";
import { secretReferenceSchema } from "./secret-reference-schema.ts";
import { dataDoorSchema } from "./data-doors-schema.ts";
import { tunnelSchema } from "./tunnels-schema.ts";
import { egressSchema } from "./egress-schema.ts";

const seconds = (least: number, most: number) => z.int().min(least).max(most);
const milliseconds = (least: number, most: number) => z.int().min(least).max(most);

const credentialSchema = z.strictObject({
  header: text(credentialHeaderProblem).describe("Header that carries it, such as `authorization`."),
  prefix: z
    .string()
    .regex(/^[\x20-\x7e]{0,32}$/, "must be at most 32 printable characters")
    .default("")
    .describe("Put before the secret, such as `Bearer ` with its space."),
  secret: secretReferenceSchema,
});

const authenticationSchema = z.union(
  [
    z.strictObject({
      spiffe: z
        .string()
        .min(1)
        .max(2048)
        .describe("The component that must answer: its name, or its whole SPIFFE ID. Mutual TLS."),
    }),
    z.strictObject({
      webpki: z
        .strictObject({ caFile: filePath.describe("PEM file of the authorities to trust.") })
        .describe("Public certificates, from authorities of your own."),
    }),
    z.enum(["webpki", "loopback"]),
  ],
  { error: "must be `{ spiffe: COMPONENT }`, `webpki`, `{ webpki: { caFile: PATH } }` or `loopback`" },
);

const timeoutsSchema = z.strictObject({
  connectMs: milliseconds(100, 60_000).default(5_000).describe("For the connection and its TLS handshake."),
  firstByteMs: milliseconds(100, 3_600_000).default(120_000).describe("From the request's end to the answer's start."),
  idleMs: milliseconds(100, 3_600_000).default(60_000).describe("Between two pieces of the answer."),
});

export const upstreamSchema = z.strictObject({
  name: name.describe("Unique among the upstreams of its namespace."),
  namespace,
  url: text((value) => {
    const checked = parseUpstreamUrl(value);
    return "problem" in checked ? checked.problem : undefined;
  })
    .meta({ pattern: "^https?://" })
    .describe("`https://HOST[:PORT][/PATH]`; `http:` only on loopback."),
  external: z
    .boolean()
    .default(false)
    .describe("Outside the trust domain: every call is also an `egress`, recorded before it leaves."),
  authentication: authenticationSchema.describe(
    "How the upstream proves itself: mutual TLS with a component, public certificates, or being on this machine.",
  ),
  credential: credentialSchema.optional().describe("Put into each forwarded request in place of the client's own."),
  timeouts: timeoutsSchema.prefault({}).describe("When to give up on it."),
});

// oxlint-disable-next-line no-control-regex
const modelName = z.string().regex(/^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,254}[^\x00-\x20\x7f])?$/, {
  error: "must be a model name of at most 256 characters, without control characters or outer spaces",
});

const modelTargetSchema = z.strictObject({
  component: reference.describe("The registered model or endpoint that policy decides on."),
  upstream: reference.describe("Where it is served."),
  upstreamModel: modelName.optional().describe("Its name at the upstream, where that differs."),
  fallback: modelName.optional().describe("The model of this route that answers when the upstream cannot."),
});

const routeBase = {
  name: name.describe("Unique among the routes of its namespace."),
  namespace,
  path: text(routePathProblem)
    .meta({ pattern: "^/" })
    .describe("Path prefix on the gateway, such as `/v1`; the longest one wins, by whole segments."),
  maxBodyBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .optional()
    .describe("Largest request body. Default: `gateway.limits.bodyBytes`."),
  mode: z.enum(modes).optional().describe("What a policy's denial does on this route. Default: the file's `mode`."),
  stepUpHoldSeconds: z
    .int()
    .min(0)
    .max(300)
    .default(0)
    .describe("How long a call waits where policy wants the person to step up first; 0 refuses at once (401)."),
  inspection: z
    .union([z.literal("off"), inspectionSchema], { error: "must be `off`, or fields as under `inspection`" })
    .optional()
    .describe("Inspection of what passes on this route, or `off`. Default: the file's `inspection`, whole."),
};

const modelFields = {
  models: z
    .record(modelName, modelTargetSchema)
    .refine((models) => Object.keys(models).length > 0, "must name at least one model")
    .describe("Model names that clients may ask for."),
};

export const routeSchema = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ ...routeBase, kind: z.literal("openai").describe("The OpenAI API."), ...modelFields }),
    z.strictObject({ ...routeBase, kind: z.literal("anthropic").describe("The Anthropic API."), ...modelFields }),
    z.strictObject({
      ...routeBase,
      kind: z.literal("http").describe("Any other HTTP API."),
      resource: reference.describe("The component that policy decides on."),
      upstream: reference.describe("Where it is served."),
      actions: z
        .record(z.string().regex(/^[A-Z]{1,32}$/, "must be an HTTP method in upper case"), z.enum(actions))
        .refine((methods) => Object.keys(methods).length > 0, "must name at least one method")
        .describe("The action that each HTTP method stands for; a method not listed is refused."),
      fallback: z
        .strictObject({
          resource: reference.describe("The component that policy decides on then."),
          upstream: reference.describe("Where it is served. It must understand the same requests."),
        })
        .optional()
        .describe("Who answers where the resource's model may not serve, or its upstream cannot."),
    }),
    z.strictObject({ ...routeBase, ...mcpFields }),
    z.strictObject({ ...routeBase, ...s3Fields }),
  ],
  { error: "must be one of `openai`, `anthropic`, `http`, `mcp`, `s3`" },
);

export const policySchema = z.union(
  [
    z.strictObject({
      name: name.optional().describe("Default: the file's name without its ending."),
      namespace,
      file: filePath.describe("A file of Cedar text, at most 256 KiB."),
    }),
    z.strictObject({
      name: name.optional().describe("Default: `inline`."),
      namespace,
      text: z.string().min(1).max(262_144).describe("Cedar text."),
    }),
  ],
  { error: "must be a policy with exactly one of `file` and `text`" },
);

const storeUrl = text((value) => {
  if (/^sqlite:[^\s]*$/.test(value) || /^postgres(?:ql)?:\/\/[^\s]+$/.test(value)) return undefined;
  return "must be `sqlite:`, `sqlite:PATH` or `postgres://...`";
});

const rootKeySourceSchema = z.union(
  [
    z.strictObject({ file: filePath.describe("A 0600 file in the state folder; for trying things out only.") }),
    z.strictObject({ passphrase: secretReferenceSchema }),
    z.strictObject({
      systemdCredential: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,128}$/, "must be the name of a systemd credential")
        .describe("Name of a credential that systemd passes to the service."),
    }),
  ],
  { error: "must be `{ file: PATH }`, `{ passphrase: {env: NAME} }` or `{ systemdCredential: NAME }`" },
);

const keysSchema = z.strictObject({
  root: rootKeySourceSchema.default({ file: "root.key" }).describe("The key that all other keys are encrypted with."),
  also: z
    .array(rootKeySourceSchema)
    .max(4)
    .default([])
    .describe("Root keys in use before: what they sealed is opened, and sealed anew under `root` at the next start."),
});

const consoleSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Whether the web console is served at all."),
    listen: text((value) => {
      const checked = parseListenAddress(value);
      return "problem" in checked ? checked.problem : undefined;
    })
      .default("127.0.0.1:8440")
      .describe("Where it is served. Plain HTTP on a loopback address only; elsewhere it takes `tls` and `origin`."),
    origin: text(originProblem)
      .meta({ pattern: "^https?://" })
      .optional()
      .describe("What browsers have in the address bar, such as `https://console.bank.example`. Default: `localhost`."),
    tls: z
      .strictObject({
        certFile: filePath.describe("PEM file: the certificate that browsers trust for `origin`, and its chain."),
        keyFile: filePath.describe("PEM file of its private key; not readable by everybody."),
      })
      .optional()
      .describe("The certificate of the console; read again when the files change."),
  })
  .superRefine((value, context) => {
    for (const { path, message } of consoleProblems(value)) context.addIssue({ code: "custom", path: [path], message });
  });

const operationsSchema = z.strictObject({
  listen: text((value) => {
    const checked = parseListenAddress(value);
    if ("problem" in checked) return checked.problem;
    return isLoopbackHost(checked.ok.host)
      ? undefined
      : "must be on loopback: it is plain HTTP and asks nobody who they are";
  })
    .default("127.0.0.1:8441")
    .describe("A loopback address; plain HTTP."),
});

const upstreamAuthoritySchema = z
  .strictObject({
    certFile: filePath.describe("PEM file: its certificate, then those between it and the root."),
    keyFile: filePath.optional().describe("PEM file of its private key: P-256, P-384 or RSA."),
    key: z
      .string()
      .regex(/^pkcs11:/, "must be a `pkcs11:` URI (RFC 7512); a file is `keyFile`")
      .max(2_048)
      .optional()
      .describe(
        "Its private key in a security module: a `pkcs11:` URI with `module-path` and `pin-source` (RFC 7512).",
      ),
    bundleFile: filePath.optional().describe("PEM file of the roots. Default: the last certificate of `certFile`."),
  })
  .refine(
    ({ keyFile, key }) => (keyFile === undefined) !== (key === undefined),
    "needs `keyFile` or `key`, and one only",
  );

export const configurationSchema = z.strictObject({
  version: z.literal(1, { error: "must be 1" }).describe("Version of this format."),
  trustDomain: trustDomainName.describe(
    "The SPIFFE trust domain, such as `bank.example`. Every identity is part of it.",
  ),
  state: filePath.default("./state").describe("Folder for database, keys and ledger; relative to this file."),
  store: z
    .strictObject({
      url: z
        .union([storeUrl, secretReferenceSchema], {
          error: "must be `sqlite:`, `sqlite:PATH`, `postgres://...` or a secret reference such as `{ env: NAME }`",
        })
        .default("sqlite:")
        .describe("`sqlite:` is `cordon.db` in the state folder. A URL with a password comes by secret reference."),
    })
    .prefault({})
    .describe("Where state is kept."),
  keys: keysSchema.prefault({}).describe("What protects the keys on disk."),
  staleness: z
    .strictObject({
      limitSeconds: seconds(1, 86_400)
        .default(60)
        .describe("A gateway that has not heard from the control plane for longer denies everything."),
    })
    .prefault({})
    .describe("How old knowledge may be."),
  gateway: gatewaySchema.prefault({}).describe("The enforcement point."),
  console: consoleSchema.prefault({}).describe("The web console; a one-time code pairs a browser with it."),
  people: peopleSchema.prefault({}).describe("How people sign in, and what administrators need for it."),
  oauth: oauthSchema
    .optional()
    .describe("Programs that act for people, with tokens bound to keys. Without it, none. See docs/oauth.md."),
  grants: z
    .array(grantRuleSchema)
    .max(1_000)
    .default([])
    .describe("Who may ask for what, for how long, and who approves it. The first rule that fits a request counts."),
  operations: operationsSchema
    .optional()
    .describe("Where `/healthz`, `/readyz` and `/metrics` are answered. Without it, nowhere."),
  agents: agentsSchema
    .optional()
    .describe("Where `cordon agent` of other machines reaches this control plane. Without it, nowhere."),
  doors: doorsSchema
    .optional()
    .describe("Where other enforcement points ask for decisions, by AuthZEN or ext_authz. Without it, nowhere."),
  policyShadow: policyShadowSchema.optional().describe("Compares the compiled policy engine with Cedar's own."),
  modelAdmission: modelAdmissionSchema
    .optional()
    .describe("Who may admit models. Without it no component that states a `modelDigest` serves."),
  federation: federationSchema.optional().describe("Other trust domains, and where they find our bundle."),
  events: z
    .array(eventSinkSchema)
    .max(16)
    .default([])
    .describe("Where the ledger's entries go as OCSF events, for a SIEM. Each sink gets all of them."),
  ledger: z
    .strictObject({
      checkpoints: z
        .strictObject({
          everySeconds: seconds(1, 3_600).default(1).describe("How often the log's head is signed, if it grew."),
          files: z.array(filePath).max(16).default([]).describe("Folders outside `state` that get a copy of each."),
        })
        .prefault({})
        .describe("Signed heads of the log."),
    })
    .prefault({})
    .describe("The record of everything."),
  identity: z
    .strictObject({
      svidTtlSeconds: seconds(10, 86_400).default(3_600).describe("Life of an X.509-SVID; renewed at half."),
      jwtTtlSeconds: seconds(10, 300).default(300).describe("Life of a JWT-SVID."),
      upstreamAuthority: upstreamAuthoritySchema
        .optional()
        .describe("An authority of the company's under which our issuers stand. Default: a root of our own."),
    })
    .prefault({})
    .describe("How long issued identities live."),
  mode: z
    .enum(modes)
    .default("enforce")
    .describe(
      "What a policy's denial does: `enforce` refuses the call; `observe` lets it through and records that it would have been refused.",
    ),
  inspection: fileInspectionSchema
    .optional()
    .describe(
      "Inspection of prompts and answers on every route that does not say otherwise. Without it there is none.",
    ),
  components: z.array(componentSchema).default([]).describe("Everything that has an identity."),
  upstreams: z.array(upstreamSchema).default([]).describe("What the gateway forwards to."),
  routes: z.array(routeSchema).default([]).describe("What the gateway serves."),
  tunnels: z.array(tunnelSchema).default([]).describe("TCP between components, through the gateway (`cordon tunnel`)."),
  dataDoors: z
    .array(dataDoorSchema)
    .default([])
    .describe("Data stores whose protocol the gateway speaks. See docs/data-doors.md."),
  egress: egressSchema.optional().describe("What outside may be reached by `cordon run`'s proxy. See docs/egress.md."),
  policies: z.array(policySchema).default([]).describe("Cedar policies. Without one, everything is denied."),
  windows: z.array(windowSchema).max(1_000).default([]).describe("Named recurring times that policies can speak of."),
  risk: riskSchemaWith(secretReferenceSchema)
    .prefault({})
    .describe("How risky a request is: weights, tiers, and lists of networks and threats. See docs/risk.md."),
  incidents: incidentsSchema.prefault({}).describe("What opens an incident by itself. See docs/risk.md."),
  informationFlow: informationFlowSchema
    .optional()
    .describe("What a session has read decides what it may still do. Without it nobody follows that."),
  signals: signalsSchemaWith(secretReferenceSchema)
    .optional()
    .describe("Shared signals from and to other systems, and device management. Without it, none."),
  boundaries: boundariesSchema.prefault({}).describe("The four boundaries: what no permit is stronger than."),
});
