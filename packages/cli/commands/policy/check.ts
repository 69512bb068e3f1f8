/**
 * `cordon policy check FILE...`: checks policies as the control plane would before it loads them. In: files of Cedar
 * text. Out: on stdout what is wrong, as `file:line:column: words`, or how many policies are fine; an exit code.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { isName, type Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { cedarSchema } from "@cordon/core/policy/cedar-schema";
import type { PolicySource } from "@cordon/core/policy/engine";
import { checkPolicies } from "@cordon/core/policy/policy-check";
import { problemLine } from "@cordon/core/policy/policy-text";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon policy check FILE... [--namespace N] [--trust-domain TD] [--json]
       cordon policy check --schema

Checks Cedar policies as the control plane would before it loads them: syntax, types, names, scope.

  --namespace N        the namespace that the policies belong to (default: default)
  --trust-domain TD    your own trust domain, whose workloads are written namespace/kind/name (default: example.org)
  --json               one JSON object: {"policies": COUNT, "problems": [{"file","line","column","words"}]}
  --schema             print the schema: every entity, attribute, action and context field that policies may use

Exit code: 0 every policy is fine, 1 problems, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. Nothing is written but through `io`. */
export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parse(args);
    if (values.help) return print(io, usage);
    if (values.schema) return print(io, cedarSchema);
    const sources = await readSources(positionals, values.namespace);
    return report(sources, values["trust-domain"], values.json, io);
  } catch (error) {
    if (!isCordonError(error)) throw error;
    io.stderr(`cordon policy check: ${error.message}\n`);
    return 2;
  }
}

function print(io: Io, text: string): 0 {
  io.stdout(text);
  return 0;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: "string", default: "default" },
        "trust-domain": { type: "string", default: "example.org" },
        json: { type: "boolean", default: false },
        schema: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new CordonError("USAGE", `${error instanceof Error ? error.message : String(error)}\n\n${usage}`, {
      cause: error,
    });
  }
}

async function readSources(files: readonly string[], namespace: string): Promise<readonly PolicySource[]> {
  if (files.length === 0) throw new CordonError("USAGE", `name at least one file of policies\n\n${usage}`);
  if (!isName(namespace))
    throw new CordonError("USAGE", `\`${namespace}\` is not a namespace: lower-case letters, digits and inner hyphens`);
  return Promise.all(
    files.map(async (file) => ({ namespace: namespace as Namespace, origin: file, text: await readText(file) })),
  );
}

/** Strictly UTF-8, as the control plane reads it: a policy must not read otherwise here than there. */
async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const why =
      error instanceof TypeError ? "it is not UTF-8 text" : error instanceof Error ? error.message : "unknown";
    throw new CordonError("CONFIG_UNREADABLE", `cannot read ${file}: ${why}`, { cause: error });
  }
}

function report(sources: readonly PolicySource[], trustDomain: string, json: boolean, io: Io): 0 | 1 {
  const { policies, problems } = checkPolicies(sources, { trustDomain: parseTrustDomain(trustDomain) });
  const code = problems.length === 0 ? 0 : 1;
  if (json) {
    const listed = problems.map(({ origin, line, column, words }) => ({ file: origin, line, column, words }));
    io.stdout(`${JSON.stringify({ policies: policies.length, problems: listed })}\n`);
    return code;
  }
  for (const problem of problems) io.stdout(`${problemLine(problem)}\n`);
  const files = count(sources.length, "file");
  if (code === 0) io.stdout(`${count(policies.length, "policy", "policies")} in ${files}: no problems\n`);
  else io.stderr(`${count(problems.length, "problem")} in ${files}; none of these policies would be loaded\n`);
  return code;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
