/**
 * Information flow: what a session has read decides what it may still do. In: the labels that a session has gathered, and a
 * request. Out: why it is refused, or nothing; and what labels an answer adds. Sensitivity only rises, integrity only falls.
 *
 * The rule is the one that no model can be argued out of: private data, untrusted content and a way out never meet in one
 * session. Any two of them may.
 *
 * @see Willison, "The lethal trifecta for AI agents" (2025); Denning, "A lattice model of secure information flow" (1976)
 */
import type { Instant } from "../instant.ts";
import {
  sensitivities,
  type Action,
  type ComponentKind,
  type Labels,
  type Mode,
  type Sensitivity,
} from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";

export interface FlowSettings {
  readonly mode: Mode;
  /** From this sensitivity on, data is private. */
  readonly private: Sensitivity;
  /** A session that reads nothing for this long is over. */
  readonly idleMs: number;
}

/** The request by which a label came into a session. */
export interface FlowStep {
  /** Request id. */
  readonly id: string;
  /** Its decision's place in the ledger, once that is durable. */
  readonly index?: number;
  readonly resource: SpiffeId;
  readonly tool?: string;
  readonly at: Instant;
}

/**
 * What a session holds when it asks. `new` was never seen, `expired` was and has ended, `lost` may have held anything: the
 * record of it is gone, and it counts as holding the most.
 */
export interface FlowFacts extends Labels {
  /** The name that the component gave its session, where the registry trusts it to. */
  readonly session?: string;
  readonly standing: "new" | "known" | "expired" | "lost";
  /** What raised its sensitivity to where it is. */
  readonly sensitive?: FlowStep;
  /** What made it untrusted. */
  readonly untrusted?: FlowStep;
  /** The request itself leads out, though its upstream lies inside: a tool that sends mail, say. */
  readonly wayOut?: boolean;
}

/** Whose session it is: facts that were proved, and a name only where the registry trusts the component to give one. */
export interface SessionKey {
  readonly principal: SpiffeId;
  /** The person whose own session it is; empty for a workload's, whomever it acts for. */
  readonly user: string;
  /** Empty where the component names no sessions. */
  readonly name: string;
}

/** A session as it is kept. */
export interface FlowSession extends SessionKey, Labels {
  readonly sensitive?: FlowStep;
  readonly untrusted?: FlowStep;
  readonly since: Instant;
  readonly last: Instant;
}

/** What a route says of a call besides its component: labels of one tool, and whether it leads out. */
export interface FlowOfCall {
  readonly labels?: { readonly [Label in keyof Labels]?: Labels[Label] | undefined };
  readonly wayOut?: boolean | undefined;
  /** Its answer is content, though the message is not one that brings any: descriptions that nobody approved. */
  readonly content?: boolean;
}

/** Holds nothing. */
export const emptyLabels: Labels = Object.freeze({
  sensitivity: "public",
  categories: Object.freeze([]),
  integrity: "trusted",
});

/** Holds the most that there is: what is lost may have been anything. */
export const fullLabels: Labels = Object.freeze({
  sensitivity: "restricted",
  categories: Object.freeze([]),
  integrity: "untrusted",
});

/** Labels of what is made of both: the higher sensitivity, all categories, the lower integrity. */
export function joinLabels(a: Labels, b: Labels): Labels {
  return {
    sensitivity: rankOf(a.sensitivity) >= rankOf(b.sensitivity) ? a.sensitivity : b.sensitivity,
    categories: [...new Set([...a.categories, ...b.categories])].toSorted(),
    integrity: a.integrity === "untrusted" ? a.integrity : b.integrity,
  };
}

/** Whether labels say no more than others do. */
export function isWithin(labels: Labels, bound: Labels): boolean {
  return (
    rankOf(labels.sensitivity) <= rankOf(bound.sensitivity) &&
    (labels.integrity === "trusted" || bound.integrity === "untrusted") &&
    labels.categories.every((category) => bound.categories.includes(category))
  );
}

/** What has no answer of its own: a model says what it was told, and its label is what it may be told. */
const asksModel: ReadonlySet<Action> = new Set(["infer", "embed"]);
/** Messages of MCP that bring content; the others speak of the protocol. */
const bringsContent: ReadonlySet<string> = new Set([
  "",
  "tools/call",
  "resources/read",
  "prompts/get",
  "completion/complete",
]);

/**
 * What an answer adds to the session that asks for it.
 *
 * @param rpc the method of an MCP message
 * @param call what is said of the tool that is called, where it is not what is said of its server
 */
export function labelsAdded(action: Action, resource: Labels, rpc?: string, call: FlowOfCall = {}): Labels {
  if (asksModel.has(action) || (rpc !== undefined && !bringsContent.has(rpc) && call.content !== true))
    return emptyLabels;
  const { sensitivity, categories, integrity } = { ...resource, ...call.labels };
  return {
    sensitivity: sensitivity ?? resource.sensitivity,
    categories: categories ?? resource.categories,
    integrity: integrity ?? resource.integrity,
  };
}

interface Asked {
  readonly flow?: FlowFacts;
  readonly context: { readonly external: boolean; readonly tool?: string };
}

/** What is wrong with a request, and the steps that led to it. */
export interface FlowRefusal {
  readonly words: string;
  readonly steps: readonly FlowStep[];
}

/** Refuses the way out of a session that holds private data and has read what cannot be trusted. */
export function checkFlow(
  settings: FlowSettings | undefined,
  { flow, context }: Asked,
  resource: { readonly id: SpiffeId; readonly kind: ComponentKind },
): FlowRefusal | undefined {
  if (settings === undefined || flow === undefined) return undefined;
  const out = context.external || resource.kind === "external" || flow.wayOut === true;
  if (!out || flow.integrity === "trusted" || rankOf(flow.sensitivity) < rankOf(settings.private)) return undefined;
  const steps = [flow.sensitive, flow.untrusted].filter((step) => step !== undefined);
  const tool = context.tool ? `, tool \`${context.tool}\`` : "";
  const how =
    flow.standing === "lost"
      ? "what this session has read is not known any more, so it counts as private and untrusted"
      : `this session holds ${flow.sensitivity} data (from ${stepWords(flow.sensitive)}) and has read untrusted content (from ${stepWords(flow.untrusted)})`;
  return {
    words:
      `${how}, and ${shortOf(resource.id)}${tool} is a way out: the three never meet in one session. ` +
      "Begin another session, or have its data declassified: cordon flow declassify",
    steps,
  };
}

function stepWords(step: FlowStep | undefined): string {
  if (step === undefined) return "an earlier session";
  const tool = step.tool === undefined ? "" : `, tool \`${step.tool}\``;
  const entry = step.index === undefined ? `request ${step.id}` : `ledger entry ${step.index}`;
  return `${shortOf(step.resource)}${tool}, ${entry}`;
}

function shortOf(id: SpiffeId): string {
  return id.replace(/^spiffe:\/\/[^/]+\/ns\//, "");
}

export function rankOf(sensitivity: Sensitivity): number {
  return sensitivities.indexOf(sensitivity);
}
