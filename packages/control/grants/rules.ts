/**
 * Which rule a request for a grant comes under, and what of it that rule leaves. In: the rules as the store keeps them (kind
 * `grant-rule`), a request, who asks. Out: the request as it may be granted, with what was taken off in words; or why it
 * cannot be asked for. Rules are read in the order of the file, the first that fits wins.
 */
import { z } from "zod";
import { grantRuleSchema, type GrantRule } from "@cordon/core/contract/people-schema";
import { sensitivities, type Action, type Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import type { Component } from "@cordon/core/policy/snapshot";
import { administratorsGroup, isIn } from "../people/deps.ts";
import { readValue } from "../registry/objects.ts";
import type { StoredObject } from "../store/state-store.ts";

export const grantRuleKind = "grant-rule";
/** `resources` are `namespace/name`; `order` is the place in the file. */
export const grantRuleValue = grantRuleSchema.omit({ name: true, namespace: true }).extend({ order: z.int().min(0) });

export interface Rule extends Omit<GrantRule, "namespace"> {
  readonly namespace: Namespace;
}

export interface Asked {
  readonly actions: readonly Action[];
  readonly resources: readonly Component[];
  readonly seconds: number;
  readonly breakGlass: boolean;
}

export interface Ruled {
  readonly rule: Rule;
  readonly actions: readonly Action[];
  readonly resources: readonly Component[];
  readonly seconds: number;
  /** What the rule took off, in words. */
  readonly narrowed: string | undefined;
}

/** Rules in the order of their file. @throws {CordonError} `STORE_CORRUPT` */
export function rulesFrom(objects: readonly StoredObject[]): readonly Rule[] {
  const rules = objects.map((object) => {
    const { order, ...value } = readValue(grantRuleValue, object);
    return { order, rule: { ...value, namespace: object.namespace, name: object.name } };
  });
  return rules.toSorted((a, b) => a.order - b.order).map(({ rule }) => rule);
}

/** How Cordon itself is administered, where the configuration says nothing of it. */
export function administrationRule({ namespace, name }: Component): Rule {
  return {
    ...{ name: "administration", namespace, actions: ["administer"], resources: [`${namespace}/${name}`] },
    ...{ maxSensitivity: "restricted", requesters: [administratorsGroup], approvers: 1 },
    approverGroups: [administratorsGroup],
    principalNamespaces: [],
    ...{ maxMinutes: 240, breakGlass: true },
  };
}

/** The first rule under which at least one of the actions may be asked for on at least one of the resources. */
export function applyRules(rules: readonly Rule[], user: User, asked: Asked): Ruled | { readonly refused: string } {
  const own = rules.filter(({ namespace, requesters }) =>
    requesters.length === 0 ? user.namespace === namespace : requesters.some((group) => isIn(user, group)),
  );
  for (const rule of own) {
    if (asked.breakGlass && !rule.breakGlass) continue;
    const actions = asked.actions.filter((action) => rule.actions.includes(action));
    const resources = asked.resources.filter((resource) => covers(rule, resource));
    if (actions.length === 0 || resources.length === 0) continue;
    const seconds = Math.min(asked.seconds, rule.maxMinutes * 60);
    return { rule, actions, resources, seconds, narrowed: narrowedWords(asked, { actions, resources, seconds }) };
  }
  const what = `${asked.actions.join(", ")} on ${asked.resources.map(nameOf).join(", ")}`;
  const how = asked.breakGlass ? "by break-glass" : "as a grant";
  return {
    refused: `no rule under \`grants\` lets ${user.name} ask for ${what} ${how}; the configuration says who may ask for what`,
  };
}

function covers(rule: Rule, resource: Component): boolean {
  if (resource.namespace !== rule.namespace) return false;
  if (sensitivities.indexOf(resource.labels.sensitivity) > sensitivities.indexOf(rule.maxSensitivity)) return false;
  return rule.resources.length === 0 || rule.resources.includes(nameOf(resource));
}

function narrowedWords(asked: Asked, left: Pick<Ruled, "actions" | "resources" | "seconds">): string | undefined {
  const off = [
    ...asked.actions.filter((action) => !left.actions.includes(action)).map((action) => `without ${action}`),
    ...asked.resources.filter((one) => !left.resources.includes(one)).map((one) => `without ${nameOf(one)}`),
    ...(left.seconds < asked.seconds ? [`${left.seconds / 60} minutes instead of ${asked.seconds / 60}`] : []),
  ];
  return off.length === 0 ? undefined : off.join(", ");
}

export function nameOf({ namespace, name }: Pick<Component, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** Whether somebody may speak for or against a request: not the one who asks, nor the one it is for. */
export function mayApprove(
  user: User,
  grant: {
    readonly requester: string;
    readonly principal: string;
    readonly approverGroups: readonly string[];
    readonly approvals: readonly { readonly by: SpiffeId | string }[];
  },
): boolean {
  if (user.id === grant.requester || user.id === grant.principal) return false;
  if (grant.approvals.some(({ by }) => by === user.id)) return false;
  return grant.approverGroups.some((group) => isIn(user, group));
}
