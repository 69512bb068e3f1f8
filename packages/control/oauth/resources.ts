/**
 * What a token can be for: the gateway's routes, each called by its own address (RFC 8707). In: a snapshot, and where clients
 * reach the gateway. Out: the route behind an address, what may be asked of it, and what that means in words.
 */
import type { Action } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { scopesOfRoute } from "@cordon/core/oauth/route-scopes";
import { routeKey } from "@cordon/core/policy/decision";
import type { Route, Snapshot } from "@cordon/core/policy/snapshot";

export interface Resource {
  readonly uri: string;
  readonly route: Route;
  /** `namespace/name`. */
  readonly name: string;
  /** What policy decides on, behind it. */
  readonly components: readonly SpiffeId[];
  /** What it may be asked to do: the scopes that a token for it can have. */
  readonly scopes: readonly Action[];
}

/** @returns `undefined` where nothing is served at exactly that address, or not to programs that act for people */
export function resourceAt({ routes }: Pick<Snapshot, "routes">, origin: string, uri: string): Resource | undefined {
  return resources({ routes }, origin).find((resource) => resource.uri === uri);
}

export function resources({ routes }: Pick<Snapshot, "routes">, origin: string): readonly Resource[] {
  return routes.flatMap((route) => {
    const components = componentsOf(route);
    if (components === undefined) return [];
    const uri = route.path === "/" ? `${origin}/` : origin + route.path;
    return [{ uri, route, name: routeKey(route), components, scopes: scopesOfRoute(route) }];
  });
}

/** S3's clients sign with keys of their own and know no tokens. */
function componentsOf(route: Route): readonly SpiffeId[] | undefined {
  if (route.kind === "s3") return undefined;
  if (route.kind === "http" || route.kind === "mcp") return [route.resource];
  return [...new Set([...route.models.values()].map(({ component }) => component))];
}

/** What each scope lets a program do, for whoever is asked. */
export const scopeWords: Readonly<Partial<Record<string, string>> & Record<Action, string>> = {
  infer: "ask the model",
  embed: "turn texts into vectors",
  read: "read what you may read",
  write: "change what you may change",
  train: "train with it",
  evaluate: "evaluate with it",
  deploy: "deploy",
  callTool: "use tools in your name",
  sample: "have your program's model answer its questions",
  elicit: "have you answer its questions",
  listRoots: "learn your program's folders",
  egress: "reach outside addresses",
  detokenize: "see the values behind tokens",
  releaseKey: "release keys",
  administer: "administer Cordon",
  openid: "know who you are",
  profile: "know your name",
  offline_access: "go on without you until the session ends",
};
