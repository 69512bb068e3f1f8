/**
 * What inspection does on a route. In: nothing. Out: the words of `inspection` in the configuration, as the snapshot
 * carries them, and which action holds for a finding.
 */
import type { IdentifierShape } from "./shapes.ts";
import type { SecretReference } from "../policy/snapshot.ts";
import type { TableProfile } from "./tabular/profile.ts";
import { findingCategories, type Finding } from "./finding.ts";

/**
 * Least to most strict. `flag` records; `tokenize` puts a token in the span's place, which answers can undo for those
 * whom policy allows; `redact` puts a word there.
 */
export const inspectionActions = ["allow", "flag", "tokenize", "redact", "block"] as const;
export type InspectionAction = (typeof inspectionActions)[number];

/** What happens when content cannot be inspected: `closed` refuses it, `open` lets it pass and says so. */
export const failureModes = ["closed", "open"] as const;
export type FailureMode = (typeof failureModes)[number];

/**
 * What is done with an answer that only its whole text can judge: `buffer` holds it back until then, `cut` lets it flow
 * and ends it on the verdict.
 */
export const wholeAnswerModes = ["buffer", "cut"] as const;
export type WholeAnswerMode = (typeof wholeAnswerModes)[number];

/**
 * How streams are read whose format nobody told us: `joined`, a text may run from one event to the next, so an event waits until
 * what follows can no longer change what it says; `apart`, each says all that it says, and waits for nothing.
 */
export const eventModes = ["joined", "apart"] as const;
export type EventMode = (typeof eventModes)[number];

export interface CategoryAction {
  readonly action: InspectionAction;
  /** The least score, 0 to 100, at which the action is taken; a finding below it is none. */
  readonly from: number;
}

/** By category (`pii`), or by detector (`pii/sg-nric`), which goes before its category. */
export type CategoryActions = Readonly<Record<string, CategoryAction>>;

/** Whether a text can be a key of {@link CategoryActions}. */
export function isActionKey(key: string): boolean {
  return (findingCategories as readonly string[]).includes(key) || /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/.test(key);
}

/** Inspection of one route, as it stands in the snapshot. A category that is not named flags. */
export interface InspectionSettings {
  readonly mode: "enforce" | "observe";
  readonly onFailure: FailureMode;
  readonly wholeAnswer: WholeAnswerMode;
  readonly events: EventMode;
  /** The largest body that is inspected, in bytes. A larger one is a failure. */
  readonly maxBytes: number;
  /** The longest that inspection of one request body may take, in milliseconds. */
  readonly timeBudgetMs: number;
  /** Identifiers of one's own, beside those that are built in. */
  readonly identifiers: readonly IdentifierShape[];
  /** Absent: {@link defaultTokens}, wherever something is tokenised. Present: tokens of others are undone here as well. */
  readonly tokens?: TokenSettings | undefined;
  /** Without it nobody else is asked. */
  readonly judge?: JudgeSettings | undefined;
  /** What the rows of a model's inputs look like, where requests hold rows. */
  readonly table?: TableProfile | undefined;
  /** Findings that are looked for in other namespaces only: here they are none. */
  readonly elsewhere?: readonly string[] | undefined;
  readonly request: CategoryActions;
  readonly response: CategoryActions;
}

/** Whether a route tokenises by itself; policy may demand it besides. */
export function tokenizes({ request, response }: Pick<InspectionSettings, "request" | "response">): boolean {
  return [request, response].some((actions) => Object.values(actions).some(({ action }) => action === "tokenize"));
}

/** A model that is asked about what the classifier doubts. */
export interface JudgeSettings {
  /** Of its Chat Completions: `https:`, or `http:` on loopback. */
  readonly url: string;
  readonly model: string;
  readonly apiKey?: SecretReference | undefined;
  /** The classifier's probabilities, 0 to 100, from which and up to which it is asked. */
  readonly band: { readonly from: number; readonly to: number };
  readonly timeoutMs: number;
  /** What happens when it has no opinion. */
  readonly onFailure: FailureMode;
  readonly sees: (typeof judgeSights)[number];
  /** Absent: it is asked about requests alone. */
  readonly answers?: AnswerJudgeSettings | undefined;
}

/** How answers are put before the judge. */
export interface AnswerJudgeSettings {
  /** `buffer`: nothing leaves before it has spoken. `cut`: text flows beside it, and its word ends the answer. */
  readonly mode: WholeAnswerMode;
  /** The operator's question: when each of {@link answerLabels} holds. */
  readonly ask: string;
  /** What happens without an opinion, and past the bounds below. */
  readonly onFailure: FailureMode;
  /** Longest that `buffer` holds an answer, in milliseconds, and the most that it holds, in bytes. */
  readonly holdMs: number;
  readonly holdBytes: number;
  /** Most of an answer that is put before the judge, in UTF-16 code units. */
  readonly maxLength: number;
}

/** What a judge may say of an answer, and the category under which each is found. */
export const answerLabels = { leak: "prompt-extraction", attack: "indirect-injection", harmful: "jailbreak" } as const;
export type AnswerLabel = keyof typeof answerLabels | "benign";

/** `masked`: without personal data and secrets. */
export const judgeSights = ["masked", "everything"] as const;

export const tokenScopes = ["principal", "namespace"] as const;

/** How far a token reaches that stands for something that was found. */
export interface TokenSettings {
  /**
   * Who may have it undone, where policy allows: `principal`, only who sent the value (and the same person behind it), or
   * `namespace`, every principal of the namespace.
   */
  readonly scope: (typeof tokenScopes)[number];
  /** Hours that a token opens for at least; it does for less than twice as long. */
  readonly lifetimeHours: number;
}

export const defaultTokens: TokenSettings = { scope: "principal", lifetimeHours: 24 };

export const defaultCategoryAction: CategoryAction = { action: "flag", from: 50 };

/** The stricter of two actions. */
export function stricter(a: InspectionAction, b: InspectionAction): InspectionAction {
  return inspectionActions.indexOf(a) >= inspectionActions.indexOf(b) ? a : b;
}

/** What a route says about a finding; `undefined` where its score is too low to be one. */
export function actionFor(actions: CategoryActions, finding: Finding): InspectionAction | undefined {
  const { detector, category, score } = finding;
  const { action, from } = own(actions, detector) ?? own(actions, category) ?? defaultCategoryAction;
  return score * 100 >= from ? action : undefined;
}

/** In words for status: `pii redact, secret block; otherwise flag`. */
export function actionWords(actions: CategoryActions): string {
  return [...Object.entries(actions).map(([key, { action }]) => `${key} ${action}`), "otherwise flag"].join(", ");
}

function own(actions: CategoryActions, key: string): CategoryAction | undefined {
  return Object.hasOwn(actions, key) ? actions[key] : undefined;
}
