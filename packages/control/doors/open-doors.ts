/** The room's front door. In: the `doors` part of `cordon.yaml` and the rooms it needs. Out: an open listener. */
import { randomBytes } from "node:crypto";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import type { DoorsSettings } from "@cordon/core/contract/doors-schema";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Authority } from "../authority/authority.ts";
import { openOwnIdentity } from "../authority/own-identity.ts";
import { doorLimits } from "./door-limits.ts";
import { openDoorListener, type DoorListener, type DoorListenerOptions } from "./door-listener.ts";

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export interface DoorsOptions extends Omit<
  DoorListenerOptions,
  "listen" | "url" | "points" | "identity" | "nextId" | "monotonicMs" | "limits"
> {
  readonly settings: DeepReadonly<DoorsSettings>;
  readonly authority: Authority;
  /** Whose SVID the doors show: the gateway's component. */
  readonly id: SpiffeId;
}

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openDoors(options: DoorsOptions): Promise<DoorListener> {
  const { settings, authority, id, now, onFailure } = options;
  const parsed = parseListenAddress(settings.listen);
  if ("problem" in parsed) throw new CordonError("CONFIG_INVALID", `\`doors.listen\` ${parsed.problem}`);
  const listen = parsed.ok;
  const wildcard = listen.host === "0.0.0.0" || listen.host === "::";
  const run = randomBytes(8).toString("hex");
  let count = 0;
  await using opening = new AsyncDisposableStack();
  const identity = opening.use(
    await openOwnIdentity({
      ...{ authority, id, now, onProblem: onFailure },
      dnsNames: settings.dnsNames,
      ipAddresses: wildcard ? ["127.0.0.1"] : [listen.host],
    }),
  );
  const listener = opening.use(
    await openDoorListener({
      ...options,
      ...{ listen, identity, url: settings.url, points: settings.enforcementPoints },
      limits: { ...doorLimits, connectionsEach: settings.connectionsEach, idleMs: settings.idleSeconds * 1_000 },
      monotonicMs: () => performance.now(),
      nextId: () => `${run}-${(count += 1).toString(36)}`,
    }),
  );
  const owned = opening.move();
  const { host, port, url } = listener;
  return { host, port, url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
