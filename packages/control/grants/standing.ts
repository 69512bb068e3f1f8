/**
 * Who may be given a grant that nobody looks at, and whose word on one counts yet. In: a rule and a component; a grant and who
 * speaks on it. Out: a refusal in words, or nothing.
 */
import { CordonError } from "@cordon/core/errors";
import type { User } from "@cordon/core/policy/people";
import type { Component } from "@cordon/core/policy/snapshot";
import type { PeopleDeps } from "../people/deps.ts";
import { accountsIn, isNewcomer, newcomerWords, type Speaking } from "../people/newcomers.ts";
import type { GrantValue } from "./objects.ts";
import type { Rule } from "./rules.ts";

type SpokenOn = Pick<GrantValue, "approverGroups" | "requester" | "principal">;

/** What nobody looks at stays within the rule's namespace: a permission is not carried over to another team's component. */
export function refuseForeign(rule: Rule, { id, namespace }: Component): void {
  if (namespace === rule.namespace || rule.principalNamespaces.includes(namespace)) return;
  throw new CordonError(
    "ACCESS_DENIED",
    `Rule \`${rule.namespace}/${rule.name}\` gives what nobody approves to components of \`${rule.namespace}\` alone, and ${id} ` +
      `is of \`${namespace}\`: name that under its \`principalNamespaces\`, or have the grant approved.`,
  );
}

/** Who speaks on a grant, for whether they may yet. */
export function speakingOn(
  deps: Pick<PeopleDeps, "settings" | "now">,
  by: User,
  { approverGroups: groups, requester, principal }: SpokenOn,
): Speaking {
  return { by, groups, concerned: [requester, principal], coolingMs: coolingOf(deps), now: deps.now() };
}

function coolingOf({ settings }: Pick<PeopleDeps, "settings">): number {
  return settings.administrators.coolingHours * 3_600_000;
}

/** @throws {CordonError} `ACCESS_DENIED` for an account that is too new, where somebody older could speak */
export async function refuseNewcomer(
  deps: Pick<PeopleDeps, "store" | "trustDomain" | "settings" | "now">,
  by: User,
  grant: SpokenOn,
): Promise<void> {
  if (isNewcomer(await accountsIn(deps.store, deps.trustDomain), speakingOn(deps, by, grant)))
    throw newcomerWords(by, coolingOf(deps));
}
