/**
 * Envoy's external authorization, v3. In: an Envoy that proved itself as an enforcement point, and a check. Out: go on, or
 * the refusal that Envoy sends to its caller, with why.
 *
 * Which component is asked for comes from Envoy's route configuration (`context_extensions`: `cordon.resource`, and
 * `cordon.action` where the method does not say it), never from a path or a header that a client could bend.
 */
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter, ContextValues } from "@connectrpc/connect";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { delegationHeader } from "@cordon/core/identity/delegation";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { answerFor, type Asked, type Asker, type DecisionPointDeps } from "./decision-point.ts";
import { byReference, mapAction, mapEntity } from "./foreign-names.ts";
import { headerValues, principalFromCertificate, principalFromHeader } from "./forwarded-client.ts";
import {
  Authorization,
  CheckResponseSchema,
  type AttributeContext,
  type CheckRequest,
  type CheckResponse,
} from "./proto/generated/external_auth_pb.ts";

export const checkPath = "/envoy.service.auth.v3.Authorization/";

/** Codes of gRPC: OK, PERMISSION_DENIED, UNAUTHENTICATED. */
const codes = { ok: 0, denied: 7, unauthenticated: 16 } as const;

/** @param askerOf who asks, of a call's context; it throws where that is no enforcement point that may */
export function extAuthzRoutes(
  deps: DecisionPointDeps,
  askerOf: (context: { readonly values: ContextValues }) => Asker,
): (router: ConnectRouter) => void {
  return (router) =>
    void router.service(Authorization, {
      check: (request, context) => check(deps, askerOf(context), request),
    });
}

/** Answers one check. */
export async function check(
  deps: DecisionPointDeps,
  asker: Asker,
  { attributes }: CheckRequest,
): Promise<CheckResponse> {
  if (attributes === undefined) return refusal(codes.denied, 403, "the check says nothing of the request", "");
  let asked: Asked;
  try {
    asked = questionOf(deps, asker, attributes);
  } catch (error) {
    if (!isCordonError(error)) throw error;
    return refusal(codes.unauthenticated, 401, error.message, "");
  }
  const { id, decision } = await answerFor(deps, asker, asked);
  if (decision.effect === "allow") return permission(id, decision.obligations);
  const words = decision.reasons.map((reason) => reason.words).join("; ");
  return refusal(codes.denied, 403, words, id);
}

/** @throws {CordonError} where nobody proved who calls */
function questionOf({ snapshots, now }: DecisionPointDeps, { point }: Asker, attributes: AttributeContext): Asked {
  const snapshot = snapshots.current();
  const { settings, component } = point;
  const principal =
    settings.principalFrom === "certificate"
      ? principalFromCertificate(attributes, snapshot, now())
      : principalFromHeader(attributes, component.id);
  const http = attributes.request?.http;
  const method = http?.method ?? "";
  const { contextExtensions } = attributes;
  return {
    principal,
    action: mapAction(point, contextExtensions["cordon.action"] ?? method),
    resource: resourceOf(point, contextExtensions["cordon.resource"] ?? settings.resource ?? "", snapshot),
    claims: requestClaims(method, http?.host ?? "", http?.path ?? ""),
    method,
    protocol: "ext_authz",
    stated: {
      delegation: only(http, delegationHeader),
      user: settings.userHeader === undefined ? undefined : only(http, settings.userHeader),
    },
  };
}

/** A header's one value. @throws {CordonError} `IDENTITY_REQUIRED` where there are several */
function only(http: Parameters<typeof headerValues>[0], name: string): string | undefined {
  const values = headerValues(http, name);
  if (values.length <= 1) return values[0];
  throw new CordonError("IDENTITY_REQUIRED", `there are several \`${name}\` headers: which is meant nobody knows`);
}

function resourceOf(point: Asker["point"], reference: string, snapshot: Snapshot): Asked["resource"] {
  const named = /^[a-z0-9-]+(?:\/[a-z0-9-]+)?$/.test(reference) ? byReference(reference, snapshot) : undefined;
  return named?.id ?? mapEntity(point, "resources", { type: "component", id: reference, properties: {} }, snapshot).id;
}

/** A path is claimed only where no server reads it in another way; a request with any other is denied. */
function requestClaims(method: string, host: string, path: string): readonly string[] | undefined {
  const [plain = ""] = path.split("?");
  const canonical = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@-]*)+$/.test(plain) && !/\/\.{1,2}(?:\/|$)|\/\//.test(plain);
  if (!canonical || plain.length > 280 || host.length > 255 || method.length > 32) return undefined;
  return [`method=${method}`, `host=${host.toLowerCase()}`, `path=${plain}`];
}

function permission(id: string, obligations: readonly { readonly kind: string }[]): CheckResponse {
  return create(CheckResponseSchema, {
    status: { code: codes.ok },
    httpResponse: { case: "okResponse", value: { headers: [decisionHeader(id)] } },
    ...(obligations.length === 0
      ? {}
      : { dynamicMetadata: { "cordon.obligations": obligations.map(({ kind }) => kind) } }),
  });
}

function refusal(code: number, status: number, words: string, id: string): CheckResponse {
  const body = `Cordon refuses this: ${words}${id === "" ? "" : ` (${id})`}\n`;
  return create(CheckResponseSchema, {
    status: { code, message: words.slice(0, 1_000) },
    httpResponse: {
      case: "deniedResponse",
      value: { status: { code: status }, headers: id === "" ? [] : [decisionHeader(id)], body },
    },
  });
}

/** It takes the place of a header that a client sent by this name. */
function decisionHeader(id: string) {
  return { header: { key: "x-cordon-decision", value: id }, append: false };
}
