/**
 * Cancel keys: how a client stops a query of its own session, on a connection of its own. In: sessions as they open and
 * end. Out: the session that a cancel request may stop, which is the caller's own and no other. The server's real key stays
 * here: with it, whoever reaches the server could stop the session without us.
 */
import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";

export interface CancelKey {
  readonly processId: number;
  readonly key: Buffer;
}

export interface CancelKeys<S> {
  /** @param bytes of the key: 4 in protocol 3.0, more from 3.2 on */
  give(session: S, owner: SpiffeId, bytes: number): CancelKey;
  find(asked: CancelKey, caller: SpiffeId): S | undefined;
  forget(given: CancelKey): void;
}

export function openCancelKeys<S>(): CancelKeys<S> {
  const held = new Map<number, { readonly key: Buffer; readonly owner: SpiffeId; readonly session: S }>();
  return {
    give(session, owner, bytes) {
      let processId: number;
      do processId = randomInt(1, 0x7fffffff);
      while (held.has(processId));
      const key = randomBytes(bytes);
      held.set(processId, { key, owner, session });
      return { processId, key };
    },
    find({ processId, key }, caller) {
      const found = held.get(processId);
      if (found === undefined || found.key.length !== key.length || !timingSafeEqual(found.key, key)) return undefined;
      return found.owner === caller ? found.session : undefined;
    },
    forget: ({ processId }) => void held.delete(processId),
  };
}
