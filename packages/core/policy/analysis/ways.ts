/**
 * The ways that lead to a resource, and the times that differ. In: a snapshot. Out: for each resource the actions and
 * contexts in which it can be asked for, one of a kind; and instants, one for each state that the windows come to.
 */
import { s3Verbs } from "../../contract/s3-schema.ts";
import type { Instant } from "../../instant.ts";
import { actions, type Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import { mayAsk } from "../../mcp/questions.ts";
import { askedOfClients, mcpMethods } from "../../mcp/methods.ts";
import type { RequestContext } from "../decision.ts";
import type { Route, Snapshot } from "../snapshot.ts";
import type { WindowChange, WindowSchedule } from "../windows.ts";

/** One way to ask for a resource, but for who asks and how they prove themselves. */
export interface Way {
  readonly action: Action;
  readonly route: string;
  readonly method: string;
  readonly external: boolean;
  /** Whether the answer streams, where that is not the caller's to say. */
  readonly stream?: boolean;
  /** On a route to an MCP server: the message's method, and the tool that it calls. */
  readonly rpc?: string;
  readonly tool?: string;
}

/** Stands for every tool that neither a policy nor a route names. No tool can be called so. */
export const anyOtherTool = "any other tool";

/**
 * Ways by resource, of the routes and tunnels that lead there. A resource without one is asked for by no gateway.
 *
 * @param texts what policies write out: the tools that they can tell from all others, where a route pins none
 */
export function routedWays(
  { routes, tunnels, dataDoors, egress }: Snapshot,
  texts: ReadonlySet<string> = new Set(),
): ReadonlyMap<SpiffeId, readonly Way[]> {
  const ways = new Map<SpiffeId, Way[]>();
  const add = (resource: SpiffeId, way: Way): void => {
    const known = ways.get(resource);
    if (known === undefined) ways.set(resource, [way]);
    else if (!known.some((other) => JSON.stringify(other) === JSON.stringify(way))) known.push(way);
  };
  for (const route of routes) for (const [resource, way] of waysOf(route, texts)) add(resource, way);
  // As the gateway asks when a tunnel is opened (gateway/tunnels/tunnels.ts).
  for (const { name, resource, action } of tunnels?.values() ?? [])
    add(resource, { action, route: name, method: "CONNECT", external: false, stream: true });
  for (const { name, databases } of dataDoors?.values() ?? [])
    for (const { resource, action } of databases.values())
      add(resource, { action, route: name, method: "CONNECT", external: false, stream: true });
  for (const { name, resource } of egress?.values() ?? [])
    add(resource, { action: "egress", route: name, method: "CONNECT", external: true, stream: true });
  return ways;
}

function* waysOf(route: Route, texts: ReadonlySet<string>): Generator<readonly [SpiffeId, Way]> {
  if (route.kind === "http") {
    for (const { resource, upstream } of [route, ...(route.fallback === undefined ? [] : [route.fallback])])
      for (const [method, action] of route.actions)
        yield [resource, { action, route: route.name, method, external: upstream.external }];
    return;
  }
  if (route.kind === "mcp") {
    const common = { route: route.name, external: route.upstream.external };
    for (const [rpc, action] of mcpMethods) {
      const tools = rpc === "tools/call" ? (route.pins?.keys() ?? [...texts, anyOtherTool]) : [""];
      for (const tool of tools) yield [route.resource, { ...common, action, method: "POST", rpc, tool }];
    }
    for (const [rpc, action] of askedOfClients)
      for (const method of mayAsk(route, rpc) ? ["POST", "GET"] : [])
        yield [route.resource, { ...common, action, method, rpc }];
    for (const method of ["GET", "DELETE"]) yield [route.resource, { ...common, action: "read", method }];
    return;
  }
  if (route.kind === "s3") {
    const methods = { read: "GET", list: "GET", write: "PUT", delete: "DELETE" } as const;
    const common = { route: route.name, external: route.upstream.external };
    for (const { resource } of route.datasets)
      for (const verb of s3Verbs) yield [resource, { ...common, action: route.actions[verb], method: methods[verb] }];
    // Parts are begun and put together by POST, a copy reads by PUT, and heads are asked for.
    for (const { resource } of route.datasets) {
      yield [resource, { ...common, action: route.actions.write, method: "POST" }];
      yield [resource, { ...common, action: route.actions.read, method: "PUT" }];
      yield [resource, { ...common, action: route.actions.read, method: "HEAD" }];
      yield [resource, { ...common, action: route.actions.write, method: "GET" }];
      yield [resource, { ...common, action: route.actions.write, method: "DELETE" }];
    }
    return;
  }
  for (const { component, upstream } of route.models.values()) {
    const common = { route: route.name, external: upstream.external };
    yield [component, { ...common, action: "infer", method: "POST" }];
    if (route.kind === "openai") yield [component, { ...common, action: "embed", method: "POST" }];
    yield [component, { ...common, action: "read", method: "GET" }];
  }
}

/** Every action, by no route: for policies that speak of what other enforcement points ask. */
export const unroutedWays: readonly Way[] = actions.map((action) => ({
  action,
  route: "",
  method: "POST",
  external: false,
}));

/** The contexts of one way: each proof of identity, streamed and not, as far as policies can tell them apart. */
export function contextsOf(way: Way, observed: ReadonlySet<string>, bearerTokens: boolean): readonly RequestContext[] {
  const assurances =
    observed.has("assurance") && bearerTokens ? (["x509-svid", "jwt-svid"] as const) : (["x509-svid"] as const);
  const { action: _, stream: fixed, ...facts } = way;
  const streams = fixed !== undefined ? [fixed] : observed.has("stream") ? [false, true] : [false];
  return assurances.flatMap((assurance) => streams.map((stream) => ({ ...facts, assurance, stream })));
}

/** Every text that policies write out in their conditions. */
export function textsOf(policies: Iterable<{ readonly conditions: unknown }>): ReadonlySet<string> {
  const texts = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [name, child] of Object.entries(node))
      if (name === "Value" && typeof child === "string") texts.add(child);
      else walk(child);
  };
  for (const { conditions } of policies) walk(conditions);
  return texts;
}

