/**
 * The credit model's features. In: an application, with fields by name. Out: the numbers that the model weighs. The same code
 * serves training and scoring. Sex, race, country of birth and family are not among them: they must not decide on credit.
 */
import { z } from "zod";

export const workclasses = ["Private", "Self-emp-inc", "Self-emp-not-inc", "Government", "Other"] as const;
export const occupations = [
  "Adm-clerical",
  "Craft-repair",
  "Exec-managerial",
  "Farming-fishing",
  "Machine-op-inspct",
  "Other-service",
  "Prof-specialty",
  "Protective-serv",
  "Sales",
  "Tech-support",
  "Transport-moving",
  "Other",
] as const;

/** What `POST /score` takes. */
export const application = z.object({
  age: z.number().int().min(16).max(120),
  educationYears: z.number().int().min(1).max(16),
  hoursPerWeek: z.number().int().min(0).max(120),
  capitalGain: z.number().min(0).max(1_000_000),
  capitalLoss: z.number().min(0).max(1_000_000),
  workclass: z.enum(workclasses),
  occupation: z.enum(occupations),
});
export type Application = z.infer<typeof application>;

export const featureNames: readonly string[] = [
  "age",
  "ageSquared",
  "educationYears",
  "hoursPerWeek",
  "capitalGainLog",
  "capitalLossLog",
  ...workclasses.slice(1).map((name) => `workclass ${name}`),
  ...occupations.slice(1).map((name) => `occupation ${name}`),
];

/** In the order of {@link featureNames}; each on a scale of about one. */
export function featuresOf(of: Application): readonly number[] {
  const age = (of.age - 40) / 15;
  return [
    age,
    age * age,
    (of.educationYears - 10) / 3,
    (of.hoursPerWeek - 40) / 12,
    Math.log1p(of.capitalGain) / 5,
    Math.log1p(of.capitalLoss) / 5,
    ...workclasses.slice(1).map((name) => Number(of.workclass === name)),
    ...occupations.slice(1).map((name) => Number(of.occupation === name)),
  ];
}
