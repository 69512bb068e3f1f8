/**
 * The `windows` and `boundaries` parts of `cordon.yaml`. In: what a file says. Out: windows, boundary modes and
 * exceptions, with every default filled in.
 */
import { z } from "zod";
import { isExactInstant } from "../instant.ts";
import { windowProblem } from "../policy/windows.ts";
import { name, namespace, reference } from "./schema-parts.ts";
import { actions, boundaries, modes, sensitivities } from "./vocabulary.ts";

const cron = (words: string) =>
  z.string().max(200).describe(`${words} Cron, five fields: minute hour day month weekday.`);

export const windowFields = z.strictObject({
  timeZone: z.string().max(64).describe("IANA time zone that its times are on the wall of, such as `Asia/Singapore`."),
  opens: cron("When it opens."),
  closes: cron("When it closes."),
  except: z
    .array(z.string())
    .max(1_000)
    .default([])
    .describe("Blackout dates, `YYYY-MM-DD`: closed from midnight to midnight in its time zone."),
});

export const windowSchema = windowFields
  .extend({ name: name.describe("Unique among the windows of its namespace."), namespace })
  .superRefine((value, context) => {
    const problem = windowProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", path: [problem.field], message: problem.words });
  });

const mode = (words: string) => z.enum(modes).optional().describe(words);

const instant = z
  .string()
  .refine(isExactInstant, { error: "must be a date and time with its zone, such as `2027-01-31T18:00:00+08:00`" })
  .meta({ format: "date-time" });

export const exceptionSchema = z.strictObject({
  name: name.describe("Unique among the exceptions of its namespace."),
  namespace,
  boundary: z.enum(boundaries).describe("The boundary that may be crossed."),
  principal: reference.describe("The component that may cross it."),
  resource: reference.describe("The component that it may reach."),
  actions: z.array(z.enum(actions)).min(1).describe("What it may do there; policies must permit it as well."),
  owner: z.string().min(1).max(200).describe("Who answers for it."),
  reason: z.string().min(1).max(1_000).describe("Why it is needed."),
  expires: instant.describe("When it ends, by itself."),
});

export const informationFlowSchema = z.strictObject({
  mode: z
    .enum(modes)
    .default("enforce")
    .describe(
      "`enforce` refuses a way out to a session that holds private data and untrusted content; `observe` records it.",
    ),
  private: z.enum(sensitivities).default("confidential").describe("From this sensitivity on, data is private."),
  idleMinutes: z
    .number()
    .int()
    .min(1)
    .max(525_600)
    .default(480)
    .describe("A session that reads nothing for so long is over, and what it held with it."),
});

export const boundariesSchema = z.strictObject({
  data: mode("Training and evaluation data is out of reach of what serves. Default: the file's `mode`."),
  model: mode("A model reaches no other's weights or configuration. Default: the file's `mode`."),
  pipeline: mode("Training and evaluation lie apart from production. Default: the file's `mode`."),
  api: mode("What may come in from outside, and how sensitive what goes out may be. Default: the file's `mode`."),
  exceptions: z.array(exceptionSchema).max(1_000).default([]).describe("What may cross a boundary, for a while."),
});
