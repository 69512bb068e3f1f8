/**
 * Which tools of an MCP server may be called. In: a route's pins, and the definitions that its server shows. Out: whether
 * each may be offered, and whether a call of it may pass. Definitions are remembered as they were seen last, by digest, so
 * that one which changes is withheld from callers who learnt of the tool before; approving it is a change of its pin.
 */
import type { ToolDefinition } from "@cordon/core/mcp/tool-definition";
import { routeKey } from "@cordon/core/policy/decision";
import type { McpRoute, Route } from "@cordon/core/policy/snapshot";

/** Why a definition is taken out of a list. */
export type Withheld = "hidden-text" | "unlisted" | "changed" | "shadowing";

/** Tools whose definitions are remembered, for each route. */
const maxRemembered = 10_000;

interface Remembered {
  readonly digest: string;
  readonly hidden: string | undefined;
}

export class ToolStanding {
  readonly #seen = new Map<string, Map<string, Remembered>>();

  /**
   * Judges a definition that the server shows now.
   *
   * @returns why it is withheld, if it is, and whether that is news
   * @throws {Error} when the server names more tools than can be remembered
   */
  judge(
    route: McpRoute,
    { name, digest, hidden }: ToolDefinition,
    routes: readonly Route[] = [],
  ): { readonly why?: Withheld; readonly news: boolean } {
    const pin = route.pins?.get(name);
    const why =
      whyWithheld(route, pin, digest, hidden) ??
      (shadowed(route, name, routes) === undefined ? undefined : "shadowing");
    const seen = this.#of(route);
    const before = seen.get(name);
    // What no pin speaks of is refused by name already; only its hidden text has to be remembered.
    if (pin === undefined && hidden === undefined) seen.delete(name);
    else if (before === undefined && seen.size >= maxRemembered)
      throw new Error(`the server names more than ${maxRemembered} tools`);
    else seen.set(name, { digest, hidden });
    return { ...(why === undefined ? {} : { why }), news: before?.digest !== digest };
  }

  /** Why a call of this tool is refused, in words; undefined where it may go to policy. */
  refusal(route: McpRoute, tool: string, routes: readonly Route[] = []): string | undefined {
    const pin = route.pins?.get(tool);
    const other = shadowed(route, tool, routes);
    if (other !== undefined)
      return `the tool \`${tool}\` is pinned on the route \`${other}\`: a server without pins may not offer another by its name`;
    if (route.pins !== undefined && pin === undefined)
      return `the tool \`${tool}\` is not among the pins of this route`;
    const seen = this.#of(route).get(tool);
    const why = seen === undefined ? undefined : whyWithheld(route, pin, seen.digest, seen.hidden);
    if (seen === undefined || why === undefined) return undefined;
    return why === "hidden-text"
      ? `the definition of the tool \`${tool}\` holds text that no reader sees (${seen.hidden ?? ""})`
      : `the definition of the tool \`${tool}\` is not the one that was pinned; it is ${seen.digest} now`;
  }

  #of(route: McpRoute): Map<string, Remembered> {
    const key = routeKey(route);
    let seen = this.#seen.get(key);
    if (seen === undefined) this.#seen.set(key, (seen = new Map()));
    return seen;
  }
}

/**
 * The route that pins a tool which this one, without pins, offers as well: clients that keep tools by name would call the
 * one for the other. Where both pin it, somebody has read both.
 */
function shadowed(route: McpRoute, name: string, routes: readonly Route[]): string | undefined {
  if (route.pins !== undefined) return undefined;
  return routes.find((other) => other.kind === "mcp" && other.namespace === route.namespace && other.pins?.has(name))
    ?.name;
}

function whyWithheld(
  route: McpRoute,
  pin: string | undefined,
  digest: string,
  hidden: string | undefined,
): Withheld | undefined {
  if (hidden !== undefined) return "hidden-text";
  if (route.pins === undefined) return undefined;
  if (pin === undefined) return "unlisted";
  return pin === digest ? undefined : "changed";
}
