/**
 * A run's way to the outside, all of it: the proxy, a port for it where the run's endpoint has none, and whom to trust. In:
 * what the gateway offers. Out: what the endpoint and the command's environment need; nothing where nothing is declared.
 */
import type { EgressGateway } from "../node/node-state.ts";
import { openEgressProxy, type EgressProxy, type EgressProxyOptions } from "./egress-proxy.ts";
import { openProxyEnd } from "./proxy-end.ts";
import { openTrustFile } from "./trust-file.ts";

export interface WayOut extends AsyncDisposable {
  /** What `openEndpoint` is given. */
  readonly endpoint: { readonly egress?: EgressProxy };
  /** What `childEnvironment` is told: that the endpoint is the proxy, or the port of one. */
  readonly proxy: boolean | number;
  /** By these programs find whom to trust. */
  readonly trust: Readonly<Record<string, string>>;
}

export async function openWayOut(
  { egress: offered, interception }: Pick<EgressGateway, "egress" | "interception">,
  options: EgressProxyOptions,
  { env, ownPort }: { readonly env: Readonly<Record<string, string | undefined>>; readonly ownPort: boolean },
): Promise<WayOut> {
  await using opening = new AsyncDisposableStack();
  if (offered !== true)
    return { endpoint: {}, proxy: false, trust: {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  const egress = opening.use(openEgressProxy(options));
  // A proxy's address has no place for a unix socket.
  const end = ownPort ? opening.use(await openProxyEnd(egress)) : undefined;
  const trust = interception === undefined ? undefined : opening.use(await openTrustFile(interception, env));
  const owned = opening.move();
  return {
    endpoint: end === undefined ? { egress } : {},
    proxy: end?.port ?? true,
    trust: trust?.env ?? {},
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
