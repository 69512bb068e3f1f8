/**
 * What a token for a route can let its client do: the actions that the route's requests stand for. In: a route. Out: scopes,
 * and those without which the route is of no use.
 */
import type { Action } from "../contract/vocabulary.ts";
import { askedOfClients, mcpMethods } from "../mcp/methods.ts";
import { mayAsk } from "../mcp/questions.ts";
import type { Route } from "../policy/snapshot.ts";

/** @returns sorted; empty for a route that programs with tokens cannot use */
export function scopesOfRoute(route: Route): readonly Action[] {
  switch (route.kind) {
    case "http":
      return [...new Set(route.actions.values())].toSorted();
    case "mcp": {
      const asked = [...askedOfClients].filter(([method]) => mayAsk(route, method)).map(([, action]) => action);
      return [...new Set([...mcpMethods.values(), ...asked])].toSorted();
    }
    case "s3":
      return []; // its clients sign with keys of their own
    case "openai":
    case "anthropic":
      return ["embed", "infer", "read", "write"];
  }
}

/** What a client asks for at first; the rest it asks for when it is told that it lacks it. */
export function firstScopesOf(route: Route): readonly Action[] {
  return route.kind === "mcp" ? [...new Set(mcpMethods.values())].toSorted() : scopesOfRoute(route);
}
