/**
 * What the store keeps, kind by kind. In: a stored object's `value`, which is `unknown`. Out: its typed form, or
 * `STORE_CORRUPT` naming the object. References are always `namespace/name`; file paths are absolute.
 *
 * The value of a `revocation` belongs to the authority and is read there.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { componentSchema, labelsSchema } from "@cordon/core/contract/component-schema";
import { s3Actions } from "@cordon/core/contract/s3-schema";
import { secretReferenceSchema } from "@cordon/core/contract/secret-reference-schema";
import { toolName, toolPin } from "@cordon/core/contract/mcp-schema";
import { askable } from "@cordon/core/mcp/methods";
import { storedInspection } from "@cordon/core/contract/inspection-schema";
import { egressDestinationSchema, interceptSchema } from "@cordon/core/contract/egress-schema";
import { tunnelSchema } from "@cordon/core/contract/tunnels-schema";
import { windowFields } from "@cordon/core/contract/segmentation-schema";
import { actions, boundaries, integrities, modes, sensitivities } from "@cordon/core/contract/vocabulary";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { postureValue } from "@cordon/core/contract/device-api";
import { reportedLevels } from "@cordon/core/risk/subject";
import { defaultWeights, riskSignalNames, type RiskSignalName } from "@cordon/core/risk/settings";
import type { ObjectKey, StoredObject } from "../store/state-store.ts";

export const objectKinds = [
  "component",
  "upstream",
  "route",
  "tunnel",
  "data-door",
  "egress",
  "policy",
  "setting",
  "federation",
  "bundle",
  "revocation",
  "isolation",
  "reroute",
  "window",
  "exception",
  "grant-rule",
  "user",
  "session",
  "oauth-client",
  "disabled-client",
  "token-issuer",
  "foreign-issuer",
  "grant",
  "device",
  "subject",
  "threats",
  "incident",
] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** The kinds that `cordon.yaml` writes. */
export const configuredKinds = [
  "component",
  "upstream",
  "route",
  "tunnel",
  "data-door",
  "egress",
  "policy",
  "setting",
  "federation",
  "window",
  "exception",
  "grant-rule",
  "oauth-client",
  "foreign-issuer",
] as const;

const qualifiedName = z.string().regex(/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/, "must be `namespace/name`");

export const componentValue = componentSchema.omit({ name: true, namespace: true }).extend({
  labels: labelsSchema.extend({ sensitivity: z.enum(sensitivities) }),
  serves: z.array(qualifiedName).default([]),
  holds: z.array(qualifiedName).default([]),
});
const spiffeId = z.string().startsWith("spiffe://").max(2048);

const upstreamAuthentication = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("spiffe"), peer: qualifiedName }),
  z.strictObject({ kind: z.literal("webpki"), caFile: z.string().min(1).exactOptional() }),
  z.strictObject({ kind: z.literal("loopback") }),
]);

export const upstreamValue = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  external: z.boolean(),
  authentication: upstreamAuthentication,
  credential: z.strictObject({ header: z.string(), prefix: z.string(), secret: secretReferenceSchema }).exactOptional(),
  timeouts: z.strictObject({
    connectMs: z.int().positive(),
    firstByteMs: z.int().positive(),
    idleMs: z.int().positive(),
  }),
});

const modelTarget = z.strictObject({
  component: qualifiedName,
  upstream: qualifiedName,
  upstreamModel: z.string().exactOptional(),
  fallback: z.string().exactOptional(),
});

const routeBase = {
  path: z.string().startsWith("/"),
  maxBodyBytes: z.int().positive(),
  mode: z.enum(modes).default("enforce"),
  stepUpHoldSeconds: z.int().min(0).max(300).exactOptional(),
  inspection: storedInspection.exactOptional(),
};

