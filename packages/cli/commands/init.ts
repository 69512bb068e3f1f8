/**
 * `cordon init`: a commented `cordon.yaml` for what runs on this machine. In: the folder to write to, this machine's
 * loopback and environment. Out: two files, and what to do next. Nothing that is there already is overwritten.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../command.ts";
import { configurationText, policyFile, policyText, type Found } from "../init/configuration-text.ts";
import { findKeys, knownApis } from "../init/find-keys.ts";
import { findServers, knownServers, type ServerKind } from "../init/find-servers.ts";
import type { Io } from "../io.ts";

const usage = `cordon init [--observe] [--force] [--json] [FILE]

Looks for model servers on this machine (${knownServers.map(({ title, port }) => `${title} on ${port}`).join(", ")}; loopback only) and for
${knownApis.map(({ variable }) => variable).join(" and ")} in the environment, and writes a commented FILE (default cordon.yaml) with
${policyFile} beside it. Keys are referred to, never written.

  --observe   let through what policy denies, and record it: see what would break before anything does
  --force     overwrite files that are there
`;

/** What this machine is asked; tests bring their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly servers: readonly ServerKind[];
}

export async function run(
  args: readonly string[],
  io: Io,
  around: Surroundings = { env: process.env, servers: knownServers },
): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      observe: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [file = "cordon.yaml", ...more] = positionals;
  if (more.length > 0) throw new CordonError("USAGE", `name one file to write\n\n${usage}`);
  const path = resolve(file);
  const policies = join(dirname(path), policyFile);
  if (!values.force) refuseOverwriting([path, policies]);
  const found: Found = { servers: await findServers(around.servers), apis: findKeys(around.env) };
  await write(policies, policyText(found), values.force);
  await write(path, configurationText(found, { observe: values.observe }), values.force);
  if (values.json) io.stdout(`${JSON.stringify(report(found, [path, policies]), null, 2)}\n`);
  else io.stdout(describe(found, around.servers, [path, policies], values.observe));
  return 0;
}

function refuseOverwriting(paths: readonly string[]): void {
  const there = paths.filter((path) => existsSync(path)).map(shown);
  if (there.length === 0) return;
  throw new CordonError(
    "USAGE",
    `${there.join(" and ")} ${there.length === 1 ? "is" : "are"} there already and stay${there.length === 1 ? "s" : ""} as ${there.length === 1 ? "it is" : "they are"}. ` +
      "Name another file, or overwrite with --force.",
  );
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: force ? "w" : "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CordonError(
      "USAGE",
      `${shown(path)} cannot be written (${code}); choose a folder that you may write to`,
      {
        cause,
      },
    );
  }
}

function report({ servers, apis }: Found, files: readonly string[]): object {
  return {
    servers: servers.map(({ name, url, models, skipped, wantsKey }) => ({ name, url, models, skipped, wantsKey })),
    keys: apis.map(({ variable }) => variable),
    files,
  };
}

function describe(found: Found, asked: readonly ServerKind[], files: readonly string[], observe: boolean): string {
  const cordon = import.meta.url.endsWith(".ts") ? "npm run -s cordon --" : "npx cordon";
  const [path = "cordon.yaml"] = files.map(shown);
  const named = path === "cordon.yaml" ? "" : ` ${path}`;
  const lacking = asked.filter(({ name }) => !found.servers.some((server) => server.name === name));
  const nothing = found.servers.length + found.apis.length === 0;
  const lines = [
    nothing ? "Found nothing to protect on this machine" : "Found on this machine",
    ...found.servers.map(
      ({ title, url, models, skipped, wantsKey }) =>
        `  ${title.padEnd(10)} ${url}  ${wantsKey ? "wants a key: add `credential` and its models" : modelWords(models, skipped)}`,
    ),
    ...found.apis.map(({ title, variable }) => `  ${title.padEnd(10)} ${variable} is set: referred to, not written`),
    ...(lacking.length === 0
      ? []
      : [`  not found  ${lacking.map(({ title, port }) => `${title} (127.0.0.1:${port})`).join(", ")}`]),
    "",
    `Wrote ${files.map(shown).join(" and ")}${observe ? ", in observe mode: nothing that policy denies is refused yet" : ""}`,
    ...(nothing ? ["It is a template: take the comment marks off what you have, and say where it is."] : []),
    "",
    "Next",
    `  ${cordon} config check${named}`,
    `  ${cordon} up${named === "" ? "" : ` --config${named}`}`,
    `  ${cordon} run -- python app.py      in another terminal: your program, with an identity`,
    `  ${cordon} doctor${named === "" ? "" : ` --config${named}`}                  what is wrong, and who can walk round it`,
  ];
  return `${lines.join("\n")}\n`;
}

function modelWords(models: readonly string[], skipped: number): string {
  const few = models.slice(0, 5).join(", ");
  const more = models.length > 5 ? ` and ${models.length - 5} more` : "";
  const left = skipped > 0 ? `; ${skipped} left out` : "";
  return models.length === 0 ? `no models yet${left}` : `${few}${more}${left}`;
}

function shown(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside.startsWith("..") ? path : inside || ".";
}
