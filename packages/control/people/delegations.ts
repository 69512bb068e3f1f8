/**
 * Ending one delegation. In: the person, signed in, and the delegation's id. Out: a revocation that holds at every gateway with the
 * revision it makes, and cuts what runs on it. Nobody can end another's: the id counts under the person's own sessions alone.
 */
import { CordonError } from "@cordon/core/errors";
import { delegationDigest, maxDelegationSeconds } from "@cordon/core/identity/delegation";
import type { User } from "@cordon/core/policy/people";
import { revocationKey, revocationKind, revocationSchema, type Revocation } from "../authority/revocation.ts";
import { readValue } from "../registry/objects.ts";
import { change, type PeopleDeps } from "./deps.ts";

/** A person who wants to end more of them within their hour signs out. */
const mostEnded = 100;

/** @throws {CordonError} `ACCESS_DENIED` past the bound, `STORE_CONFLICT` where no session of theirs could have made one */
export async function endDelegation(deps: PeopleDeps, user: User, id: string): Promise<void> {
  const at = deps.now();
  const sessions = [...(deps.snapshot().sessions?.values() ?? [])].filter((one) => one.user === user.id);
  const own = sessions.filter(({ kind }) => kind === "cli");
  if (own.length === 0)
    throw new CordonError(
      "STORE_CONFLICT",
      "You are signed in on no command line, so nothing acts for you by delegation.",
    );
  const reason = `${user.id} ended a delegation`;
  const revocations = own.map((session): Revocation => ({
    ...{ type: "certificate", sha256: delegationDigest(session.id, id), reason, at },
    expiresAt: at + maxDelegationSeconds * 1000,
  }));
  const keys = revocations.map(revocationKey);
  const words = `${user.name} ended a delegation`;
  await change(
    deps,
    { actor: user.id, words, objects: keys },
    async (transaction) => {
      const others = (await transaction.list(revocationKind)).filter(
        (object) => readValue(revocationSchema, object).reason === reason,
      );
      if (others.length + revocations.length > mostEnded)
        throw new CordonError(
          "ACCESS_DENIED",
          "You ended very many delegations within the hour: sign out to end them all.",
        );
      for (const [at_, revocation] of revocations.entries()) {
        const key = keys[at_];
        if (key !== undefined) await transaction.put(key, revocation, "api");
      }
    },
    { stays: true },
  );
}
