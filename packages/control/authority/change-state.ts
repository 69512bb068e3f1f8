/**
 * Changes the authority's state in the store. In: what to do to it, beyond what is due. Out: the state that holds, ours
 * or that of another process that was first. The published bundle is written in the same transaction, so that gateways
 * learn of it in the same revision.
 */
import { CordonError } from "@cordon/core/errors";
import type { StateStore } from "../store/state-store.ts";
import {
  authorityKey,
  bundleKey,
  bundleOf,
  bundleValueOf,
  emptyState,
  readState,
  type AuthorityState,
} from "./authority-state.ts";
import { advance, published, purposesDropped, type GenerationContext } from "./generations.ts";

/** Pure but for keys that it makes in the vault; called again when another process was first. */
export type StateChange = (
  state: AuthorityState,
  context: GenerationContext,
) => AuthorityState | Promise<AuthorityState>;

const actor = "system:authority";
const maxAttempts = 5;

/**
 * Reads the state, does `work`, does what is due, and writes it back unless another process was first.
 *
 * @throws {CordonError} `STORE_CONFLICT`, and whatever `work` throws: then nothing has changed
 */
export async function changeState(
  store: StateStore,
  context: GenerationContext,
  work?: StateChange,
): Promise<AuthorityState> {
  const { vault, trustDomain, settings, now } = context;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.get(authorityKey);
    const state = stored === undefined ? emptyState(trustDomain) : readState(stored, trustDomain);
    // Work is asked for on the state as it should be, and may itself make something due.
    const due = await advance(state, context);
    const worked = work === undefined ? due : await advance(await work(due, context), context);
    if (worked === state) return state;
    const changed = published(state) !== published(worked);
    const next = changed ? { ...worked, sequence: state.sequence + 1 } : worked;
    const { result: won } = await store.transact(actor, now, async (transaction) => {
      if ((await transaction.get(authorityKey))?.revision !== stored?.revision) return false;
      await transaction.put(authorityKey, next, "system");
      const bundle = bundleValueOf(bundleOf(next, trustDomain, settings.refreshHintSeconds));
      if (changed) await transaction.put(bundleKey(trustDomain), bundle, "system");
      return true;
    });
    // Whoever lost throws its unused keys away; whoever won, those that have ended.
    for (const purpose of won ? purposesDropped(state, next) : purposesDropped(next, state))
      await vault.forgetSigningKey(purpose);
    if (won) return next;
  }
  throw new CordonError("STORE_CONFLICT", "another process keeps changing the authority's state; try again");
}
