/**
 * Enrolled nodes, as objects of the store (kind `node`). In: a node that proved itself, with the key of its agent. Out:
 * who is enrolled, and with which key. A node that is not here gets nothing, whatever certificate it shows; one whose
 * certificate has expired is still known by its key, so that a machine that slept recovers by itself.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { revocationKey, type Revocation } from "../authority/revocation.ts";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateStore } from "../store/state-store.ts";

const kind = "node";
const value = z.strictObject({
  attestedBy: z.string(),
  /** SHA-256 of the agent's SubjectPublicKeyInfo (DER). */
  keyFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  enrolledAt: z.number().int(),
});

export interface EnrolledNode extends z.output<typeof value> {
  readonly name: string;
}

export interface Nodes {
  /**
   * Enrols a node, or replaces the key of one that proved itself anew.
   *
   * @param once refuse to replace the key of a node that is enrolled
   * @throws {CordonError} `ACCESS_DENIED`
   */
  enrol(node: EnrolledNode, once?: boolean): Promise<void>;
  find(name: string): Promise<EnrolledNode | undefined>;
  list(): Promise<readonly EnrolledNode[]>;
  /** Forgets a node and revokes its agent's key. @throws {CordonError} `COMPONENT_UNKNOWN` */
  evict(name: string, reason: string, actor: string, now: Instant): Promise<void>;
}

export function openNodes(store: Pick<StateStore, "transact" | "get" | "list">): Nodes {
  return {
    async enrol({ name, ...node }, once = false) {
      await store.transact("system:node-attestation", node.enrolledAt, async (transaction) => {
        const before = once ? await transaction.get(keyOf(name)) : undefined;
        if (before !== undefined && readValue(value, before).keyFingerprint !== node.keyFingerprint)
          throw new CordonError(
            "ACCESS_DENIED",
            `node \`${name}\` is enrolled with another key; if it was made anew, evict it first: ` +
              `cordon identity nodes --evict ${name} --reason TEXT`,
          );
        await transaction.put(keyOf(name), node, "api");
      });
    },
    async find(name) {
      const object = await store.get(keyOf(name));
      return object === undefined ? undefined : { name, ...readValue(value, object) };
    },
    async list() {
      return (await store.list(kind)).map((object) => ({ name: object.name, ...readValue(value, object) }));
    },
    async evict(name, reason, actor, now) {
      await store.transact(actor, now, async (transaction) => {
        const object = await transaction.get(keyOf(name));
        if (object === undefined)
          throw new CordonError(
            "COMPONENT_UNKNOWN",
            `no node \`${name}\` is enrolled; \`cordon identity nodes\` lists them`,
          );
        const revocation: Revocation = {
          type: "key",
          sha256: readValue(value, object).keyFingerprint,
          reason: `node ${name} was evicted: ${reason}`,
          at: now,
        };
        await transaction.delete(keyOf(name), "api");
        await transaction.put(revocationKey(revocation), revocation, "api");
      });
    },
  };
}

function keyOf(name: string): ObjectKey {
  return { kind, namespace: systemNamespace, name };
}
