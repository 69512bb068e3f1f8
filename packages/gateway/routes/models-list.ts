/**
 * Which models may I use? Answered from the registry rather than from an upstream: the names on a route are the
 * gateway's own, and a principal sees those that policy lets it use now. In: a plan. Out: a list in the API's shape.
 */
import type { ServerResponse } from "node:http";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { decide } from "@cordon/core/policy/decide";
import type { Signals } from "@cordon/core/policy/decision";
import type { ModelRoute, Snapshot } from "@cordon/core/policy/snapshot";
import { accessRequestOf, namespaceOf } from "../admission.ts";
import { answerJson, receiptHeaders } from "../answer.ts";
import { personBehind } from "../listener/acting-for.ts";
import type { Caller } from "../listener/caller.ts";
import type { GatewayLedger } from "../ports.ts";

export interface ModelsQuestion {
  readonly id: string;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly route: ModelRoute;
  /** One name, or all. */
  readonly only: string | undefined;
}

/** @throws {CordonError} `ROUTE_UNKNOWN` where the one model asked for cannot be seen */
export async function listModels(
  ledger: GatewayLedger,
  question: ModelsQuestion,
  snapshot: Snapshot,
  signals: Signals,
  now: Instant,
): Promise<void> {
  const { id, response, caller, route, only } = question;
  const visible = [...route.models].filter(([name, target]) => {
    if (only !== undefined && name !== only) return false;
    const intent = {
      action: "infer",
      resource: target.component,
      upstream: target.upstream,
      upstreamPath: "",
      stream: false,
      uses: [],
    } as const;
    return decide(snapshot, accessRequestOf(caller, intent, route, "POST"), signals, now).effect === "allow";
  });
  const index = await ledger.append({
    v: 1,
    kind: "discovery",
    at: now,
    id,
    namespace: namespaceOf(snapshot, caller.id),
    revision: snapshot.revision,
    principal: caller.id,
    ...personBehind(caller),
    route: route.name,
    visible: visible.map(([, target]) => target.component),
  });
  const models = visible.map(([name]) => describe(route, name));
  const body = only === undefined ? listOf(route, models) : models[0];
  if (body === undefined)
    throw new CordonError("ROUTE_UNKNOWN", `no model \`${only?.slice(0, 128)}\` that you may use is on this route`);
  answerJson(response, 200, JSON.stringify(body), receiptHeaders(id, index, ledger.latestCheckpoint()));
}

function describe(route: ModelRoute, name: string): object {
  return route.kind === "openai"
    ? { id: name, object: "model", created: 0, owned_by: route.namespace }
    : { type: "model", id: name, display_name: name, created_at: "1970-01-01T00:00:00Z" };
}

function listOf(route: ModelRoute, models: readonly object[]): object {
  const ids = models.map((model) => (model as { id: string }).id);
  return route.kind === "openai"
    ? { object: "list", data: models }
    : { data: models, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
}
