/**
 * What the API for agents does. In: who calls (a node, by its certificate, or nobody yet) and a parsed body. Out: the
 * answer's value, or a `CordonError`.
 *
 * An agent gets SVIDs for the components registered to its own node and for nothing else. Each SVID is recorded before
 * the answer leaves: what cannot be recorded is not issued.
 */
import {
  attestRequest,
  maxWaitSeconds,
  nodeJwtRequest,
  renewRequest,
  x509BatchRequest,
  type AgentSvidResponse,
  type NodeJwtResponse,
  type NodeState,
  type X509BatchRequest,
  type X509BatchResponse,
} from "@cordon/core/contract/node-api";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { readCsr } from "@cordon/core/identity/csr";
import { agentId } from "@cordon/core/identity/node-id";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import { checked } from "../api/local-exchange.ts";
import type { Authority } from "../authority/authority.ts";
import { systemNamespace } from "../keys/key-vault.ts";
import type { NodeAttestor } from "./attestor.ts";
import { requireAdmittedModel, type ModelAdmission } from "./model-admission.ts";
import { componentFor, hasNews, stateOf, type GatewayFacts } from "./node-registrations.ts";
import type { Nodes } from "./nodes.ts";

export interface NodeApiRooms {
  readonly authority: Pick<Authority, "bundle" | "issueX509Svid" | "issueJwtSvid" | "tainted" | "onChange">;
  readonly snapshots: SnapshotSource;
  readonly nodes: Nodes;
  readonly attestors: readonly NodeAttestor[];
  readonly admission: ModelAdmission;
  readonly agentTtlSeconds: number;
  readonly gateway: () => Promise<GatewayFacts> | GatewayFacts;
  /** Writes to the ledger; the answer waits for it, and is an error when it rejects. */
  readonly record: (change: ChangeEntry) => Promise<unknown>;
  /** Told where a workload serves another model than it is registered for, or a node comes with another key. */
  readonly attestationFailed?: ((subject: SpiffeId, words: string) => void) | undefined;
  readonly now: () => Instant;
}

/** A call's certificate, as the listener verified it: a node's agent, whose key is the enrolled one. */
export interface NodeCaller {
  readonly node: string;
}

export interface NodeOperations {
  bundle(): unknown;
  attest(body: unknown): Promise<AgentSvidResponse>;
  renew(caller: NodeCaller, body: unknown): Promise<AgentSvidResponse>;
  /** `undefined` when there was no news while it waited. */
  state(caller: NodeCaller, after: number | undefined, left: AbortSignal): Promise<NodeState | undefined>;
  issueX509(caller: NodeCaller, body: unknown): Promise<X509BatchResponse>;
  issueJwt(caller: NodeCaller, body: unknown): Promise<NodeJwtResponse>;
}

type ChangedObject = ChangeEntry["objects"][number];

