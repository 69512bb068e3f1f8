/**
 * Envoy's secret discovery service, version 3, on the same socket. In: attested callers and the workloads. Out: the
 * caller's SVID as a TLS certificate, and trust bundles as validation contexts, pushed again when they change.
 *
 * Names: `default`, or an SVID's SPIFFE ID, for the certificate; `ROOTCA`, or `spiffe://<trust domain>`, for a bundle,
 * each trust domain's by itself. With no names, everything. Envoy verifies chains by a bundle, and names by
 * `match_typed_subject_alt_names`; the other trust domains' bundles are never pooled with ours.
 *
 * @see Envoy API v3: service/secret/v3/sds.proto, service/discovery/v3/discovery.proto
 */
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { toPem } from "@cordon/core/identity/tls";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { CallerFacts } from "../attestation/attest.ts";
import {
  DiscoveryResponseSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from "../proto/generated/discovery_pb.ts";
import type { SecretDiscoveryService } from "../proto/generated/secret_pb.ts";
import { SecretSchema } from "../proto/generated/tls_pb.ts";
import type { HeldSvid } from "../node/svid-cache.ts";
import type { Entitlement } from "../workload-api/callers.ts";
import { callerKey } from "../workload-api/endpoint.ts";
import type { Workloads } from "../workload-api/workloads.ts";

type SecretInit = MessageInitShape<typeof SecretSchema>;

const secretType = `type.googleapis.com/${SecretSchema.typeName}`;
const maxNames = 64;

export function sdsService(workloads: Workloads): ServiceImpl<typeof SecretDiscoveryService> {
  return {
    async *streamSecrets(requests, context) {
      const facts = await callerOf(context);
      yield* subscribe(workloads, facts, requests, context.signal);
    },
    async fetchSecrets(request, context) {
      const facts = await callerOf(context);
      const names = namesOf(request);
      for await (const secrets of workloads.stream(facts, context.signal, (entitled) =>
        Promise.resolve(secretsFor(workloads, entitled, names)),
      ))
        return responseOf(secrets, 1);
      throw new ConnectError("no identity issued", Code.PermissionDenied);
    },
    deltaSecrets() {
      throw new ConnectError("incremental discovery is not served; use StreamSecrets", Code.Unimplemented);
    },
  };
}

function callerOf(context: HandlerContext): Promise<CallerFacts> {
  return context.values.get(callerKey)();
}

/**
 * One subscription. A request with other names than before is answered at once; one that acknowledges, or refuses, what
 * was sent (it carries our nonce) is not an occasion to send the same again.
 */
async function* subscribe(
  workloads: Workloads,
  facts: CallerFacts,
  requests: AsyncIterable<DiscoveryRequest>,
  signal: AbortSignal,
): AsyncGenerator<DiscoveryResponse> {
  const incoming = requests[Symbol.asyncIterator]();
  const first = await incoming.next();
  if (first.done === true) return;
  let names = namesOf(first.value);
  let version = 0;
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  let renamed: (() => void) | undefined;
  const listening = (async () => {
    for (let next = await incoming.next(); next.done !== true; next = await incoming.next()) {
      const wanted = namesOf(next.value);
      if (wanted.join("\n") === names.join("\n")) continue;
      names = wanted;
      renamed?.();
    }
  })();
  // A subscription that was closed, or that sent nonsense, ends.
  void listening.catch(() => undefined).finally(() => ended.abort());
  while (!either.aborted) {
    const again = new AbortController();
    renamed = () => again.abort();
    const asked = names;
    const stream = workloads.stream(facts, AbortSignal.any([either, again.signal]), (entitled) =>
      Promise.resolve(secretsFor(workloads, entitled, asked)),
    );
    for await (const secrets of stream) {
      if (again.signal.aborted) break;
      yield responseOf(secrets, ++version);
    }
    if (!again.signal.aborted) return;
  }
}

function namesOf({ typeUrl, resourceNames }: DiscoveryRequest): readonly string[] {
  if (typeUrl !== "" && typeUrl !== secretType)
    throw new ConnectError(`this serves ${secretType} alone`, Code.InvalidArgument);
  if (resourceNames.length > maxNames) throw new ConnectError(`at most ${maxNames} names`, Code.InvalidArgument);
  return resourceNames;
}

interface Secrets {
  readonly secrets: readonly SecretInit[];
}

/** The secrets of these names that the caller may have; `undefined` while its SVID is not there yet. */
function secretsFor(
  workloads: Workloads,
  entitled: readonly Entitlement[],
  names: readonly string[],
): Secrets | undefined {
  const svids = entitled.flatMap(({ workload }) => workloads.svid(workload.id) ?? []);
  const [first] = svids;
  const { bundles, trustDomain } = workloads.state();
  const own = bundles.get(trustDomain);
  if (first === undefined || own === undefined) return undefined;
  const known = new Map<string, SecretInit>([
    ...svids.map((svid) => [svid.id, certificateSecret(svid.id, svid)] as const),
    ...[...bundles].map(
      ([domain, bundle]) => [`spiffe://${domain}`, bundleSecret(`spiffe://${domain}`, bundle)] as const,
    ),
  ]);
  if (names.length === 0) return { secrets: [...known.values()] };
  known.set("default", certificateSecret("default", first));
  known.set("ROOTCA", bundleSecret("ROOTCA", own));
  return {
    secrets: names.map((name) => {
      const secret = known.get(name);
      if (secret === undefined)
        throw new ConnectError(
          `\`${name.slice(0, 200)}\` is no secret of this workload; ask for default, ROOTCA or a SPIFFE ID of its own`,
          Code.InvalidArgument,
        );
      return secret;
    }),
  };
}

function certificateSecret(name: string, svid: HeldSvid): SecretInit {
  const key = svid.key.export({ type: "pkcs8", format: "pem" }).toString();
  const value = { certificateChain: inline(svid.chain.map(toPem).join("")), privateKey: inline(key) };
  return { name, type: { case: "tlsCertificate", value } };
}

function bundleSecret(name: string, { x509Authorities }: TrustBundle): SecretInit {
  return {
    name,
    type: { case: "validationContext", value: { trustedCa: inline(x509Authorities.map(toPem).join("")) } },
  };
}

function inline(text: string) {
  return { specifier: { case: "inlineBytes", value: new Uint8Array(Buffer.from(text)) } } as const;
}

function responseOf({ secrets }: Secrets, version: number): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    versionInfo: String(version),
    nonce: String(version),
    typeUrl: secretType,
    resources: secrets.map((secret) => ({
      typeUrl: secretType,
      value: toBinary(SecretSchema, create(SecretSchema, secret)),
    })),
  });
}
