/** The configuration and its policies, as `cordon up` would read them. In: a path. Out: every problem, with its line. */
import { checkConfiguration } from "../commands/config/check.ts";
import { findings, type Examined, type Finding } from "./finding.ts";

export async function checkConfigurationFile(path: string): Promise<Examined> {
  const report = await checkConfiguration(path);
  if (report.exit === 0) return findings();
  return findings(
    ...report.problems.map((problem): Finding => {
      const where = "line" in problem ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
      const remedy =
        report.exit === 2
          ? "name the file with --config, or write one with `cordon init`"
          : "correct it; what runs keeps its last good revision until then";
      return { check: "configuration", what: problem.message, where, remedy };
    }),
  );
}
