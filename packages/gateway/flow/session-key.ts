/**
 * Whose session a request belongs to. In: what is asked, and the name that a trusted component gave its session. Out: the key
 * that labels are kept under.
 *
 * A workload's session is the workload's, whomever it acts for: which person it names, and whether it names one, is its own
 * choice with each call, and a choice must not shed a label. A component that may name its sessions separates people by name.
 */
import type { SessionKey } from "@cordon/core/flow/flow";
import type { AccessRequest } from "@cordon/core/policy/decision";

export function sessionKeyOf({ principal, user }: Pick<AccessRequest, "principal" | "user">, name: string): SessionKey {
  return { principal, user: user?.id === principal ? principal : "", name };
}
