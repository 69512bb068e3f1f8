/** Whether inspection has all that it reads by. In: the file of the encoder's weights. Out: a finding where it is missing or damaged. */
import { fileURLToPath } from "node:url";
import { deployedWeights, encoderProblem } from "@cordon/core/inspection/encoder/deployed";
import { findings, type Examined } from "./finding.ts";

export function checkInspection(weights: URL = deployedWeights): Examined {
  const problem = encoderProblem(weights);
  if (problem === undefined) return findings();
  return findings({
    check: "inspection",
    what: problem.message,
    where: fileURLToPath(weights),
    remedy:
      "install Cordon again; until then what the classifier doubts cannot be inspected, and the routes' onFailure holds",
  });
}
