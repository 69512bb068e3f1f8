/**
 * Synthetic customers. In: a seed and a row's number. Out: that row, always the same. The people do not exist: names are
 * drawn from short lists, identity numbers begin with `SYN`, telephone numbers with `+00`, and mail goes to a domain that
 * is reserved for examples (RFC 2606).
 */
import { createHash } from "node:crypto";

export interface Customer {
  readonly id: string;
  readonly nationalId: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly birthYear: number;
  readonly segment: string;
  readonly monthlyIncome: number;
  readonly balance: number;
  readonly productsHeld: number;
  readonly defaulted: boolean;
}

export const columns = [
  "id",
  "nationalId",
  "name",
  "email",
  "phone",
  "birthYear",
  "segment",
  "monthlyIncome",
  "balance",
  "productsHeld",
  "defaulted",
] as const satisfies readonly (keyof Customer)[];

const givenNames = "Aisha Ben Chloe Daniel Elena Farid Grace Hui Ivan Jaya Kavya Liam Mei Nadia Omar Priya".split(" ");
const familyNames = "Abdullah Baker Chen Dsouza Evans Fischer Goh Hassan Ito Jensen Kumar Lim Moreau Ng".split(" ");
const segments = ["mass", "affluent", "private", "student", "retired"] as const;

/** The customer of a row, from 0. */
export function customerAt(seed: string, row: number): Customer {
  const bytes = createHash("sha256").update(`${seed}/${row}`).digest();
  const draw = (at: number, below: number): number => bytes.readUInt32BE(at) % below;
  const given = givenNames[draw(0, givenNames.length)] ?? "";
  const family = familyNames[draw(4, familyNames.length)] ?? "";
  const number = String(row + 1).padStart(6, "0");
  const income = 1_800 + draw(8, 12_000);
  const balance = Math.round(income * (draw(28, 900) / 100));
  const birthYear = 1940 + draw(20, 67);
  const productsHeld = 1 + ((bytes[3] ?? 0) % 6);
  return {
    id: `C${number}`,
    nationalId: `SYN${String(draw(12, 10_000_000)).padStart(7, "0")}`,
    name: `${given} ${family}`,
    email: `${given}.${family}.${number}@example.com`.toLowerCase(),
    phone: `+00 ${String(draw(16, 100_000_000)).padStart(8, "0")}`,
    birthYear,
    segment: segments[draw(24, segments.length)] ?? "mass",
    monthlyIncome: income,
    balance,
    productsHeld,
    defaulted: (bytes[7] ?? 0) / 256 < defaultRisk(income, balance, productsHeld),
  };
}

/** How likely such a customer is to default, so that there is something to learn. */
function defaultRisk(income: number, balance: number, productsHeld: number): number {
  const logit = 1.2 - income / 3_000 - balance / 20_000 + productsHeld / 4;
  return 1 / (1 + Math.exp(-logit));
}

/** Rows as RFC 4180 CSV with a header line. */
export function csvOf(rows: readonly Customer[]): string {
  return [columns.join(","), ...rows.map((row) => columns.map((column) => field(row[column])).join(","))]
    .map((line) => `${line}\r\n`)
    .join("");
}

function field(value: string | number | boolean): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