export const routeValue = z.discriminatedUnion("kind", [
  z.strictObject({ ...routeBase, kind: z.enum(["openai", "anthropic"]), models: z.record(z.string(), modelTarget) }),
  z.strictObject({
    ...routeBase,
    kind: z.literal("http"),
    resource: qualifiedName,
    upstream: qualifiedName,
    actions: z.record(z.string(), z.enum(actions)),
    fallback: z.strictObject({ resource: qualifiedName, upstream: qualifiedName }).exactOptional(),
  }),
  z.strictObject({
    ...routeBase,
    kind: z.literal("mcp"),
    resource: qualifiedName,
    upstream: qualifiedName,
    pins: z.record(toolName, toolPin).exactOptional(),
    asks: z.array(z.enum(askable)).exactOptional(),
    headers: z.array(z.string()).exactOptional(),
    tools: z
      .record(
        toolName,
        z.strictObject({
          sensitivity: z.enum(sensitivities).exactOptional(),
          integrity: z.enum(integrities).exactOptional(),
          wayOut: z.boolean().exactOptional(),
        }),
      )
      .exactOptional(),
  }),
  z.strictObject({
    ...routeBase,
    kind: z.literal("s3"),
    upstream: qualifiedName,
    region: z.string(),
    accessKeyId: secretReferenceSchema,
    secretAccessKey: secretReferenceSchema,
    actions: s3Actions,
    datasets: z.array(z.strictObject({ bucket: z.string(), prefix: z.string(), resource: qualifiedName })),
  }),
]);

export const tunnelValue = tunnelSchema.omit({ name: true, namespace: true }).extend({ resource: qualifiedName });

export const egressValue = egressDestinationSchema.omit({ name: true, namespace: true }).extend({
  component: qualifiedName,
  intercept: interceptSchema.extend({ inspection: storedInspection.exactOptional() }).exactOptional(),
});

export type EgressObject = z.input<typeof egressValue>;

const doorDatabase = z.strictObject({
  name: z.string(),
  resource: qualifiedName,
  action: z.enum(["read", "write"]),
  database: z.string(),
  role: z.string(),
  password: secretReferenceSchema.exactOptional(),
});
export const doorValue = z.strictObject({
  kind: z.literal("postgres"),
  listen: z.string().exactOptional(),
  address: z.string(),
  authentication: upstreamAuthentication,
  administrator: z
    .strictObject({ role: z.string(), password: secretReferenceSchema, lifeSeconds: z.int().positive() })
    .exactOptional(),
  databases: z.array(doorDatabase).min(1),
  connectMs: z.int().positive(),
  idleMs: z.int().positive(),
});
export type DoorValue = z.input<typeof doorValue>;

/** `origin` is the policy file as the configuration names it, or `api`. */
export const policyValue = z.strictObject({ origin: z.string(), text: z.string() });

export const windowValue = windowFields;

export const exceptionValue = z.strictObject({
  boundary: z.enum(boundaries),
  principal: qualifiedName,
  resource: qualifiedName,
  actions: z.array(z.enum(actions)).min(1),
  owner: z.string().min(1),
  reason: z.string().min(1),
  expires: z.int(),
});

const boundaryMode = z.enum(modes);
/** Whether each boundary is enforced or only observed; in the namespace `default`. */
export const boundaryModesValue = z.strictObject({
  data: boundaryMode,
  model: boundaryMode,
  pipeline: boundaryMode,
  api: boundaryMode,
});
export const boundaryModesKey: ObjectKey = { kind: "setting", namespace: "default" as Namespace, name: "boundaries" };

/** How information flow is followed; in the namespace `default`. */
export const flowValue = z.strictObject({
  mode: z.enum(modes),
  private: z.enum(sensitivities),
  idleMs: z.int().positive(),
});
export const flowKey: ObjectKey = { kind: "setting", namespace: "default" as Namespace, name: "information-flow" };

const weight = z.number().min(0).max(1);
/** How signals weigh; in the namespace `default`. */
export const riskValue = z.strictObject({
  weights: z.strictObject(
    Object.fromEntries(riskSignalNames.map((signal) => [signal, weight.default(defaultWeights[signal])])) as Record<
      RiskSignalName,
      z.ZodDefault<z.ZodNumber>
    >,
  ),
  tiers: z.strictObject({ medium: weight, high: weight, critical: weight }),
  posture: z.strictObject({ maxAgeMs: z.int().positive(), patchAgeDays: z.int().positive() }),
  unusualHourShare: weight,
  leastObservations: z.int().positive(),
  travelKmPerHour: z.int().positive(),
});
export const riskKey: ObjectKey = { kind: "setting", namespace: "default" as Namespace, name: "risk" };

