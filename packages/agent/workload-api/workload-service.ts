/**
 * The SPIFFE Workload API. In: attested callers, the SVID cache, the node's state. Out: X.509-SVIDs, JWT-SVIDs and
 * bundles, as gRPC.
 *
 * Each message of a stream is the whole truth: what is absent is withdrawn. The first comes at once, the next when
 * something changed. A caller without a registration gets PermissionDenied, also in mid-stream when it loses its last.
 *
 * @see SPIFFE Workload API, sections 4 to 6; Workload Endpoint, sections 4 and 6
 */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { isCordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { verifyJwtSvid } from "@cordon/core/identity/jwt-svid";
import { parseTokenJson, parseJws } from "@cordon/core/identity/jws";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { CallerFacts } from "../attestation/attest.ts";
import {
  JWTBundlesResponseSchema,
  JWTSVIDResponseSchema,
  ValidateJWTSVIDResponseSchema,
  X509BundlesResponseSchema,
  X509SVIDResponseSchema,
  type SpiffeWorkloadAPI,
  type X509SVIDResponse,
} from "../proto/generated/workload_pb.ts";
import type { Entitlement } from "./callers.ts";
import { callerKey } from "./endpoint.ts";
import type { Workloads } from "./workloads.ts";

/** @param now for tokens that are validated here */
export function workloadService(workloads: Workloads, now: () => Instant): ServiceImpl<typeof SpiffeWorkloadAPI> {
  return {
    async *fetchX509SVID(_request, context) {
      const facts = await callerOf(context);
      yield* workloads.stream(facts, context.signal, async (entitled) => x509Response(workloads, entitled));
    },
    async *fetchX509Bundles(_request, context) {
      const facts = await callerOf(context);
      yield* workloads.stream(facts, context.signal, () =>
        Promise.resolve(create(X509BundlesResponseSchema, { bundles: bundlesOf(workloads, (one) => derOf(one)) })),
      );
    },
    async fetchJWTSVID({ audience, spiffeId }, context) {
      const facts = await callerOf(context);
      if (audience.length === 0 || audience.includes(""))
        throw new ConnectError("name at least one audience, and none that is empty", Code.InvalidArgument);
      const audiences = [...new Set(audience)];
      const entitled = workloads
        .entitledOf(facts)
        .filter(({ workload }) => spiffeId === "" || workload.id === spiffeId);
      const allowed = entitled.filter(({ workload }) => workload.bearerTokens);
      if (allowed.length === 0) throw noTokens(entitled.length > 0);
      const svids = [];
      for (const { workload, hint } of allowed) {
        const { token } = await asRpc(workloads.token(workload.id, audiences));
        svids.push({ spiffeId: workload.id, svid: token, hint });
      }
      return create(JWTSVIDResponseSchema, { svids });
    },
    async *fetchJWTBundles(_request, context) {
      const facts = await callerOf(context);
      yield* workloads.stream(facts, context.signal, () =>
        Promise.resolve(create(JWTBundlesResponseSchema, { bundles: bundlesOf(workloads, jwksOf) })),
      );
    },
    async validateJWTSVID({ audience, svid }, context) {
      const facts = await callerOf(context);
      if (audience === "" || svid === "")
        throw new ConnectError("audience and svid are required", Code.InvalidArgument);
      if (workloads.entitledOf(facts).length === 0) throw workloads.denied(facts);
      const { bundles, revocations } = workloads.state();
      try {
        const { id } = verifyJwtSvid(svid, { bundles, revocations, audience, now: now() });
        const claims = parseTokenJson(parseJws(svid).payload, "payload");
        return create(ValidateJWTSVIDResponseSchema, { spiffeId: id, claims });
      } catch (error) {
        if (isCordonError(error)) throw new ConnectError(error.message, Code.InvalidArgument);
        throw error;
      }
    },
  };
}

/** The attested caller; refuses first whoever did not mean to call (a browser, a confused proxy). */
async function callerOf(context: HandlerContext): Promise<CallerFacts> {
  if (context.requestHeader.get("workload.spiffe.io") !== "true")
    throw new ConnectError("the metadata `workload.spiffe.io: true` is missing", Code.InvalidArgument);
  return context.values.get(callerKey)();
}

async function x509Response(
  workloads: Workloads,
  entitled: readonly Entitlement[],
): Promise<X509SVIDResponse | undefined> {
  const { bundles, trustDomain } = workloads.state();
  const own = bundles.get(trustDomain);
  const svids = entitled.flatMap(({ workload, hint }) => {
    const svid = workloads.svid(workload.id);
    if (svid === undefined || own === undefined) return [];
    const { chain, keyDer } = svid;
    return [{ spiffeId: svid.id, x509Svid: concat(chain), x509SvidKey: keyDer, bundle: derOf(own), hint }];
  });
  if (svids.length === 0) return undefined;
  const federatedBundles = bundlesOf(workloads, (bundle) => (bundle === own ? undefined : derOf(bundle)));
  return create(X509SVIDResponseSchema, { svids, federatedBundles });
}

function bundlesOf(
  workloads: Workloads,
  encode: (bundle: TrustBundle) => Uint8Array | undefined,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    [...workloads.state().bundles].flatMap(([trustDomain, bundle]) => {
      const encoded = encode(bundle);
      return encoded === undefined ? [] : [[parseSpiffeId(`spiffe://${trustDomain}`), encoded] as const];
    }),
  );
}

function derOf({ x509Authorities }: TrustBundle): Uint8Array {
  return concat(x509Authorities);
}

/** Token keys alone (Workload API, 5.2.2: no X.509 authorities among them). */
function jwksOf(bundle: TrustBundle): Uint8Array {
  const { keys } = bundleDocument({ ...bundle, x509Authorities: [] });
  return Buffer.from(JSON.stringify({ keys }));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function noTokens(registered: boolean): ConnectError {
  return new ConnectError(
    registered
      ? "this workload may not use bearer tokens; use its X.509-SVID, or set `bearerTokens: true` on its component"
      : "no identity issued",
    Code.PermissionDenied,
  );
}

async function asRpc<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (!isCordonError(error)) throw error;
    const code = error.code === "CONTROL_UNREACHABLE" ? Code.Unavailable : Code.PermissionDenied;
    throw new ConnectError(error.message, code);
  }
}