export interface Moment {
  readonly at: Instant;
  /** `namespace/name` of the open windows, sorted. */
  readonly open: readonly string[];
}

export interface Moments {
  readonly moments: readonly Moment[];
  /** False where windows change too often to look at every state that they come to. */
  readonly complete: boolean;
}

/** How far windows are looked ahead: every yearly one is met. */
const horizonMs = 400 * 86_400_000;
const mostChanges = 200_000;

/**
 * One moment for each set of windows that are ever open together within 400 days, the first of each. The first of all is
 * `from` itself.
 */
export function momentsOf({ all }: Pick<WindowSchedule, "all">, from: Instant): Moments {
  const changes: (WindowChange & { readonly name: string })[] = [];
  let complete = true;
  for (const window of all) {
    const name = `${window.definition.namespace}/${window.definition.name}`;
    let own = 0;
    for (const change of window.changes(from, from + horizonMs)) {
      complete &&= (own += 1) <= mostChanges / all.length;
      if (!complete) break;
      changes.push({ ...change, name });
    }
  }
  changes.sort((a, b) => a.at - b.at);
  const open = new Set<string>();
  const moments = new Map<string, Moment>();
  for (const [index, { at, name, open: opened }] of changes.entries()) {
    if (opened) open.add(name);
    else open.delete(name);
    // What changes at one instant changes together.
    if (changes[index + 1]?.at === at) continue;
    const names = [...open].toSorted();
    const key = names.join("\n");
    if (!moments.has(key)) moments.set(key, { at, open: names });
  }
  if (changes.length === 0) moments.set("", { at: from, open: [] });
  return { moments: [...moments.values()], complete };
}

/** Windows that stand still at one moment: what is asked many times of one moment need not find it each time. */
export function windowsAt(windows: WindowSchedule, at: Instant): WindowSchedule {
  const open = windows.at(at);
  return { all: windows.all, at: () => open, has: (namespace, name) => windows.has(namespace, name) };
}
