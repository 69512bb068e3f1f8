/**
 * What the rows of a model's inputs look like: names, ranges, categories, and how far a row as a whole may lie from the data.
 * In: nothing. Out: the types that configuration, checks and learning share, and what both take a text of a table for. It is written by hand, or learned from a table
 * (`cordon data profile`).
 */

/** One column. A number outside its range, or a text that is none of its values, is out of distribution. */
export interface ColumnProfile {
  readonly name: string;
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  /** Only whole numbers. */
  readonly whole?: boolean | undefined;
  /** The texts that there are; truth values are `true` and `false`. */
  readonly values?: readonly string[] | undefined;
  /** Longest text, in UTF-16 code units, of a column of free text. */
  readonly longest?: number | undefined;
  /** Whether the value may be missing: no field, null, the empty text, or a word for it (`?`, `-`, `na`, `none`, ...). */
  readonly missing?: boolean | undefined;
}

/**
 * How far rows lie from the middle of the data, with what belongs together taken into account: the squared Mahalanobis
 * distance over columns of numbers.
 */
export interface DistanceProfile {
  readonly columns: readonly string[];
  readonly means: readonly number[];
  /** The inverse of the covariance matrix, by rows. */
  readonly inverse: readonly (readonly number[])[];
  /** The squared distance from which a row is far. */
  readonly from: number;
}

export interface TableProfile {
  /** JSON Pointer of the row, or of the list of rows, within the body; empty for the body itself. */
  readonly at: string;
  readonly columns: readonly ColumnProfile[];
  /** Whether fields that are no columns are let pass. */
  readonly others: boolean;
  readonly distance?: DistanceProfile | undefined;
}

export const maxColumns = 512;
/** Columns of a distance: its matrix has the square of them. */
export const maxDistanceColumns = 64;
export const maxRows = 10_000;

const missingWords = new Set(["", "?", "-", "na", "n/a", "nan", "null", "none"]);

/** Whether a text says, as people write it, that there is no value. */
export function isMissing(text: string): boolean {
  return text === "" || (text.length < 64 && missingWords.has(text.trim().toLowerCase()));
}

/**
 * Whether a text of a file without types is a number: what a body would send as one. Leading zeros (`01234`, a postcode) and
 * other bases (`0x10`) are not: read as numbers they would not come back.
 */
export function isNumber(text: string): boolean {
  return /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text.trim()) && Number.isFinite(Number(text));
}
