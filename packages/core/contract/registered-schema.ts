/**
 * What the file's `inspection` looks for by what it is: registered documents and planted marks. In: what a file says. Out: its
 * checked form, and the settings of a route that inspects, with an action for each of them.
 */
import { z } from "zod";
import { severalDocuments } from "../inspection/fingerprints/several.ts";
import { stricter, type CategoryActions, type InspectionSettings } from "../inspection/settings.ts";
import { inspectionSchema, inspectionSettings, type WrittenInspection } from "./inspection-schema.ts";
import { filePath, name } from "./schema-parts.ts";
import { secretReferenceSchema } from "./secret-reference-schema.ts";

const most = 64;
const action = z
  .enum(["flag", "redact", "block"])
  .optional()
  .describe(
    "What is done where a route says nothing of this finding. Default: what it says of the category, else `block`.",
  );

const namespaces = z
  .array(name)
  .min(1)
  .max(most)
  .optional()
  .describe("Namespaces on whose routes and destinations it is looked for. Default: everywhere.");

const document = z
  .strictObject({
    name: name.describe("The finding is `proprietary/NAME`."),
    file: filePath.optional().describe("A text in UTF-8. A relative path starts at this file's folder."),
    folder: filePath
      .optional()
      .describe("A folder of such texts, with the folders in it; names that begin with a dot are left out."),
    namespaces,
    action,
  })
  .refine(({ file, folder }) => (file === undefined) !== (folder === undefined), {
    error: "must have either `file` or `folder`",
  })
  .refine((item) => item.name !== severalDocuments, { error: `\`${severalDocuments}\` stands for several documents` });

const canary = z
  .strictObject({
    name: name.describe("The finding is `canary/NAME`."),
    mark: secretReferenceSchema.optional().describe("The mark: 12 to 64 letters and digits, however grouped."),
    file: filePath
      .optional()
      .describe("File of marks, one a line; not readable by everybody. Lines that begin with `#` are left out."),
    namespaces,
    action,
  })
  .refine(({ mark, file }) => (mark === undefined) !== (file === undefined), {
    error: "must have either `mark` or `file`",
  });

function distinct(items: readonly { readonly name: string }[]): boolean {
  return new Set(items.map((item) => item.name)).size === items.length;
}

/** The file's `inspection`. A route's own has no such lists: these hold on every route that inspects, or on those of some namespaces. */
export const fileInspectionSchema = inspectionSchema.extend({
  registered: z
    .array(document)
    .max(most)
    .refine(distinct, { error: "must have distinct names" })
    .default([])
    .describe(
      "Documents whose passages must not pass, verbatim or nearly, on any route that inspects. At most 2,000 files, 16 MiB each, 32 MiB and 2,000,000 runs of words in all.",
    ),
  canaries: z
    .array(canary)
    .max(most)
    .refine(distinct, { error: "must have distinct names" })
    .default([])
    .describe("Marks planted in training data or prompts, looked for on every route that inspects. At most 64 marks."),
});

interface Named {
  readonly name: string;
  readonly namespaces?: readonly string[] | undefined;
  readonly action?: "flag" | "redact" | "block" | undefined;
}
type FileInspection = WrittenInspection & {
  readonly registered: readonly Named[];
  readonly canaries: readonly Named[];
};

/** What inspection does in a namespace's place: what is said there, or else in the file; absent where it is off. */
export function inspectionAt(
  own: WrittenInspection | "off" | undefined,
  standard: FileInspection | undefined,
  namespace: string,
): InspectionSettings | undefined {
  if (own === "off" || (own === undefined && standard === undefined)) return undefined;
  if (standard === undefined) return own && inspectionSettings(own);
  const { registered, canaries, ...rest } = standard;
  const settings = inspectionSettings(own ?? rest);
  const isHere = (item: Named): boolean => item.namespaces === undefined || item.namespaces.includes(namespace);
  const elsewhere = [
    ...registered.filter((item) => !isHere(item)).map((item) => `proprietary/${item.name}`),
    ...canaries.filter((item) => !isHere(item)).map((item) => `canary/${item.name}`),
    ...(registered.length > 0 && !registered.some(isHere) ? [`proprietary/${severalDocuments}`] : []),
  ];
  const withNamed = (actions: CategoryActions): CategoryActions => ({
    ...forNamed("proprietary", registered.filter(isHere), actions),
    ...forNamed("canary", canaries.filter(isHere), actions),
    ...actions,
  });
  return {
    ...settings,
    ...(elsewhere.length > 0 && { elsewhere }),
    request: withNamed(settings.request),
    response: withNamed(settings.response),
  };
}

/** Actions by detector. What stands in several documents is under the strictest of them. */
function forNamed(category: "proprietary" | "canary", items: readonly Named[], said: CategoryActions): CategoryActions {
  const from = 50;
  const standard = said[category];
  const all = items.map((item) => {
    const here = item.action === undefined ? standard : undefined;
    return [item.name, here ?? { action: item.action ?? ("block" as const), from }] as const;
  });
  const strictest = all
    .map(([, here]) => here)
    .reduce((a, b) => (stricter(a.action, b.action) === a.action ? a : b), {
      action: "allow",
      from,
    });
  const shared = category === "proprietary" && all.length > 0 ? [[severalDocuments, strictest] as const] : [];
  return Object.fromEntries([...all, ...shared].map(([item, here]) => [`${category}/${item}`, here]));
}
