/**
 * Requests as Cedar reads them. In: a request and its two components. Out: the environment that compiled policies are
 * evaluated in. What Cedar sees of a component is made once and kept with it: components do not change, they are
 * replaced.
 */
import { actions, type Namespace } from "../contract/vocabulary.ts";
import type { TrustDomain } from "../identity/spiffe-id.ts";
import type { Environment, EntitySource } from "./cedar/environment.ts";
import { CedarRecord, CedarSet, EntityUid, type EntityData, type Value } from "./cedar/value.ts";
import { valueOf } from "./cedar/value-json.ts";
import { argumentRecord, noArguments } from "./argument-facts.ts";
import type { ArgumentTree } from "./argument-types.ts";
import { cedarEntity, cedarUser, contextFacts } from "./cedar-schema.ts";
import type { AccessRequest, RequestContext } from "./decision.ts";
import { findingsRecord } from "./finding-facts.ts";
import { isUser, type Principal } from "./people.ts";
import { unobserved, type RiskFacts } from "../risk/assess.ts";
import { riskRecords } from "../risk/facts.ts";
import type { Component } from "./snapshot.ts";

/** A request, its parties, and the windows that the policies asked about it may see. */
export interface Asked {
  readonly request: AccessRequest;
  readonly principal: Principal;
  readonly resource: Component;
  /** Names of open windows. */
  readonly windows: readonly string[];
  /** How risky it is; absent: nothing speaks against it. */
  readonly risk?: RiskFacts | undefined;
}

interface Entity {
  readonly uid: EntityUid;
  readonly data: EntityData;
}

const actionUids: ReadonlyMap<string, EntityUid> = new Map(actions.map((id) => [id, new EntityUid("Action", id)]));
const nothing: ReadonlyMap<string, Value> = new Map();
const facts = Object.entries(contextFacts) as [
  keyof typeof contextFacts,
  { readonly type: "String" | "Bool"; readonly absent?: string | boolean },
][];
const jsTypes = { String: "string", Bool: "boolean" } as const;

export class CedarRequests {
  readonly #trustDomain: TrustDomain;
  readonly #principals = new WeakMap<Principal, Entity>();
  readonly #resources = new WeakMap<Principal, Entity>();
  readonly #contexts = new WeakMap<
    RequestContext,
    { readonly windows: readonly string[]; readonly record: CedarRecord }
  >();

  constructor(trustDomain: TrustDomain) {
    this.#trustDomain = trustDomain;
  }

  /**
   * The environment, or in words why the request does not fit the schema.
   *
   * @param read what the policies read of a call's arguments
   */
  environment({ request, principal, resource, windows, risk }: Asked, read?: ArgumentTree): Environment | string {
    const action = actionUids.get(request.action);
    if (action === undefined) return `\`${request.action}\` is not an action of the schema`;
    const context = this.#context(request.context, windows, risk, argumentRecord(read, request.arguments));
    if (typeof context === "string") return context;
    const from = this.#entity(this.#principals, "Workload", principal);
    const to = this.#entity(this.#resources, "Component", resource);
    return {
      principal: from.uid,
      action,
      resource: to.uid,
      context,
      principalData: from.data,
      resourceData: to.data,
      entities: new TwoEntities(from, to),
    };
  }

  /** A context that is asked about again, and to which nothing of this one request is added, is made once. */
  #context(
    context: RequestContext,
    windows: readonly string[],
    risk: RiskFacts | undefined,
    given: CedarRecord,
  ): CedarRecord | string {
    if (given !== noArguments || (risk ?? unobserved) !== unobserved || !Object.isFrozen(context))
      return contextRecord(context, windows, risk, given);
    const known = this.#contexts.get(context);
    if (known?.windows === windows) return known.record;
    const record = contextRecord(context, windows, risk, given);
    if (typeof record !== "string") this.#contexts.set(context, { windows, record });
    return record;
  }

  #entity(known: WeakMap<Principal, Entity>, type: "Workload" | "Component", component: Principal): Entity {
    const found = known.get(component);
    if (found !== undefined) return found;
    const { uid, attrs } = isUser(component)
      ? cedarUser(component, this.#trustDomain)
      : cedarEntity(type, component, this.#trustDomain);
    const entity: Entity = {
      uid: new EntityUid(uid.type, uid.id),
      data: {
        attributes: new Map(Object.entries(attrs).map(([name, value]) => [name, valueOf(value)])),
        tags: nothing,
        ancestors: new Set([new EntityUid("Namespace", component.namespace satisfies Namespace).key]),
      },
    };
    known.set(component, entity);
    return entity;
  }
}

/** The entities of a request: its parties. Namespaces and actions hold nothing, and are in nothing. */
class TwoEntities implements EntitySource {
  readonly #from: Entity;
  readonly #to: Entity;

  constructor(from: Entity, to: Entity) {
    this.#from = from;
    this.#to = to;
  }

  get(key: string): EntityData | undefined {
    if (key === this.#from.uid.key) return this.#from.data;
    return key === this.#to.uid.key ? this.#to.data : undefined;
  }
}

function contextRecord(
  context: RequestContext,
  windows: readonly string[],
  risk: RiskFacts | undefined,
  given: CedarRecord,
): CedarRecord | string {
  const fields = new Map<string, Value>();
  for (const [name, { type, absent }] of facts) {
    const value = context[name] ?? absent;
    if (value === undefined || typeof value !== jsTypes[type])
      return `context attribute \`${name}\` is missing or not a ${type}`;
    fields.set(name, value);
  }
  fields.set("userGroups", context.userGroups === undefined ? noGroups : new CedarSet(context.userGroups));
  fields.set("claims", context.claims === undefined ? noGroups : new CedarSet(context.claims));
  fields.set("windows", windowSet(windows));
  fields.set("arguments", given);
  fields.set("findings", findingsRecord(context.findings));
  for (const [name, record] of riskRecords(risk)) fields.set(name, record);
  return new CedarRecord(fields);
}

const noGroups = new CedarSet([]); // and no claims

/** Open windows change seldom: the list is the same object from one change to the next. */
const windowSets = new WeakMap<readonly string[], CedarSet>();

function windowSet(windows: readonly string[]): CedarSet {
  let set = windowSets.get(windows);
  if (set === undefined) windowSets.set(windows, (set = new CedarSet(windows)));
  return set;
}
