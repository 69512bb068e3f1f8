/**
 * Finds the route of a path: longest prefix, whole segments. In: a snapshot's routes. Out: the route and the rest.
 */
import type { Route } from "@cordon/core/policy/snapshot";

export interface RouteMatch {
  readonly route: Route;
  /** What follows the route's path: empty, or starts with `/`. */
  readonly rest: string;
}

const sorted = new WeakMap<readonly Route[], readonly Route[]>();

export function matchRoute(routes: readonly Route[], path: string): RouteMatch | undefined {
  let longestFirst = sorted.get(routes);
  if (longestFirst === undefined) {
    longestFirst = routes.toSorted((a, b) => b.path.length - a.path.length);
    sorted.set(routes, longestFirst);
  }
  for (const route of longestFirst) {
    const prefix = route.path === "/" ? "" : route.path;
    if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/"))
      return { route, rest: path.slice(prefix.length) };
  }
  return undefined;
}
