/**
 * Reads the Adult data set (Becker and Kohavi 1996, UCI, CC BY 4.0). In: its CSV with a header line. Out: applications, with
 * the class to learn: whether a person earns more than 50,000 dollars a year, standing in for "can repay".
 */
import { occupations, workclasses, type Application } from "./credit-features.ts";

export interface AdultRow {
  readonly application: Application;
  readonly positive: boolean;
  /** Not a feature: kept to measure whether the model treats people alike. */
  readonly sex: string;
}

const government = new Set(["Federal-gov", "Local-gov", "State-gov"]);

/** @throws when a column is missing or a row does not fit the header */
export function readAdult(csv: string): readonly AdultRow[] {
  const [header = "", ...lines] = csv.trim().split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line, at) => {
    const cells = line.split(",");
    if (cells.length !== names.length)
      throw new Error(`row ${at + 2} has ${cells.length} cells, the header has ${names.length}`);
    const cell = (name: string): string => {
      const value = cells[names.indexOf(name)];
      if (value === undefined) throw new Error(`the file has no column \`${name}\``);
      return value.trim();
    };
    const workclass = cell("workclass");
    const occupation = cell("occupation");
    return {
      application: {
        age: Number(cell("age")),
        educationYears: Number(cell("education_num")),
        hoursPerWeek: Number(cell("hours_per_week")),
        capitalGain: Number(cell("capital_gain")),
        capitalLoss: Number(cell("capital_loss")),
        workclass: government.has(workclass)
          ? "Government"
          : (workclasses.find((name) => name === workclass) ?? "Other"),
        occupation: occupations.find((name) => name === occupation) ?? "Other",
      },
      positive: cell("income").startsWith(">50K"),
      sex: cell("sex"),
    };
  });
}
