/**
 * The `table` part of a route's inspection: what the rows of a model's inputs look like. In: what a file says. Out: a profile.
 * `cordon data profile` writes one from training data.
 */
import { z } from "zod";
import { maxColumns, maxDistanceColumns } from "../inspection/tabular/profile.ts";

const finite = z.number();
const columnName = z.string().min(1).max(128);

const columnSchema = z
  .strictObject({
    name: columnName.describe("The field's name; a finding about it is `table/column-NAME`, in small letters."),
    least: finite.optional().describe("The least number."),
    most: finite.optional().describe("The greatest number."),
    whole: z.boolean().optional().describe("Only whole numbers."),
    values: z
      .array(z.string().max(256))
      .min(1)
      .max(1024)
      .readonly()
      .optional()
      .describe("The texts that there are; truth values are `true` and `false`. Without: numbers."),
    longest: z.int().min(1).max(1_000_000).optional().describe("Longest text, of a column of free text."),
    missing: z
      .boolean()
      .optional()
      .describe("Whether it may be missing, null, empty or a word for it such as `?` or `none`."),
  })
  .refine(({ least, most }) => least === undefined || most === undefined || least <= most, {
    error: "`least` must not be greater than `most`",
  })
  .refine(
    (column) =>
      [column.values, column.longest, column.least ?? column.most].filter((kind) => kind !== undefined).length <= 1,
    {
      error: "`values` is for categories, `longest` for text, `least` and `most` for numbers: give one kind",
    },
  );

const distanceSchema = z
  .strictObject({
    columns: z.array(columnName).min(2).max(maxDistanceColumns).readonly().describe("Columns of numbers."),
    means: z.array(finite).readonly().describe("Their means."),
    inverse: z
      .array(z.array(finite).readonly())
      .readonly()
      .describe("The inverse of their covariance matrix, by rows."),
    from: finite.positive().describe("The squared Mahalanobis distance from which a row is far."),
  })
  .refine(
    ({ columns, means, inverse }) =>
      means.length === columns.length &&
      inverse.length === columns.length &&
      inverse.every((row) => row.length === columns.length),
    { error: "`means` and `inverse` must have as many entries, and rows, as `columns`" },
  );

export const tableSchema = z
  .strictObject({
    at: z
      .string()
      .regex(/^(?:\/.{0,250})?$/)
      .default("")
      .describe("JSON Pointer of the row, or the list of rows, within the body; empty for the body itself."),
    columns: z.array(columnSchema).min(1).max(maxColumns).readonly().describe("In the order of rows that are lists."),
    others: z.boolean().default(false).describe("Whether fields that are no columns are let pass."),
    distance: distanceSchema.optional().describe("How far a row as a whole may lie from the data."),
  })
  .refine(({ columns }) => new Set(columns.map(({ name }) => name)).size === columns.length, {
    error: "a column is named twice",
  })
  .refine(
    ({ columns, distance }) => distance?.columns.every((each) => columns.some(({ name }) => name === each)) ?? true,
    { error: "`distance` names a column that is not under `columns`" },
  );
