/**
 * The `inspection` part of `cordon.yaml`, and the same as the store keeps it. In: what a file says. Out: settings with
 * every default filled in.
 */
import { z } from "zod";
import { findingCategories } from "../inspection/finding.ts";
import {
  defaultTokens,
  failureModes,
  inspectionActions,
  isActionKey,
  tokenScopes,
  eventModes,
  wholeAnswerModes,
  type CategoryActions,
  type InspectionSettings,
} from "../inspection/settings.ts";
import { shapeProblem } from "../inspection/shapes.ts";
import { judgeSchema, storedJudge } from "./judge-schema.ts";
import { name, text } from "./schema-parts.ts";
import { tableSchema } from "./table-schema.ts";
import { modes } from "./vocabulary.ts";

const standardFrom = 50;
const action = z.enum(inspectionActions);
const from = z.int().min(0).max(100);

const categoryAction = z.union(
  [
    action,
    z.strictObject({
      action: action.describe("What is done."),
      from: from.default(standardFrom).describe("The least score, 0 to 100, at which it is done."),
    }),
  ],
  { error: `must be one of ${inspectionActions.join(", ")}, or \`{ action, from }\`` },
);

const actionKey = text((key) =>
  isActionKey(key)
    ? undefined
    : `must be a category (${findingCategories.join(", ")}) or a detector such as \`pii/sg-nric\``,
).meta({ pattern: "^[a-z0-9-]+(?:/[a-z0-9-]+)?$" });
const categoryActions = z.record(actionKey, categoryAction);

const tokens = z.strictObject({
  scope: z
    .enum(tokenScopes)
    .default(defaultTokens.scope)
    .describe(
      "Whom a token can be undone for, where policy permits `detokenize`: `principal`, only who sent the value, for the same person; `namespace`, all principals of the namespace.",
    ),
  lifetimeHours: z
    .int()
    .min(1)
    .max(8760)
    .default(defaultTokens.lifetimeHours)
    .describe("Hours that a token opens for at least; it does for less than twice as long."),
});

const limits = { maxBytes: 1_048_576, timeBudgetMs: 500 };

export const inspectionSchema = z.strictObject({
  mode: z
    .enum(modes)
    .default("enforce")
    .describe("`enforce` blocks and masks; `observe` changes nothing and records what would have been done."),
  onFailure: z
    .enum(failureModes)
    .default("closed")
    .describe("Content that cannot be inspected: `closed` refuses it, `open` lets it pass and records that."),
  wholeAnswer: z
    .enum(wholeAnswerModes)
    .default("cut")
    .describe(
      "Answers that only their whole text can judge: `buffer` holds them until then, `cut` lets them flow and ends them on the verdict.",
    ),
  events: z
    .enum(eventModes)
    .default("joined")
    .describe(
      "Streams of a format that Cordon does not know: `joined` reads what has the same place in each event as one text, so an event waits until what follows cannot change it; `apart` reads each by itself, for events that are messages of their own, such as notifications.",
    ),
  maxBytes: z
    .int()
    .min(1024)
    .max(67_108_864)
    .default(limits.maxBytes)
    .describe(
      "Largest body that is inspected; a larger one cannot be, and `onFailure` holds. Streams have no limit, but for a text that is judged whole.",
    ),
  timeBudgetMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(limits.timeBudgetMs)
    .describe("Longest that inspecting one request may take; past it `onFailure` holds."),
  identifiers: z
    .array(
      z.strictObject({
        name: name.describe("The finding is `own/NAME`."),
        shape: text(shapeProblem)
          .meta({ pattern: "^[\\x21-\\x7e]{4,64}$" })
          .describe("`#` is a digit, `@` a letter, `*` either, the rest itself: `C######`. It must stand alone."),
        category: z.enum(findingCategories).default("pii").describe("What it is found as."),
      }),
    )
    .max(64)
    .readonly()
    .default([])
    .describe("Identifiers of your own, such as customer numbers, looked for beside those that are built in."),
  tokens: tokens
    .optional()
    .describe(
      "How `tokenize` works here. Where it is given, tokens are undone in answers though nothing is tokenised.",
    ),
  judge: judgeSchema
    .optional()
    .describe(
      "A model that is asked about requests which the classifier doubts, and about answers. It adds findings, and undoes none.",
    ),
  table: tableSchema
    .optional()
    .describe("Rows of a model's inputs: what does not look like this is `out-of-distribution`, as `table/...`."),
  request: categoryActions
    .default({})
    .describe("Action by category of finding (`pii`) or by detector (`pii/sg-nric`), on the way in. Otherwise `flag`."),
  response: categoryActions
    .default({})
    .describe("Action by category of finding or by detector, on the way out. Otherwise `flag`."),
});

export type WrittenInspection = z.output<typeof inspectionSchema>;

/** What the file says, as the store keeps it and the snapshot carries it. */
export function inspectionSettings(written: WrittenInspection): InspectionSettings {
  return { ...written, request: normalized(written.request), response: normalized(written.response) };
}

function normalized(actions: WrittenInspection["request"]): CategoryActions {
  return Object.fromEntries(
    Object.entries(actions).map(([key, value]) => [
      key,
      typeof value === "string" ? { action: value, from: standardFrom } : value,
    ]),
  );
}

const storedActions = z.record(actionKey, z.strictObject({ action, from }));

/** As the store keeps it. */
export const storedInspection = z.strictObject({
  mode: z.enum(modes),
  onFailure: z.enum(failureModes),
  wholeAnswer: z.enum(wholeAnswerModes),
  events: z.enum(eventModes).default("joined"),
  elsewhere: z.array(z.string()).readonly().optional(),
  maxBytes: z.int().positive(),
  timeBudgetMs: z.int().positive(),
  identifiers: z
    .array(z.strictObject({ name: z.string(), shape: z.string(), category: z.enum(findingCategories) }))
    .readonly()
    .default([]),
  tokens: z.strictObject({ scope: z.enum(tokenScopes), lifetimeHours: z.int().positive() }).optional(),
  table: tableSchema.optional(),
  judge: storedJudge.optional(),
  request: storedActions,
  response: storedActions,
});
