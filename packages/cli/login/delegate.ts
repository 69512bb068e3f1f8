/**
 * Delegations from this machine's login. In: what `cordon login` left here. Out: tokens by which one workload acts for
 * whoever is signed in, for minutes; made with the login's own key, so that they end when it does.
 */
import { createPrivateKey, randomBytes, type KeyObject } from "node:crypto";
import type { Delegate } from "@cordon/agent/run/run";
import { CordonError } from "@cordon/core/errors";
import { mintDelegation, type Delegation } from "@cordon/core/identity/delegation";
import { parseSpiffeId, trustDomainOf, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { loadLogin, type Login } from "./login-file.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How long each token of a run lasts; it is made anew at half of it. */
const runTokenSeconds = 600;

export interface Minted {
  /** By which it can be ended alone. */
  readonly id: string;
  readonly token: string;
  readonly expiresAt: number;
}

/** One token for one workload, no longer than the login lasts. */
export function delegationFrom(
  login: Login,
  asked: Pick<Delegation, "actor" | "lifetimeSeconds" | "actions" | "resources"> & { readonly audience?: SpiffeId },
  now = Date.now(),
): Minted {
  return mint(login, createPrivateKey(login.privateKey), asked, now);
}

/** Delegations for a run: made as they are needed, with the login that is here then. */
export async function openDelegate(env: Env, now: () => number = Date.now): Promise<Delegate> {
  let login = await loadLogin(env);
  let key = createPrivateKey(login.privateKey);
  let held: { readonly for: string; readonly token: string; readonly renewAt: number } | undefined;
  const again = (): void => {
    loadLogin(env).then(
      (newer) => {
        if (newer.privateKey === login.privateKey) return;
        [login, key, held] = [newer, createPrivateKey(newer.privateKey), undefined];
      },
      () => undefined, // signed out: what was made ends, and the gateway says so
    );
  };
  return (gateway, actor) => {
    if (held?.for === `${gateway} ${actor}` && now() < held.renewAt) return held.token;
    again();
    const at = now();
    const asked = { actor, audience: gateway, lifetimeSeconds: runTokenSeconds };
    const { token, expiresAt } = mint(login, key, asked, at);
    held = { for: `${gateway} ${actor}`, token, renewAt: at + (expiresAt - at) / 2 };
    return token;
  };
}

/** A workload or resource as people write it: `namespace/kind/name`, or a SPIFFE ID. @throws {CordonError} `USAGE` */
export function idOf(text: string, login: Login): SpiffeId {
  if (text.startsWith("spiffe://")) return parseSpiffeId(text);
  if (!/^[a-z0-9-]+\/[a-z]+\/[a-z0-9-]+$/.test(text))
    throw new CordonError("USAGE", `\`${text}\` is not NAMESPACE/KIND/NAME, such as default/agent/assistant`);
  const [namespace, kind, name] = text.split("/");
  const trustDomain = trustDomainOf(parseSpiffeId(login.credential.person.id));
  return parseSpiffeId(`spiffe://${trustDomain}/ns/${namespace}/${kind}/${name}`);
}

function mint(
  { credential }: Login,
  key: KeyObject,
  asked: Pick<Delegation, "actor" | "lifetimeSeconds" | "actions" | "resources"> & { readonly audience?: SpiffeId },
  now: number,
): Minted {
  const left = Math.floor((credential.expiresAt - now) / 1000);
  const lifetimeSeconds = Math.max(1, Math.min(asked.lifetimeSeconds, left));
  const { actor, actions, resources } = asked;
  const id = randomBytes(16).toString("base64url");
  const token = mintDelegation(
    {
      ...{ person: parseSpiffeId(credential.person.id), actor, issuedAt: now, lifetimeSeconds },
      audience: asked.audience ?? parseSpiffeId(credential.gateway.id),
      id,
      ...(actions === undefined ? {} : { actions }),
      ...(resources === undefined ? {} : { resources }),
    },
    key,
  );
  return { id, token, expiresAt: (Math.floor(now / 1000) + lifetimeSeconds) * 1000 };
}
