/** The desk that seals and opens tokens for `cordon data tokenize` and `detokenize`. In: what `cordon up` opened. Out: the desk. */
import { randomUUID } from "node:crypto";
import { openTokenDesk, type TokenDesk } from "@cordon/control/inspection/token-desk";
import { tokenKeys } from "@cordon/control/keys/digest-keys";
import type { ControlPlane } from "@cordon/control/wire";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender } from "@cordon/core/ledger/entry";
import type { RiskSensing, Sensed } from "@cordon/gateway/risk/sensing";

export function tokenDeskOf({
  control: { snapshots, vault },
  ledger,
  identity,
  sensing,
  now,
}: {
  readonly control: Pick<ControlPlane, "snapshots" | "vault">;
  readonly ledger: LedgerAppender;
  readonly identity: IdentitySource;
  readonly sensing: Pick<RiskSensing, "signals" | "decided">;
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
    // As at the gateway: a person's network, device and conduct, what lists and incidents say of them.
    sense: (person, address) => {
      const sensed = (resource: SpiffeId): Sensed => ({
        ...{ who: person.id, isPerson: true, session: person.session, address, resource },
        since: snapshots.current().sessions?.get(person.session)?.authenticatedAt ?? now(),
        device: () => {
          const name = snapshots.current().sessions?.get(person.session)?.device;
          return name === undefined ? undefined : { name, until: Infinity };
        },
      });
      return {
        signals: (resource) => sensing.signals(sensed(resource), snapshots.current(), now()),
        decided: (resource, decision) => sensing.decided(sensed(resource), decision, snapshots.current(), now()),
      };
    },
    nextId: randomUUID,
    now,
  });
}
