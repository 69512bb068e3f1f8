/**
 * Receives shared signals. In: security event tokens, pushed (RFC 8935) or polled (RFC 8936). Out: what they say applied to the
 * state; for each token an acknowledgement, or the error that its transmitter is to hear.
 */
import { readFile, stat } from "node:fs/promises";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import type { SignalsSettings } from "@cordon/core/contract/configuration";
import { resolveSecret, type SecretEffects } from "@cordon/core/contract/secret-reference";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { JwtAuthority, Snapshot } from "@cordon/core/policy/snapshot";
import { verifySet, type ReceivedEvent, type SetRefusal } from "@cordon/core/risk/ssf/set";
import { namedBy, type SubjectDirectory } from "@cordon/core/risk/ssf/subject";
import { fetchBounded } from "../fetch-bounded.ts";
import { applyEvent, type AppliedTo } from "./apply-event.ts";

export type TransmitterSettings = SignalsSettings["receive"][number];

export interface ReceiverDeps extends AppliedTo {
  readonly settings: TransmitterSettings;
  readonly snapshot: () => Snapshot;
  /** Who somebody is here by what the transmitter calls them. */
  readonly directory: () => Promise<SubjectDirectory>;
  readonly secrets: SecretEffects;
  /** Told of each event: the transmitter's name, what it was, and what it changed. */
  readonly onEvent: (words: string) => void;
  readonly onProblem: (error: unknown) => void;
}

export interface Receiver extends AsyncDisposable {
  readonly name: string;
  /** Takes one token. @returns the refusal; `undefined` where it was taken */
  take(token: string): Promise<SetRefusal | undefined>;
  /** What a verification event echoed last. */
  readonly verified: () => { readonly state: string | undefined; readonly at: Instant } | undefined;
}

/** Tokens that were taken are remembered by `jti`; what is forgotten is older news by then, and changes nothing. */
const maxRemembered = 100_000;
const keysAgeMs = 3_600_000;
const leastRefetchMs = 30_000;

export function openReceiver(deps: ReceiverDeps): Receiver {
  const { settings, now, onEvent, onProblem } = deps;
  const remembered = new Map<string, Instant>();
  const keys = keySource(settings, now);
  let verified: { state: string | undefined; at: Instant } | undefined;
  const stop = new AbortController();

  const take = async (token: string): Promise<SetRefusal | undefined> => {
    const check = (known: readonly JwtAuthority[]) =>
      verifySet(token, {
        ...{ issuer: settings.issuer, audiences: settings.audiences, keys: known, now: now() },
        maxAgeMs: settings.maxAgeHours * 3_600_000,
      });
    let read = check(await keys(false));
    if ("error" in read && read.error === "invalid_key") read = check(await keys(true));
    if ("error" in read) return read;
    if (remembered.has(read.jti)) return undefined; // RFC 8935, 2: one that was taken already is acknowledged again
    await act(read);
    if (remembered.size >= maxRemembered) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(read.jti, read.issuedAt);
    return undefined;
  };

  async function act({ event, subject, jti, type }: ReceivedEvent): Promise<void> {
    if (event.kind === "verification") verified = { state: event.state, at: now() };
    const named = namedBy(subject, await deps.directory());
    const source = settings.name;
    const changed = await applyEvent(deps, { event, named, source, riskMs: settings.riskHours * 3_600_000 });
    onEvent(
      `${source} sent ${type.split("/").at(-1) ?? ""} (${jti.slice(0, 64)}): ${changed ?? "nothing here depends on it"}`,
    );
  }

  const { poll } = settings;
  const polling = poll === undefined ? Promise.resolve() : pollOn(poll);

  async function pollOn(polled: NonNullable<TransmitterSettings["poll"]>): Promise<void> {
    let acks: string[] = [];
    let errors: Record<string, { err: string; description: string }> = {};
    let failing = false;
    while (!stop.signal.aborted) {
      let more = false;
      try {
        const token = polled.token === undefined ? undefined : await resolveSecret(polled.token, deps.secrets);
        const { status, body } = await fetchBounded({
          ...{ url: polled.url, method: "POST", caFile: settings.caFile, signal: stop.signal },
          headers: {
            "content-type": "application/json",
            accept: "application/json",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ maxEvents: 100, returnImmediately: true, ack: acks, setErrs: errors }),
        });
        if (status !== 200)
          throw new CordonError("UPSTREAM_UNREACHABLE", `${settings.name} answered ${status} to a poll`);
        [acks, errors] = [[], {}];
        const answer = parseStrictJson(body) as { sets?: JsonValue; moreAvailable?: JsonValue };
        const sets =
          typeof answer.sets === "object" && answer.sets !== null && !Array.isArray(answer.sets) ? answer.sets : {};
        for (const [jti, token_] of Object.entries(sets).slice(0, 1_000)) {
          const refusal: SetRefusal | undefined =
            typeof token_ === "string" ? await take(token_) : { error: "invalid_request", words: "it is no token" };
          if (refusal === undefined) acks.push(jti);
          else errors[jti] = { err: refusal.error, description: refusal.words };
        }
        more = answer.moreAvailable === true || acks.length > 0 || Object.keys(errors).length > 0;
        failing = false;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!failing) onProblem(error);
        failing = true;
      }
      if (!more) await pause(polled.everySeconds * 1000, stop.signal);
    }
  }

  return {
    name: settings.name,
    take,
    verified: () => verified,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await polling;
    },
  };
}

/** The transmitter's keys; asked again when they are old, and for a key that is not among them, at most twice a minute. */
function keySource({ jwksFile, jwksUrl, caFile, name }: TransmitterSettings, now: () => Instant) {
  let held: readonly JwtAuthority[] = [];
  let readAt = -Infinity;
  let modified = -1;
  return async (again: boolean): Promise<readonly JwtAuthority[]> => {
    if (jwksFile !== undefined) {
      const { mtimeMs } = await stat(jwksFile);
      if (mtimeMs !== modified) [held, modified] = [readJwks(await readFile(jwksFile), name), mtimeMs];
      return held;
    }
    if (jwksUrl === undefined) return held;
    const age = now() - readAt;
    if (age < (again ? leastRefetchMs : keysAgeMs)) return held;
    const { status, body } = await fetchBounded({ url: jwksUrl, caFile, maxBytes: 1_048_576, timeoutMs: 10_000 });
    if (status !== 200)
      throw new CordonError("UPSTREAM_UNREACHABLE", `${name} answered ${status} when asked for its keys`);
    [held, readAt] = [readJwks(body, name), now()];
    return held;
  };
}

/** Keys for signing, with a name; at most 32 (RFC 7517). */
function readJwks(bytes: Uint8Array, name: string): readonly JwtAuthority[] {
  const { keys } = parseStrictJson(bytes, { depth: 8, names: 4_096 }) as { keys?: JsonValue };
  if (!Array.isArray(keys)) throw new CordonError("CONFIG_UNREADABLE", `the keys of ${name} are no JWKS`);
  return keys.slice(0, 32).flatMap((key) => {
    if (typeof key !== "object" || key === null || Array.isArray(key)) return [];
    const { kid, use } = key;
    if (typeof kid !== "string" || (use !== undefined && use !== "sig")) return [];
    const jwk = Object.fromEntries(
      Object.entries(key).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
    return [{ kid, jwk }];
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
