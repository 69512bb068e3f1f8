/**
 * The `incidents` part of `cordon.yaml`: which findings open an incident by themselves. In: what a file says. Out: rules, with
 * every default filled in. A rule names whoever did it, never whom it was done to: else anybody could put a case on anybody.
 */
import { z } from "zod";
import { riskTiers, type RiskTier } from "./vocabulary.ts";

const severity = (usual: RiskTier) =>
  z.enum(riskTiers).default(usual).describe("How grave the incident is that it opens.");
const enabled = z.boolean().default(true).describe("Whether it opens incidents by itself.");

export const incidentsSchema = z.strictObject({
  open: z
    .strictObject({
      canaryLeak: z
        .strictObject({ enabled, severity: severity("high") })
        .prefault({})
        .describe("A planted mark went through the gateway; names who sent or received it."),
      attestationFailure: z
        .strictObject({ enabled, severity: severity("high") })
        .prefault({})
        .describe(
          "A workload's model or files are not the admitted ones, or a node came with another key; names that workload or node.",
        ),
      lateralMoves: z
        .strictObject({
          enabled,
          severity: severity("medium"),
          resources: z
            .int()
            .min(2)
            .max(64)
            .default(5)
            .describe(
              "So many different resources were refused to one workload, by a boundary or for want of a permit.",
            ),
          minutes: z.int().min(1).max(1_440).default(10).describe("Within this time."),
        })
        .prefault({})
        .describe("A workload that tries one door after the other; names that workload."),
    })
    .prefault({})
    .describe("What opens an incident by itself."),
});

export type IncidentRules = z.output<typeof incidentsSchema>["open"];
export const incidentRuleNames = ["canary-leak", "attestation-failure", "lateral-moves"] as const;
export type IncidentRuleName = (typeof incidentRuleNames)[number];
