/** The desk that seals and opens tokens for `cordon data tokenize` and `detokenize`. In: what `cordon up` opened. Out: the desk. */
import { randomUUID } from "node:crypto";
import { openTokenDesk, type TokenDesk } from "@cordon/control/inspection/token-desk";
import { tokenKeys } from "@cordon/control/keys/digest-keys";
import type { ControlPlane } from "@cordon/control/wire";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender } from "@cordon/core/ledger/entry";

export function tokenDeskOf({
  control: { snapshots, vault },
  ledger,
  identity,
  now,
}: {
  readonly control: Pick<ControlPlane, "snapshots" | "vault">;
  readonly ledger: LedgerAppender;
  readonly identity: IdentitySource;
  readonly now: () => Instant;
}): TokenDesk {
  const keys = tokenKeys(vault);
  return openTokenDesk({
    snapshot: () => snapshots.current(),
    snapshotAgeMs: () => Math.max(0, Math.round(performance.now() - snapshots.confirmedAtMs())),
    ledger,
    key: (namespace) => keys.current(namespace),
    self: () => {
      const { id, chain } = identity.current();
      return { id, fingerprint: sha256Hex(chain[0] ?? new Uint8Array()) };
    },
    nextId: randomUUID,
    now,
  });
}
