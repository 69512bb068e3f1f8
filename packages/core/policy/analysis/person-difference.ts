/**
 * What a change of policies changes for people. In: two estates, perhaps workloads that act for people. Out: for each
 * person, group and namespace what can be reached that could not before, what no longer can, and what can at other times,
 * until another time, or without the approval of each call.
 */
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Instant } from "../../instant.ts";
import type { Action } from "../../contract/vocabulary.ts";
import type { User } from "../people.ts";
import { peopleOf, withPeople, type Estate } from "./estate-people.ts";
import { personReach, type PersonEdge } from "./person-reach.ts";
import type { Reach } from "./reach.ts";
import type { During } from "./reach-edges.ts";

export interface PersonPair {
  /** Who, in words: a person, a group's member, or anybody of a namespace. */
  readonly who: string;
  readonly person: SpiffeId;
  /** The workload that acts for them. */
  readonly through?: SpiffeId;
  readonly action: Action;
  readonly resource: SpiffeId;
  readonly during?: During;
  readonly permits: readonly string[];
  /** The grant that opens it, and until when. */
  readonly grant?: { readonly id: string; readonly ends: Instant };
  readonly eachCallApproved: boolean;
}

export interface PersonDifference {
  readonly gained: readonly PersonPair[];
  readonly lost: readonly PersonPair[];
  /** Reached before and after, and otherwise; as it is after. */
  readonly changed: readonly PersonPair[];
}

/** One side of a comparison: an estate, and what is known of it already. */
export interface ReachedEstate extends Estate {
  readonly reach: Reach;
}

/**
 * Compares what people reach.
 *
 * @param through workloads that act for people; besides what people do by themselves
 */
export function personDifference(
  before: ReachedEstate,
  after: ReachedEstate,
  through: readonly SpiffeId[] = [],
): PersonDifference {
  const people = peopleOf([before, after]);
  const sides = [before, after].map(
    (estate, side) =>
      new PeopleOf(
        estate,
        people.map((one) => one.in[side]),
      ),
  );
  const gained: PersonPair[] = [];
  const lost: PersonPair[] = [];
  const changed: PersonPair[] = [];
  for (const somebody of people)
    for (const workload of [undefined, ...through]) {
      const [earlier, later] = sides.map((side, index) => side.pairs(somebody.words, somebody.in[index], workload));
      if (earlier === undefined || later === undefined) continue;
      for (const [key, pair] of later) {
        const was = earlier.get(key);
        if (was === undefined) gained.push(pair);
        else if (termsOf(was) !== termsOf(pair)) changed.push(pair);
      }
      for (const [key, pair] of earlier) if (!later.has(key)) lost.push(pair);
    }
  return { gained, lost, changed };
}

/** What people reach in one estate. Who is the same to every policy is asked about once. */
class PeopleOf {
  readonly #reach: Reach;
  readonly #snapshot: Estate["snapshot"];
  readonly #readsPersons: boolean;
  readonly #named: string;
  readonly #known = new Map<string, readonly PersonEdge[]>();

  constructor({ snapshot, policies, reach }: ReachedEstate, users: readonly (User | undefined)[]) {
    const enrolled = users.filter((user) => user !== undefined);
    this.#reach = {
      ...reach,
      snapshot: withPeople(reach.snapshot, enrolled),
      stills: reach.stills.map((still) => withPeople(still, enrolled)),
    };
    this.#snapshot = snapshot;
    this.#named = JSON.stringify(
      policies.analysed.map(({ json }) => [json.principal, json.conditions]),
      (_, value) => (typeof value === "bigint" ? String(value) : (value as unknown)),
    );
    this.#readsPersons = /"attr":"(?:name|displayName|spiffeId|user)"/.test(this.#named);
  }

  pairs(who: string, user: User | undefined, through: SpiffeId | undefined): ReadonlyMap<string, PersonPair> {
    const workload = through === undefined ? undefined : this.#snapshot.components.get(through);
    if (user === undefined || (through !== undefined && workload === undefined)) return new Map();
    const key = `${this.#likeness(user)}\n${through ?? ""}`;
    let edges = this.#known.get(key);
    if (edges === undefined) this.#known.set(key, (edges = personReach(this.#reach, user, workload)));
    const pairs = new Map<string, PersonPair>();
    for (const edge of edges) {
      const pair = pairOf(who, user, through, edge);
      const at = `${edge.action} ${edge.resource.id}`;
      const other = pairs.get(at);
      // By several grants: the one that lasts longest says what is reached.
      if (other === undefined || (other.grant?.ends ?? Infinity) < (pair.grant?.ends ?? Infinity)) pairs.set(at, pair);
    }
    return pairs;
  }

  /** The same for two people where nothing tells them apart. */
  #likeness({ id, namespace, name, groups, locked }: User): string {
    const { grants, overlays, revocations } = this.#snapshot;
    const own =
      this.#readsPersons ||
      locked !== undefined ||
      grants?.has(id) === true ||
      overlays.isolated.has(id) ||
      revocations.workloads.has(id) ||
      this.#named.includes(`${namespace}/user/${name}"`);
    return own ? id : JSON.stringify([namespace, ...groups]);
  }
}

function pairOf(who: string, user: User, through: SpiffeId | undefined, edge: PersonEdge): PersonPair {
  const { action, resource, during, permits, grant, eachCallApproved } = edge;
  return {
    ...{ who, person: user.id, action, resource: resource.id, permits, eachCallApproved },
    ...(through === undefined ? {} : { through }),
    ...(during === undefined ? {} : { during }),
    ...(grant === undefined ? {} : { grant: { id: grant.id, ends: grant.ends } }),
  };
}

/** What a pair is bound to: times, a grant, approvals. Which permit it is does not matter. */
function termsOf({ during, grant, eachCallApproved }: PersonPair): string {
  return JSON.stringify([during ?? null, grant ?? null, eachCallApproved]);
}
