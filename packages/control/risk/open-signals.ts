/**
 * The room's front door: shared signals and device management as the configuration has them. In: the control plane's rooms. Out:
 * receivers, a transmitter that follows the store, and the listener; nothing where `signals` is not configured.
 */
import { generateKeyPair } from "node:crypto";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import type { SignalsSettings } from "@cordon/core/contract/configuration";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot, SecretReference } from "@cordon/core/policy/snapshot";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import type { SubjectDirectory } from "@cordon/core/risk/ssf/subject";
import { openDevices } from "../devices/devices.ts";
import type { KeyVault } from "../keys/key-vault.ts";
import { absoluteSecret } from "../registry/configuration-objects.ts";
import { secretEffects } from "../registry/secret-effects.ts";
import type { StateStore } from "../store/state-store.ts";
import { openSignalsListener, type Known, type SignalsListener } from "./signals-listener.ts";
import { followForSignals } from "./ssf/follow-store.ts";
import { outgoingEvents } from "./ssf/outgoing.ts";
import { openReceiver, type Receiver } from "./ssf/receiver.ts";
import { openTransmitter, type Transmitter } from "./ssf/transmitter.ts";

export interface SignalsOptions {
  readonly settings: SignalsSettings;
  /** Where relative paths start. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: StateStore;
  readonly vault: Pick<KeyVault, "signingKey">;
  readonly snapshot: () => Snapshot;
  readonly now: () => Instant;
  readonly onEvent: (words: string) => void;
  readonly onProblem: (error: unknown) => void;
}

const generate = promisify(generateKeyPair);

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openSignals(options: SignalsOptions): Promise<SignalsListener> {
  const { settings, folder, store, snapshot, now, onProblem } = options;
  const parsed = parseListenAddress(settings.listen);
  if ("problem" in parsed) throw new CordonError("CONFIG_INVALID", `\`signals.listen\` ${parsed.problem}`);
  await using opening = new AsyncDisposableStack();
  const secrets = secretEffects(options.env);
  const devices = openDevices(store, now, () => (snapshot().risk ?? defaultRiskSettings).posture.maxAgeMs);
  const place = <T extends string | undefined>(file: T): T =>
    file === undefined ? file : (resolve(folder, file) as T);
  // A secret may be written anew without a restart: it is read when it is used.
  const secretOf = (reference: SecretReference | undefined) => async () =>
    reference === undefined ? undefined : resolveSecret(absoluteSecret(reference, folder), secrets);

  const receivers: Receiver[] = settings.receive.map((one) =>
    opening.use(
      openReceiver({
        ...{ store, devices, now, secrets, snapshot, onProblem, onEvent: options.onEvent },
        settings: {
          ...one,
          ...(one.jwksFile && { jwksFile: place(one.jwksFile) }),
          ...(one.caFile && { caFile: place(one.caFile) }),
        },
        directory: () => directoryOf(store, snapshot(), one),
      }),
    ),
  );
  let transmitter: Transmitter | undefined;
  const listener = opening.use(
    await openSignalsListener({
      listen: parsed.ok,
      tls: settings.tls && { certFile: place(settings.tls.certFile), keyFile: place(settings.tls.keyFile) },
      transmitters: receivers.map((is, at): Known<Receiver> => ({
        is,
        token: secretOf(settings.receive[at]?.token),
      })),
      receivers: settings.transmit.map((is) => ({ is, token: secretOf(is.token) })),
      management: settings.management.map((is) => ({ is, token: secretOf(is.token) })),
      transmitter: () => {
        if (transmitter === undefined) throw new CordonError("ROUTE_UNKNOWN", "no shared signals are transmitted here");
        return transmitter;
      },
      devices,
      onFailure: onProblem,
    }),
  );
  if (settings.transmit.length > 0) {
    const key = await options.vault.signingKey(
      "shared-signals",
      async () => (await generate("rsa", { modulusLength: 2048 })).privateKey,
    );
    const issuer = (settings.issuer ?? listener.url).replace(/\/$/, "");
    const { records } = store;
    // Paths start where the configuration lies, as everywhere in it.
    const targets = settings.transmit.map(({ push: to, ...one }) => ({
      ...one,
      ...(to && {
        push: {
          ...to,
          ...(to.token && { token: absoluteSecret(to.token, folder) }),
          ...(to.caFile && { caFile: place(to.caFile) }),
        },
      }),
    }));
    const opened = opening.use(
      await openTransmitter({ issuer, receivers: targets, records, key, secrets, now, onProblem }),
    );
    transmitter = opened;
    const { trustDomain } = snapshot();
    const posture = () => (snapshot().risk ?? defaultRiskSettings).posture;
    const read = outgoingEvents({ trustDomain, posture, now });
    opening.use(await followForSignals({ store, transmitter: opened, read, now, onProblem }));
  }
  const owned = opening.move();
  return { url: listener.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Whom a transmitter's names mean: our people by mailbox or by who they are at their identity provider, and our own names. */
async function directoryOf(
  store: Pick<StateStore, "list">,
  { users, components, devices, trustDomain }: Snapshot,
  { emailDomains, namespace }: SignalsSettings["receive"][number],
): Promise<SubjectDirectory> {
  const bySubject = new Map<string, string>();
  for (const { namespace: own, name, value } of await store.list("user")) {
    const { oidc } = value as { readonly oidc?: { readonly issuer: string; readonly subject: string } };
    if (oidc !== undefined) bySubject.set(`${oidc.issuer}\n${oidc.subject}`, `${own}/user/${name}`);
  }
  const people = new Map(
    [...(users?.values() ?? [])].map((user) => [user.id as string, `${user.namespace}/user/${user.name}`]),
  );
  const known = new Set(people.values());
  for (const { id, namespace: own, kind, name } of components.values()) {
    const short = `${own}/${kind}/${name}`;
    const ours = id.startsWith(`spiffe://${trustDomain}/ns/${short}`) ? short : id;
    people.set(id, ours);
    known.add(ours);
  }
  return {
    byEmail(email) {
      const [mailbox = "", domain = ""] = email.split("@");
      const id = `${namespace satisfies string as Namespace}/user/${mailbox}`;
      return emailDomains.includes(domain) && known.has(id) ? id : undefined;
    },
    byIssuerSubject: (issuer, subject) => bySubject.get(`${issuer}\n${subject}`),
    byId: (id) => people.get(id) ?? (known.has(id) ? id : undefined),
    device: (name) => (devices?.has(name) === true ? name : undefined),
  };
}