export function nodeOperations(rooms: NodeApiRooms): NodeOperations {
  const { authority, snapshots, nodes, now } = rooms;
  const attestors = new Map(rooms.attestors.map((attestor) => [attestor.kind, attestor]));
  const current = () => snapshots.current();

  return {
    bundle: () => ({ trustDomain: current().trustDomain, bundle: bundleDocument(authority.bundle()) }),

    async attest(body) {
      const { attestation, csr } = checked(attestRequest, body);
      const attestor = attestors.get(attestation.kind);
      if (attestor === undefined)
        throw new CordonError(
          "ACCESS_DENIED",
          `nodes do not enrol by ${attestation.kind} here; see \`agents\` in cordon.yaml`,
        );
      const keyFingerprint = sha256Hex(readCsr(csr).publicKeyInfo);
      const at = now();
      const { node, once = false } = await attestor.attest({ attestation, csr, now: at });
      await nodes.enrol({ name: node, attestedBy: attestation.kind, keyFingerprint, enrolledAt: at }, once);
      return issueToAgent(node, csr);
    },

    async renew({ node }, body) {
      const { csr } = checked(renewRequest, body);
      const enrolled = await nodes.find(node);
      if (enrolled === undefined || sha256Hex(readCsr(csr).publicKeyInfo) !== enrolled.keyFingerprint) {
        const words = `the key is not the one that node \`${node}\` enrolled with; enrol anew`;
        if (enrolled !== undefined) rooms.attestationFailed?.(agentId(current().trustDomain, node), words);
        throw new CordonError("ACCESS_DENIED", words);
      }
      return issueToAgent(node, csr);
    },

    async state({ node }, after, left) {
      const before = current();
      if (after !== before.revision) return stateOf(before, node, await rooms.gateway(), authority.tainted());
      const news = await waitForNews(before, left);
      return news ? stateOf(current(), node, await rooms.gateway(), authority.tainted()) : undefined;
    },

    async issueX509({ node }, body) {
      const { requests } = checked(x509BatchRequest, body);
      const recorded: ChangedObject[] = [];
      const svids: X509BatchResponse["svids"] = [];
      for (const request of requests) svids.push(await issueOne(node, request, recorded));
      if (recorded.length > 0) await rooms.record(issuedEntry(node, recorded));
      return { svids };
    },

    async issueJwt({ node }, body) {
      const { id, audience } = checked(nodeJwtRequest, body);
      const component = requireComponent(node, id);
      if (!component.bearerTokens)
        throw new CordonError(
          "TOKEN_NOT_PERMITTED",
          `${id} may not use bearer tokens; set \`bearerTokens: true\` on the component in cordon.yaml, which is weaker`,
        );
      await requireAdmittedModel(component, rooms.admission);
      const svid = await authority.issueJwtSvid({
        id: component.id,
        audience: audience.length === 1 ? (audience[0] ?? "") : audience,
      });
      await rooms.record(issuedEntry(node, [objectOf(component, "jwt-svid", sha256Hex(svid.token))]));
      return { id: svid.id, token: svid.token, notAfter: svid.notAfter };
    },
  };

  async function issueToAgent(node: string, csr: string): Promise<AgentSvidResponse> {
    const { trustDomain } = current();
    const id = agentId(trustDomain, node);
    const svid = await authority.issueX509Svid({ id, key: { csr }, ttlSeconds: rooms.agentTtlSeconds });
    await rooms.record(
      issuedEntry(node, [
        { op: "put", kind: "agent-svid", namespace: systemNamespace, name: node, sha256: svid.fingerprint },
      ]),
    );
    const chain = svid.chain.map(toPem).join("");
    return { node, id, chain, notAfter: svid.notAfter, trustDomain, bundle: bundleDocument(authority.bundle()) };
  }

  async function issueOne(
    node: string,
    { id, csr, modelDigest }: X509BatchRequest["requests"][number],
    recorded: ChangedObject[],
  ): Promise<X509BatchResponse["svids"][number]> {
    try {
      const component = requireComponent(node, id);
      await requireAdmittedModel(component, rooms.admission);
      if (modelDigest !== undefined && modelDigest !== component.modelDigest) {
        const words = `${id} serves ${modelDigest}, and is registered for another model`;
        rooms.attestationFailed?.(component.id, words);
        throw new CordonError("ACCESS_DENIED", words);
      }
      const svid = await authority.issueX509Svid({ id: component.id, key: { csr } });
      recorded.push(objectOf(component, "x509-svid", svid.fingerprint));
      return { id, chain: svid.chain.map(toPem).join(""), notAfter: svid.notAfter };
    } catch (error) {
      // One workload's refusal is not the others'; what is ours to mend fails the whole call.
      if (!isCordonError(error) || error.code.startsWith("STORE_") || error.code === "KEY_SEALED") throw error;
      return { id, refused: { code: error.code, message: error.message } };
    }
  }

  function requireComponent(node: string, id: string): Component {
    const component = componentFor(current(), node, id);
    if (component !== undefined) return component;
    throw new CordonError("ACCESS_DENIED", `\`${id.slice(0, 200)}\` is not registered to node \`${node}\``);
  }

  function issuedEntry(node: string, objects: readonly ChangedObject[]): ChangeEntry {
    const { trustDomain, revision } = current();
    return { v: 1, kind: "change", at: now(), revision, actor: agentId(trustDomain, node), objects };
  }

  function waitForNews(before: ReturnType<typeof current>, left: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (news: boolean) => {
        stop();
        stopAuthority();
        clearTimeout(timer);
        left.removeEventListener("abort", leave);
        resolve(news);
      };
      const leave = (): void => end(false);
      const stop = snapshots.subscribe((snapshot) => {
        if (hasNews(before, snapshot)) end(true);
      });
      const stopAuthority = authority.onChange(() => end(true)); // a taint changes no snapshot
      const timer = setTimeout(() => end(current().revision !== before.revision), maxWaitSeconds * 1000);
      left.addEventListener("abort", leave);
    });
  }
}

function objectOf(component: Component, kind: string, sha256: string): ChangedObject {
  const { namespace } = component;
  return { op: "put", kind, namespace, name: `${component.kind}/${component.name}`, sha256 };
}
