/**
 * What is usual for each principal: what this gateway learns, and what others have learnt. In: requests; what others wrote. Out:
 * profiles; what is new since it was last handed out. Whoever carries it between gateways does so beside the requests: here
 * nothing waits and nothing is written.
 */
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { fade, merge, newProfile, type Profile } from "@cordon/core/risk/profile";
import { profileFromJson, profileToJson, type SharedKnowledge } from "@cordon/core/risk/profile-json";
import { attemptKinds, here, type Attempts } from "./attempts.ts";

/** What one gateway knows under a name: a principal's, or `address ...`. */
export interface KnowledgeOf {
  readonly name: string;
  readonly value: SharedKnowledge;
}

export interface Knowledge {
  own(who: SpiffeId): Profile | undefined;
  elsewhere(who: SpiffeId): Profile | undefined;
  /** The profile to learn with; made where there is none. */
  learning(who: SpiffeId, now: Instant): Profile;
  /**
   * What is new here since the last call, at most `limit`. One more request like those before it is no news for a
   * minute: a busy principal's profile is not written again and again.
   *
   * @param all also what is no news yet: before this gateway stops
   */
  drain(limit: number, all?: boolean): readonly KnowledgeOf[];
  /** What could not be written is new again. */
  keep(names: readonly string[]): void;
  /** What this gateway itself had learnt before it was started anew. */
  restore(known: KnowledgeOf): void;
  /** What another gateway has learnt, in place of what it said before. */
  take(gateway: string, known: KnowledgeOf): void;
}

interface Learning {
  readonly profile: Profile;
  news: boolean;
  /** What others were told of it last, and when. */
  told?: { readonly at: Instant; readonly of: string; readonly total: number };
}

interface Elsewhere {
  readonly byGateway: Map<string, Profile>;
  merged: Profile;
}

const maxPrincipals = 20_000;
/** More of what is usual already is told this often, in milliseconds. */
export const retellMs = 60_000;
const knownBetter = 1.25;
/** Names that wait to be told of; while they cannot be, no more are added. */
export const mostUntold = 50_000;
const mostGateways = 64;
const addressName = "address ";

export function openKnowledge(attempts: Attempts, clock: () => Instant): Knowledge {
  const own = new Map<SpiffeId, Learning>();
  const others = new Map<SpiffeId, Elsewhere>();
  /** Names under which attempts failed here that others do not know of. */
  const failed = new Set<string>();

  const tellOf = (name: string): void => {
    if (failed.size < mostUntold) failed.add(name);
  };
  const valueOf = (name: string, learning: Learning | undefined): KnowledgeOf => {
    const address = addressOf(name);
    const now = clock();
    const counted = attemptKinds
      .filter((kind) => (kind === "address") === (address !== undefined))
      .map((kind) => [kind, [...attempts.counted(kind, address ?? name, now)]] as const)
      .filter(([, times]) => times.length > 0);
    if (learning !== undefined) {
      learning.news = false;
      const { profile } = learning;
      learning.told = { at: now, of: gist(profile), total: profile.total };
    }
    return {
      name,
      value: {
        at: now,
        ...(learning && { profile: profileToJson(learning.profile) }),
        ...(counted.length > 0 && { failures: Object.fromEntries(counted) }),
      },
    };
  };
  const takeAttempts = (gateway: string, { name, value: { failures } }: KnowledgeOf): void => {
    const address = addressOf(name);
    for (const kind of attemptKinds)
      if ((kind === "address") === (address !== undefined))
        attempts.take(gateway, { kind, name: address ?? name, times: failures?.[kind] ?? [] });
  };

  return {
    own: (who) => own.get(who)?.profile,
    elsewhere(who) {
      const profile = others.get(who)?.merged;
      if (profile !== undefined) fade(profile, clock());
      return profile;
    },
    learning(who, now) {
      let learning = own.get(who);
      if (learning === undefined) {
        makeRoom(own);
        own.set(who, (learning = { profile: newProfile(now), news: true }));
      } else learning.news = true;
      return learning.profile;
    },
    drain(limit, all = false) {
      const now = clock();
      for (const { kind, name } of attempts.drain()) tellOf(kind === "address" ? `${addressName}${name}` : name);
      const news: KnowledgeOf[] = [];
      for (const name of failed) {
        if (news.length >= limit) return news;
        failed.delete(name);
        news.push(valueOf(name, own.get(name as SpiffeId)));
      }
      for (const [who, learning] of own) {
        if (news.length >= limit) break;
        if (learning.news && (all || isDue(learning, now))) news.push(valueOf(who, learning));
      }
      return news;
    },
    keep(names) {
      for (const name of names) {
        const learning = own.get(name as SpiffeId);
        if (learning === undefined) tellOf(name);
        else {
          learning.news = true;
          delete learning.told;
        }
      }
    },
    restore(known) {
      takeAttempts(here, known);
      const { name, value } = known;
      const profile = value.profile && profileFromJson(value.profile);
      if (profile === undefined || own.has(name as SpiffeId)) return;
      makeRoom(own);
      own.set(name as SpiffeId, { profile, news: false });
    },
    take(gateway, known) {
      takeAttempts(gateway, known);
      const { name, value } = known;
      const profile = value.profile && profileFromJson(value.profile);
      if (profile === undefined || addressOf(name) !== undefined) return;
      const who = name as SpiffeId;
      const all = others.get(who)?.byGateway ?? new Map<string, Profile>();
      if (!all.has(gateway) && all.size >= mostGateways) return;
      all.set(gateway, profile);
      if (!others.has(who)) makeRoom(others);
      others.set(who, { byGateway: all, merged: mergeAll([...all.values()], profile) });
    },
  };
}

/**
 * Whether others should hear of it now: they never did, or of something else, or a while ago, or it is known a good deal
 * better by now: while little is known of somebody elsewhere, a stranger could teach it there.
 */
function isDue({ told, profile }: Learning, now: Instant): boolean {
  if (told === undefined || Math.abs(now - told.at) >= retellMs) return true;
  return profile.total > told.total * knownBetter || told.of !== gist(profile);
}

/** What must not wait: where it is, and what has become usual. */
function gist({ countries, devices, place }: Profile): string {
  const usual = (seen: Profile["countries"]): number => seen.filter((one) => one.usual).length;
  const { country = "", latitude, longitude } = place?.where ?? {};
  const where = `${country} ${latitude} ${longitude}`;
  return `${countries.length} ${usual(countries)} ${devices.length} ${usual(devices)} ${where}`;
}

/** A copy of its own: what is merged fades by itself. */
function mergeAll(profiles: readonly Profile[], newest: Profile): Profile {
  return profiles.reduce((all, one) => merge(all, one), newProfile(newest.fadedAt));
}

function addressOf(name: string): string | undefined {
  return name.startsWith(addressName) ? name.slice(addressName.length) : undefined;
}

/** The one that was made longest ago goes: whoever is active is made again at once, and is new for a while. */
function makeRoom<V>(map: Map<SpiffeId, V>): void {
  if (map.size >= maxPrincipals) for (const oldest of map.keys()) if (map.delete(oldest)) break;
}
