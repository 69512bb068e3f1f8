/**
 * Which lists of the index a request is put to. In: an index, then environments. Out: for principal and resource a plan,
 * made once for what is known of an entity, since that does not change: it is replaced.
 */
import { matches } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import type { IndexedPolicies, LookUp, Range } from "./policy-index.ts";
import { valuesAt } from "./policy-openings.ts";
import type { CedarRecord, EntityData, EntityUid } from "./value.ts";

/** The lists for one entity. */
export interface Plan {
  readonly key: string;
  /** Its number among the entities that groups name; -1 for none. */
  readonly number: number;
  /** Starts and ends, by turns. */
  readonly ranges: Int32Array;
  /** False where a look-up would have failed: then policies fail too, and all must be asked. */
  readonly complete: boolean;
}

/** A set's action scopes that an action matches, by their number. */
interface KnownAction {
  readonly data: EntityData | undefined;
  readonly matching: Uint8Array;
}

/** Callers name few actions; who names more makes it begin anew. */
const maxActions = 256;

export class PolicyPlans {
  readonly #index: IndexedPolicies;
  readonly #principals = new WeakMap<EntityData, Plan>();
  readonly #resources = new WeakMap<EntityData, Plan>();
  readonly #actions = new Map<string, KnownAction>();
  readonly #ofContext: readonly LookUp[];

  constructor(index: IndexedPolicies) {
    this.#index = index;
    this.#ofContext = index.lookUps.filter(({ role }) => role === "context");
  }

  principal({ principal, principalData }: Environment): Plan {
    return this.#plan("principal", this.#principals, principal, principalData);
  }

  resource({ resource, resourceData }: Environment): Plan {
    return this.#plan("resource", this.#resources, resource, resourceData);
  }

  /** The lists for a context; `undefined` where a look-up would have failed. */
  context({ fields }: CedarRecord): readonly Range[] | undefined {
    if (this.#ofContext.length === 0) return none;
    const found: Range[] = [];
    for (const { path, test, lists } of this.#ofContext) {
      const value = fields.get(path[0] as string);
      if (value === undefined) return undefined;
      if (test === "equals") {
        const list = typeof value === "object" ? undefined : lists.get(value);
        if (list !== undefined) found.push(list);
        continue;
      }
      if (typeof value !== "object" || value.kind !== "set") return undefined;
      for (const element of value.elements) {
        const list = typeof element === "object" ? undefined : lists.get(element);
        if (list !== undefined) found.push(list);
      }
    }
    return found;
  }

  /** By number of an action scope: whether the request's action matches it. */
  actions(environment: Environment): Uint8Array {
    const { action, entities } = environment;
    const data = entities.get(action.key);
    const known = this.#actions.get(action.key);
    if (known !== undefined && known.data === data) return known.matching;
    const matching = Uint8Array.from(this.#index.actions, (scope) => (matches(scope, environment, action) ? 1 : 0));
    if (this.#actions.size >= maxActions) this.#actions.clear();
    this.#actions.set(action.key, { data, matching });
    return matching;
  }

  #plan(
    role: "principal" | "resource",
    known: WeakMap<EntityData, Plan>,
    uid: EntityUid,
    data: EntityData | undefined,
  ): Plan {
    const earlier = data === undefined ? undefined : known.get(data);
    if (earlier !== undefined && earlier.key === uid.key) return earlier;
    const plan = this.#make(role, uid, data);
    if (data !== undefined) known.set(data, plan);
    return plan;
  }

  #make(role: "principal" | "resource", uid: EntityUid, data: EntityData | undefined): Plan {
    const ranges: number[] = [];
    let complete = true;
    for (const lookUp of this.#index.lookUps) {
      if (lookUp.role !== role || (lookUp.type !== undefined && lookUp.type !== uid.type)) continue;
      const values = valuesAt(lookUp, uid, data);
      if (values === undefined) complete = false;
      for (const value of values ?? []) ranges.push(...(lookUp.lists.get(value) ?? []));
    }
    return { key: uid.key, number: this.#index.numbers.get(uid.key) ?? -1, ranges: Int32Array.from(ranges), complete };
  }
}

const none: readonly Range[] = [];
