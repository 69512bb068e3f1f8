/**
 * Information flow at the gateway. In: what is asked, and by whom. Out: the request with what its session holds, so that
 * `decide` can refuse a way out; and, once it is admitted, the session with what its answer adds. Labels rise before the
 * request is forwarded, and calls of the same session that are under way are decided again: what one call brings in
 * cannot leave by another that was let through before.
 */
import type { KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { fullLabels, labelsAdded, rankOf } from "@cordon/core/flow/flow";
import type { FlowFacts, FlowSettings, FlowStep, SessionKey } from "@cordon/core/flow/flow";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { Instant } from "@cordon/core/instant";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Exchange } from "../exchange.ts";
import type { LiveExchanges } from "../live/live-exchanges.ts";
import type { GatewayDependencies, ResponseFilter } from "../ports.ts";
import type { Intent } from "../routes/intent.ts";
import { onceDone } from "./once-done.ts";
import { sessionKeyOf } from "./session-key.ts";
import type { MayWait } from "@cordon/core/flow/sessions";
import { digestsOf, maxAskedTexts, textsIn, watchContent } from "./content-digests.ts";

/** By this a component that the registry trusts to (`namesSessions`) says which of its conversations a call belongs to. */
export const sessionHeader = "cordon-session";

export interface FlowDeps extends Pick<GatewayDependencies, "flows" | "digestKeys" | "snapshots" | "now"> {
  readonly live: LiveExchanges;
}

/** What is asked, as far as flow looks at it. */
export interface FlowAsk {
  readonly rawHeaders: readonly string[];
  readonly intent: Intent;
  /** The body, where it was read whole as JSON. */
  readonly tree: JsonObject | undefined;
  readonly id: string;
}

export interface FlowControl extends Disposable {
  /** The request with what its session holds; as it was where there is no information flow. */
  about(snapshot: Snapshot, access: AccessRequest, ask: FlowAsk): AccessRequest | Promise<AccessRequest>;
  /** The request is let through: what it brings in is in the session from here on, at every gateway once this is done. */
  admitted(access: AccessRequest, ask: FlowAsk): MayWait<void>;
  /** Says where in the ledger its decision is. */
  recorded(access: AccessRequest, id: string, recorded: Promise<number>): void;
  /**
   * The request with what its session holds now, for a decision that is taken again. What was received whole before
   * cannot carry what came in since.
   */
  now(exchange: Exchange): AccessRequest;
  /** Cuts a request that is not here whole yet, where its session has come to hold too much since it was decided. */
  overtaken(exchange: Exchange): boolean;
  /** Remembers what the answer says by its digests; undefined where it is nobody's secret and can be trusted. */
  watch(access: AccessRequest, id: string): ResponseFilter | undefined;
}

