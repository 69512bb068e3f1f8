/** The Node that runs this. In: its version. Out: a finding where it is another major than the one Cordon is built for. */
import manifest from "../package.json" with { type: "json" };
import type { Machine } from "./estate.ts";
import { findings, type Examined } from "./finding.ts";

const wanted = manifest.dependencies.node;

export function checkRuntime({ nodeVersion }: Pick<Machine, "nodeVersion">): Examined {
  const major = (version: string): string => version.split(".")[0] ?? "";
  if (major(nodeVersion) === major(wanted)) return findings();
  return findings({
    check: "runtime",
    what: `this is Node ${nodeVersion}, and Cordon is built and tested for ${wanted}`,
    where: process.execPath,
    remedy:
      "start it through `npm run -s cordon --` or `npx cordon`, which bring their own Node; run `npm ci` where they do not",
  });
}
