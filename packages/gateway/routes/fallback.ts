/**
 * Who answers instead. In: what was asked, and why it cannot be answered as it was asked. Out: the same question to another,
 * to be decided and recorded afresh; or nothing, where the route names nobody, the request can not be sent again, or it goes on
 * from something that lies at the first one's.
 */
import type { CordonError } from "@cordon/core/errors";
import type { Ask } from "../forwarder.ts";
import type { GatewayDependencies } from "../ports.ts";
import { upstreamKey, type Intent } from "./intent.ts";
import { firstForeign, type ObjectOwners, type Owner } from "./ownership.ts";

export interface Fallback {
  readonly intent: Intent;
  /** For people. */
  readonly from: string;
  readonly to: string;
}

export interface FallbackDeps {
  readonly owners: Pick<ObjectOwners, "find">;
  readonly log: GatewayDependencies["log"];
}

/**
 * Who answers instead, if anybody; the log says so.
 *
 * @param why `ACCESS_DENIED` where nothing was sent yet; anything else where the upstream failed
 */
export function fallbackOf(
  { owners, log }: FallbackDeps,
  ask: Ask,
  why: CordonError,
  { requestId, owner }: { readonly requestId: string; readonly owner: Owner },
): Fallback | undefined {
  const other = namedFallback(ask, why);
  if (other === undefined) return undefined;
  const { intent, from, to } = other;
  const event = { level: "warn" as const, requestId, code: why.code };
  // An id that the first one gave is another's there, or nobody's.
  const foreign = firstForeign(owners, intent.uses, upstreamKey(intent.upstream), owner);
  if (foreign !== undefined) {
    const words = `${from} cannot answer (${why.message}), and ${to} does not hold the ${foreign.type} that the request goes on from`;
    log({ ...event, event: "fallback-impossible", words });
    return undefined;
  }
  log({ ...event, event: "fallback", words: `${from} cannot answer (${why.message}); asking ${to}` });
  return other;
}

function namedFallback(ask: Ask, why: CordonError): Fallback | undefined {
  const { intent } = ask;
  if (intent.spare !== undefined) return spareOf(ask, why, intent.spare);
  const { model } = intent;
  const name = model?.target.fallback;
  const target = name === undefined ? undefined : model?.route.models.get(name);
  // At most as many attempts as the route has models: no circle can run on.
  if (model === undefined || name === undefined || target === undefined || ask.attempt > model.route.models.size)
    return undefined;
  return {
    intent: {
      ...intent,
      resource: target.component,
      upstream: target.upstream,
      model: { name, target, route: model.route },
    },
    from: `\`${model.name}\``,
    to: `\`${name}\``,
  };
}

/** A body that passed through to an upstream which then failed is gone: only what was read whole can be sent again. */
function spareOf(ask: Ask, why: CordonError, spare: NonNullable<Intent["spare"]>): Fallback | undefined {
  if (why.code !== "ACCESS_DENIED" && ask.body === "through") return undefined;
  const { spare: _used, ...intent } = ask.intent;
  return {
    intent: { ...intent, resource: spare.resource, upstream: spare.upstream },
    from: `\`${ask.intent.resource}\``,
    to: `\`${spare.resource}\``,
  };
}