export function flowControl(deps: FlowDeps): FlowControl {
  const { flows, snapshots, live, now } = deps;
  /** Keys by principal: what is quoted is looked for under the key of whoever quotes it. */
  const keys = new Map<string, KeyObject>();
  const unfollow = flows?.follow(redecideOthers);

  return {
    [Symbol.dispose]: () => unfollow?.(),
    about(snapshot, access, ask) {
      const settings = snapshot.informationFlow;
      if (settings === undefined) return access;
      // Nothing is allowed because nobody looked.
      if (flows === undefined) return { ...access, flow: { ...fullLabels, standing: "lost" } };
      const component = snapshot.components.get(access.principal);
      const user = snapshot.users?.get(access.principal);
      const namespace = component?.namespace ?? user?.namespace;
      if (namespace === undefined) return access; // not registered: refused for that
      const name = component?.namesSessions === true ? sessionName(ask.rawHeaders) : "";
      const held = deps.digestKeys.current(namespace, now());
      if (!(held instanceof Promise)) return withSession(settings, access, ask, name, held.key);
      return held.then(({ key }) => withSession(settings, access, ask, name, key));
    },
    admitted(access, { intent, id }) {
      const { flow } = access;
      const settings = snapshots.current().informationFlow;
      const resource = snapshots.current().components.get(access.resource);
      if (flows === undefined || settings === undefined || flow === undefined || resource === undefined) return;
      const key = keyOf(access);
      const added = labelsAdded(access.action, resource.labels, intent.mcp?.rpc, intent.flow);
      return onceDone(flows.raise(key, added, stepOf(access, id, now()), settings.idleMs, now()), () => undefined);
    },
    recorded(access, id, recorded) {
      if (flows === undefined || access.flow === undefined) return;
      // The ledger and the store report their own failures; the step then goes by its request's id.
      recorded.then((index) => flows.recorded(keyOf(access), id, index)).catch(() => undefined);
    },
    overtaken(exchange) {
      const { access, request } = exchange.start;
      if (access.flow === undefined || request.complete) return false;
      const denied = exchange.redecide(snapshots.current());
      if (denied !== undefined) void exchange.cut(denied);
      return denied !== undefined;
    },
    now({ start: { id, access, request } }) {
      const settings = snapshots.current().informationFlow;
      if (flows === undefined || settings === undefined || access.flow === undefined || request.complete) return access;
      const held = flows.held(keyOf(access), settings.idleMs, now());
      // What it brings in itself has not been told to whoever sends it.
      const own = { sensitivity: held.sensitive?.id === id, integrity: held.untrusted?.id === id };
      const others = {
        ...held,
        ...(own.sensitivity ? { sensitivity: access.flow.sensitivity } : {}),
        ...(own.integrity ? { integrity: access.flow.integrity } : {}),
      };
      return { ...access, flow: { ...named(others, access.flow.session ?? ""), ...wayOutOf(access.flow) } };
    },
    watch(access, id) {
      const settings = snapshots.current().informationFlow;
      const key = keys.get(access.principal);
      if (flows === undefined || settings === undefined || access.flow === undefined || key === undefined)
        return undefined;
      const held = flows.held(keyOf(access), settings.idleMs, now());
      if (held.integrity === "trusted" && rankOf(held.sensitivity) < rankOf(settings.private)) return undefined;
      return watchContent(key, (digests) => flows.remember(digests, held, stepOf(access, id, now()), now()));
    },
  };

  function withSession(
    settings: FlowSettings,
    access: AccessRequest,
    { tree, intent, id }: FlowAsk,
    name: string,
    key: KeyObject,
  ): MayWait<AccessRequest> {
    if (flows === undefined) return access;
    keys.set(access.principal, key);
    const session = sessionKeyOf(access, name);
    const digests = tree === undefined ? [] : digestsOf(key, textsIn(tree), maxAskedTexts);
    const unread = { labels: fullLabels, step: stepOf(access, id, now()) };
    const quoted = digests.length < maxAskedTexts ? flows.recall(digests) : unread;
    const facts = onceDone(quoted, (found) => {
      if (found === undefined) return flows.look(session, settings.idleMs, now());
      // A history that is replayed brings its labels along, whichever session it comes from.
      const raised = flows.raise(session, found.labels, found.step, settings.idleMs, now());
      return onceDone(raised, ({ facts: risen }) => risen);
    });
    return onceDone(facts, (held) => ({ ...access, flow: { ...named(held, name), ...wayOutOf(intent.flow) } }));
  }

  /** Those of whom a session is, or may be; all of them where another process changed something. */
  function redecideOthers(key?: SessionKey): void {
    for (const each of live) {
      const { access } = (each as Exchange).start;
      if (access.flow === undefined || (key !== undefined && !concerns(key, keyOf(access)))) continue; // a complete one still stands: `now`
      const denied = each.redecide(snapshots.current());
      if (denied !== undefined) void each.cut(denied);
    }
  }
}

function named(held: FlowFacts, name: string): FlowFacts {
  return name === "" ? held : { ...held, session: name };
}

function wayOutOf(flow: { readonly wayOut?: boolean | undefined } | undefined): { readonly wayOut?: true } {
  return flow?.wayOut === true ? { wayOut: true } : {};
}

function keyOf(access: AccessRequest): SessionKey {
  return sessionKeyOf(access, access.flow?.session ?? "");
}

/** Whether what came into one session counts in another: an unnamed one may be any, and holds what any does. */
function concerns(a: SessionKey, b: SessionKey): boolean {
  const alike = a.name === "" || b.name === "" || a.name === b.name;
  return alike && a.principal === b.principal && a.user === b.user;
}

function stepOf({ resource, context }: AccessRequest, id: string, at: Instant): FlowStep {
  return { id, resource, ...(context.tool ? { tool: context.tool } : {}), at };
}

/** @throws {CordonError} `REQUEST_MALFORMED` for one that is sent twice, or is no name */
function sessionName(rawHeaders: readonly string[]): string {
  let name: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== sessionHeader) continue;
    if (name !== undefined) throw new CordonError("REQUEST_MALFORMED", `the header \`${sessionHeader}\` is sent twice`);
    name = (rawHeaders[at + 1] ?? "").trim();
  }
  if (name !== undefined && !/^[\x21-\x7e]{1,128}$/.test(name))
    throw new CordonError("REQUEST_MALFORMED", `\`${sessionHeader}\` must be 1 to 128 visible ASCII characters`);
  return name ?? "";
}
