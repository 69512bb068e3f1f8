/**
 * For whom a caller acts. In: a caller whose connection proved who it is, and the delegation that came with a request. Out:
 * the caller with the person behind it. Every enforcement point asks here, whatever the person's proof was made of.
 *
 * A delegation that does not hold refuses the request: a call that says it is for a person is never taken for the workload's
 * own.
 */
import type { IncomingMessage } from "node:http";
import { CordonError } from "@cordon/core/errors";
import { delegationHeader, verifyDelegation } from "@cordon/core/identity/delegation";
import { userPartsOf, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Caller } from "./caller.ts";

/**
 * The person behind a caller, as a request for a decision says it: whom it acts for, or itself. A person's own credential
 * names its session by the key that it is bound to, which the handshake has just proven.
 */
export function personBehind({ id, svid, acting }: Caller): Pick<AccessRequest, "user"> {
  if (acting !== undefined) return { user: acting };
  if (userPartsOf(id) === undefined || svid.keyFingerprint === undefined) return {};
  return { user: { id, session: svid.keyFingerprint } };
}

/**
 * @param token what the caller showed, if anything
 * @param gateway who a delegation must be for
 * @throws {CordonError} why it does not hold
 */
export function actingFor(caller: Caller, token: string | undefined, gateway: SpiffeId, now: Instant): Caller {
  if (token === undefined) return caller;
  if (userPartsOf(caller.id) !== undefined)
    throw new CordonError("TOKEN_NOT_PERMITTED", `${caller.id} is a person, and acts for nobody else`);
  if (caller.acting !== undefined)
    throw new CordonError("TOKEN_NOT_PERMITTED", `${caller.id} says twice for whom it acts`);
  // A bearer token could have been stolen together with the delegation: together they would prove nobody.
  if (caller.assurance !== "x509-svid")
    throw new CordonError(
      "TOKEN_NOT_PERMITTED",
      `${caller.id} may act for a person only with an X.509-SVID: connect by mutual TLS (\`cordon run\`)`,
    );
  return { ...caller, acting: verifyDelegation(token, { actor: caller.id, audience: gateway, now }) };
}

/** The delegation of a request. @throws {CordonError} `REQUEST_MALFORMED` for one that is sent twice */
export function delegationOf({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length !== delegationHeader.length || name.toLowerCase() !== delegationHeader) continue;
    if (found !== undefined)
      throw new CordonError("REQUEST_MALFORMED", `the header \`${delegationHeader}\` is sent twice`);
    found = rawHeaders[at + 1] ?? "";
  }
  return found;
}