/** In the namespace `default`. */
export const stalenessValue = z.strictObject({ limitSeconds: z.int().positive() });
export const stalenessKey: ObjectKey = { kind: "setting", namespace: "default" as Namespace, name: "staleness" };

/** Named by its trust domain, in the namespace `default`. Certificates are base64 of their DER. */
export const bundleValue = z.strictObject({
  x509Authorities: z.array(z.base64()),
  jwtAuthorities: z.array(z.strictObject({ kid: z.string(), jwk: z.record(z.string(), z.string()) })),
  sequence: z.int().nonnegative(),
  refreshHintSeconds: z.int().nonnegative(),
  delegated: z.array(z.string()).exactOptional(),
});

/** Named by its trust domain, in the namespace `default`: where another trust domain's bundle comes from. */
export const federationValue = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  profile: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("https_web"), caFile: z.string().min(1).exactOptional() }),
    z.strictObject({
      kind: z.literal("https_spiffe"),
      endpointId: spiffeId,
      bundleFile: z.string().min(1).exactOptional(),
    }),
  ]),
});

/** Holds the whole id, so that an order outlives the registration of what it isolates. */
export const isolationValue = z.strictObject({ component: spiffeId, reason: z.string(), since: z.int() });
export const rerouteValue = z.strictObject({ from: spiffeId, to: spiffeId });

const reported = { source: z.string().max(256), reason: z.string().max(500), at: z.int() };

/** A device; its posture is what it, or its management, last reported. */
export const deviceValue = z.strictObject({
  keyFingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  /** Base64 of its key's SubjectPublicKeyInfo. */
  publicKey: z.base64().max(2048).exactOptional(),
  owner: z.string().min(1).max(2048).exactOptional(),
  managed: z.boolean(),
  enrolledAt: z.int(),
  posture: postureValue.exactOptional(),
  compliance: z.strictObject({ compliant: z.boolean(), source: z.string().max(256), at: z.int() }).exactOptional(),
  retired: z.strictObject({ at: z.int(), reason: z.string().max(500) }).exactOptional(),
});

/** What other systems report of a person or workload; named by the SHA-256 of its entity id. */
export const subjectValue = z.strictObject({
  subject: z.string().min(1).max(2048),
  reported: z.strictObject({ level: z.enum(reportedLevels), ...reported, until: z.int() }).exactOptional(),
  sessionsRevoked: z.strictObject(reported).exactOptional(),
  credentialChanged: z.strictObject(reported).exactOptional(),
});

export type DeviceValue = z.output<typeof deviceValue>;
export type SubjectValue = z.output<typeof subjectValue>;
export type ComponentValue = z.output<typeof componentValue>;
export type ExceptionValue = z.output<typeof exceptionValue>;
export type UpstreamValue = z.output<typeof upstreamValue>;
export type RouteValue = z.output<typeof routeValue>;
export type PolicyValue = z.output<typeof policyValue>;
export type BundleValue = z.output<typeof bundleValue>;
export type FederationValue = z.output<typeof federationValue>;
export type IsolationValue = z.output<typeof isolationValue>;
export type RerouteValue = z.output<typeof rerouteValue>;

/** `namespace/name`: how objects of one kind refer to objects of another. */
export function qualifiedNameOf(key: Pick<ObjectKey, "namespace" | "name">): string {
  return `${key.namespace}/${key.name}`;
}

/** An object in words, for messages: `component default/chat`. */
export function describeObject(key: ObjectKey): string {
  return `${key.kind} ${qualifiedNameOf(key)}`;
}

/**
 * Reads a stored value.
 *
 * @throws {CordonError} `STORE_CORRUPT` naming the object and the first field that does not fit
 */
export function readValue<S extends z.ZodType>(schema: S, object: StoredObject): z.output<S> {
  const parsed = schema.safeParse(object.value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue && issue.path.length > 0 ? ` at \`${issue.path.join(".")}\`` : "";
  throw invalidObject(object, `its value does not fit${field}: ${issue?.message ?? "unknown"}`);
}

export function invalidObject(key: ObjectKey, why: string): CordonError {
  return new CordonError("STORE_CORRUPT", `${describeObject(key)} cannot be used: ${why}`);
}
