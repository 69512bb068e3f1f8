/**
 * What the gateways of one estate share about DPoP proofs. In: the store, the vault, the configuration. Out: the memory of proofs
 * that were used at any of them, where the store is one that several can share; and nonces, where they are asked for.
 */
import { dirname } from "node:path";
import type { KeyVault } from "@cordon/control/keys/key-vault";
import type { ShortLivedRecord, ShortLivedRecords } from "@cordon/control/store/short-lived-records";
import { readStoreUrl } from "@cordon/control/store/store-url";
import type { Instant } from "@cordon/core/instant";
import { dpopNonces, type DpopNonces } from "@cordon/core/oauth/dpop-nonce";
import type { UsedProofs } from "@cordon/gateway/ports";

export interface DpopPlace {
  readonly records: ShortLivedRecords;
  readonly vault: Pick<KeyVault, "secretKey">;
  readonly storeUrl: string;
  readonly stateFolder: string;
  readonly asksNonces: boolean;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

export interface SharedDpop extends AsyncDisposable {
  readonly usedProofs?: UsedProofs;
  readonly dpopNonces?: DpopNonces;
}

export async function openSharedDpop(place: DpopPlace): Promise<SharedDpop> {
  const location = readStoreUrl(place.storeUrl);
  // A file in its own state folder is nobody else's: that folder is locked.
  const isShared = location.adapter !== "sqlite" || dirname(location.path) !== place.stateFolder;
  const used = isShared ? openUsedProofs(place) : undefined;
  return {
    ...(used && { usedProofs: used }),
    ...(place.asksNonces && { dpopNonces: dpopNonces(await place.vault.secretKey("dpop-nonces"), place.now) }),
    [Symbol.asyncDispose]: async () => used?.[Symbol.asyncDispose](),
  };
}

/** Longer than any gateway of the estate could take the proof, be their clocks minutes apart. */
const keepMs = 600_000;
const sweepEveryMs = 60_000;
const mostAtOnce = 500;

interface Waiting {
  readonly record: ShortLivedRecord;
  readonly resolve: (isFirst: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Proofs that come while others are being written down are written down together: one transaction at a time. */
export function openUsedProofs({
  records,
  now,
  onProblem,
}: Pick<DpopPlace, "records" | "now" | "onProblem">): UsedProofs & AsyncDisposable {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const some = waiting.splice(0, mostAtOnce);
      await records.addAll(some.map(({ record }) => record)).then(
        (added) => some.forEach(({ resolve }, at) => resolve(added[at] === true)),
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      );
    }
  };
  const timer = setInterval(() => void records.sweep(now()).catch(onProblem), sweepEveryMs);
  timer.unref();
  return {
    take: (id) =>
      new Promise((resolve, reject) => {
        const record = { kind: "dpop-proof", id, value: "", expiresAt: now() + keepMs };
        waiting.push({ record, resolve, reject });
        writing ??= write().finally(() => (writing = undefined));
      }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
      waiting = [];
    },
  };
}
