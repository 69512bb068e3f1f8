/**
 * The room's front door: builds the API for agents from the configuration. In: the control plane's rooms and the `agents`
 * part of `cordon.yaml`. Out: an open listener and the enrolled nodes.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AgentsSettings } from "@cordon/core/contract/agents-schema";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import { controlPlaneId } from "@cordon/core/identity/node-id";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Authority } from "../authority/authority.ts";
import { openOwnIdentity } from "../authority/own-identity.ts";
import type { StateStore } from "../store/state-store.ts";
import { joinTokenAttestor } from "./attest-join-token.ts";
import { gceAttestor } from "./attest-gce.ts";
import { kubernetesAttestor } from "./attest-kubernetes.ts";
import { x509Attestor } from "./attest-x509.ts";
import type { NodeAttestor } from "./attestor.ts";
import { openNodeListener, type NodeListener, type NodeListenerOptions } from "./node-listener.ts";
import { openDevices } from "../devices/devices.ts";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import type { Watchers } from "../supply/served/watchers.ts";
import { openNodeModels } from "./node-models.ts";
import { nodeOperations, type NodeApiRooms } from "./node-operations.ts";
import { openNodes } from "./nodes.ts";

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export interface NodeApiOptions
  extends
    Omit<NodeApiRooms, "authority" | "nodes" | "attestors" | "agentTtlSeconds">,
    Pick<NodeListenerOptions, "refused" | "onFailure"> {
  readonly settings: DeepReadonly<AgentsSettings>;
  /** The folder of `cordon.yaml`. */
  readonly folder: string;
  readonly authority: Authority;
  readonly store: StateStore;
  /** Which watchers of model files speak, here and at other machines. */
  readonly watchers: Watchers;
  readonly trustDomain: TrustDomain;
}

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openNodeApi(options: NodeApiOptions): Promise<NodeListener> {
  const { settings, authority, store, trustDomain, now, onFailure } = options;
  const parsed = parseListenAddress(settings.listen);
  if ("problem" in parsed) throw new CordonError("CONFIG_INVALID", `\`agents.listen\` ${parsed.problem}`);
  const listen = parsed.ok;
  const wildcard = listen.host === "0.0.0.0" || listen.host === "::";
  const nodes = openNodes(store);
  await using opening = new AsyncDisposableStack();
  const identity = opening.use(
    await openOwnIdentity({
      authority,
      id: controlPlaneId(trustDomain),
      dnsNames: settings.dnsNames,
      ipAddresses: wildcard ? ["127.0.0.1"] : [listen.host],
      now,
      onProblem: onFailure,
    }),
  );
  const operations = nodeOperations({
    ...options,
    nodes,
    attestors: attestorsOf(options),
    agentTtlSeconds: settings.svidTtlSeconds,
  });
  const models = opening.use(openNodeModels({ ...options, nodes, onProblem: onFailure }));
  const devices = openDevices(
    store,
    now,
    () => (options.snapshots.current().risk ?? defaultRiskSettings).posture.maxAgeMs,
  );
  const listener = opening.use(
    await openNodeListener({ ...options, listen, identity, operations, models, nodes, devices }),
  );
  const owned = opening.move();
  return { host: listener.host, port: listener.port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function attestorsOf({ settings, folder, store, trustDomain }: NodeApiOptions): readonly NodeAttestor[] {
  const { x509, kubernetes, gce } = settings;
  const attestors: NodeAttestor[] = [joinTokenAttestor(store) as NodeAttestor];
  if (x509 !== undefined) {
    const read = () => readFile(resolve(folder, x509.caFile), "utf8");
    attestors.push(x509Attestor(trustDomain, read) as NodeAttestor);
  }
  if (kubernetes !== undefined) {
    const readKeys = () => readFile(resolve(folder, kubernetes.jwksFile));
    attestors.push(kubernetesAttestor({ ...kubernetes, readKeys }) as NodeAttestor);
  }
  if (gce !== undefined) {
    const readKeys = () => readFile(resolve(folder, gce.jwksFile));
    attestors.push(gceAttestor({ ...gce, readKeys }) as NodeAttestor);
  }
  return attestors;
}
