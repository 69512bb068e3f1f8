/**
 * What kept sessions come to. In: sessions as they are kept, and labels that come in or are lowered. Out: what a request of one
 * of them finds. Pure: the same for whatever keeps them.
 */
import type { Instant } from "../instant.ts";
import type { Labels } from "../contract/vocabulary.ts";
import {
  emptyLabels,
  fullLabels,
  joinLabels,
  rankOf,
  type FlowFacts,
  type FlowSession,
  type FlowStep,
} from "./flow.ts";

export interface Keeping {
  /** A session that reads nothing for this long is over. */
  readonly idleMs: number;
  readonly at: Instant;
  /** When what was kept before was lost, if it was. */
  readonly lostAt?: Instant | undefined;
}

/**
 * What a session holds: its own labels and those of its component's unnamed session, which may be any's. A request that names
 * none finds what all of the component's sessions hold: whichever it belongs to is among them.
 *
 * @param sessions of one principal and user
 */
export function heldFacts(sessions: readonly FlowSession[], name: string, { idleMs, at, lostAt }: Keeping): FlowFacts {
  const concerned = sessions.filter((session) => name === "" || session.name === "" || session.name === name);
  const living = concerned.filter(({ last }) => at - last <= idleMs);
  const lost = lostAt !== undefined && at - lostAt <= idleMs;
  // What was lost may have been of this very session, unless it has been written since: then it holds that too.
  if (lost && !living.some((session) => session.name === name)) return { ...fullLabels, standing: "lost" };
  if (living.length > 0) return living.map(factsOf).reduce(joinFacts);
  return { ...emptyLabels, standing: sessions.some((session) => session.name === name) ? "expired" : "new" };
}

function factsOf({ sensitivity, categories, integrity, sensitive, untrusted }: FlowSession): FlowFacts {
  return {
    ...{ sensitivity, categories, integrity, standing: "known" as const },
    ...(sensitive === undefined ? {} : { sensitive }),
    ...(untrusted === undefined ? {} : { untrusted }),
  };
}

function joinFacts(a: FlowFacts, b: FlowFacts): FlowFacts {
  const sensitive = rankOf(b.sensitivity) > rankOf(a.sensitivity) ? b.sensitive : a.sensitive;
  const untrusted = a.integrity === "untrusted" ? a.untrusted : b.untrusted;
  return {
    ...{ ...joinLabels(a, b), standing: "known" },
    ...(sensitive === undefined ? {} : { sensitive }),
    ...(untrusted === undefined ? {} : { untrusted }),
  };
}

/** What a session holds once more has come in; the step that raised each side first stays. */
export function raisedBy(held: FlowFacts, labels: Labels, step: FlowStep): FlowFacts {
  const joined = joinLabels(held, labels);
  const sensitive = joined.sensitivity === held.sensitivity ? held.sensitive : step;
  const untrusted = joined.integrity === held.integrity ? held.untrusted : step;
  return {
    ...{ ...joined, standing: "known" },
    ...(sensitive === undefined ? {} : { sensitive }),
    ...(untrusted === undefined ? {} : { untrusted }),
  };
}

export interface Lowered {
  readonly before: Labels;
  readonly after: Labels;
  readonly facts: FlowFacts;
}

/** What a session holds once somebody has said that it holds less; steps go with what they had raised. */
export function loweredBy({ sensitive, untrusted, ...held }: FlowFacts, to: Partial<Labels>): Lowered {
  const { sensitivity, categories, integrity } = held;
  const before: Labels = { sensitivity, categories, integrity };
  const after = { ...before, ...to };
  const facts: FlowFacts = {
    ...{ ...after, standing: "known" },
    ...(sensitive !== undefined && after.sensitivity === before.sensitivity ? { sensitive } : {}),
    ...(untrusted !== undefined && after.integrity === "untrusted" ? { untrusted } : {}),
  };
  return { before, after, facts };
}
