/**
 * `GET /v1/segmentation` of the console's API: boundaries with their modes and exceptions, windows with their next change, and
 * what only observes; and what went outside. In: nothing. Out: its schema.
 */
import { z } from "zod";
import { egressTotal } from "./egress-api.ts";

const mode = z.enum(["enforce", "observe"]);

export const segmentationResponse = z.object({
  boundaries: z.array(z.object({ name: z.string(), mode, components: z.number(), wouldDeny: z.number() })),
  exceptions: z.array(
    z.object({
      name: z.string(),
      boundary: z.string(),
      principal: z.string(),
      resource: z.string(),
      actions: z.array(z.string()),
      owner: z.string(),
      reason: z.string(),
      expires: z.number(),
    }),
  ),
  windows: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      timeZone: z.string(),
      opens: z.string(),
      closes: z.string(),
      except: z.array(z.string()),
      open: z.boolean(),
      /** When it next changes, in milliseconds; absent where it does not within 400 days. */
      changes: z.number().optional(),
    }),
  ),
  /** Routes and forbids that only observe, with what they would have denied since the start. */
  observing: z.array(z.object({ kind: z.enum(["route", "policy"]), name: z.string(), wouldDeny: z.number() })),
  /** What was carried outside, the most first. */
  egress: z.object({
    totals: z.array(egressTotal),
    /** Pairs that are not listed. */
    more: z.number(),
  }),
});

export type SegmentationResponse = z.infer<typeof segmentationResponse>;
