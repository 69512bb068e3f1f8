/** `cordon status`: what a running Cordon enforces, in which revision, and what it does not see. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { loadConfiguration } from "@cordon/control/registry/load-configuration";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { controlSocket, socketOptions, socketUsage } from "../control-socket.ts";
import { probeUpstream, type Bypass } from "../doctor/probe-upstream.ts";
import type { RouteStatus, Status } from "../status/status.ts";
import { problemsOf } from "../up/problems.ts";

const usage = `cordon status [--config FILE | --state DIR | --socket PATH] [--probe] [--json]

Asks the running control plane what is in force. Exit code 1 when something is not as it should be.

  --config FILE        the configuration; its state folder is asked
  --probe              dial each upstream without Cordon, as a stranger would, and say whether it answers

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...socketOptions,
      config: { type: "string" },
      probe: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const socket = await configuredSocket(values);
  const status = (await controlClient(socket).status()) as unknown as Status;
  const probed = values.probe ? await probeAll(status) : [];
  const problems = [...problemsOf(status), ...probed.flatMap(bypassProblem)];
  const report = values.probe ? { ...status, upstreams: probed, problems } : { ...status, problems };
  if (values.json) io.stdout(`${JSON.stringify(report, null, 2)}\n`);
  else io.stdout(describe(status, problems, probed));
  return problems.length > 0 ? 1 : 0;
}

/** As `doctor` takes a configuration: the state folder that it names. */
async function configuredSocket(values: {
  readonly config?: string | undefined;
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
}): Promise<string> {
  const { config, socket, state } = values;
  if (config === undefined || socket !== undefined || state !== undefined) return controlSocket(values, process.env);
  const { configuration, folder } = await loadConfiguration(config);
  return controlSocket({ state: resolve(folder, configuration.state) }, process.env);
}

interface Probed {
  readonly name: string;
  readonly url: string;
  readonly bypass: Bypass;
}

function probeAll({ upstreams }: Status): Promise<Probed[]> {
  return Promise.all(
    upstreams.map(async (target) => {
      const { bypass } = await probeUpstream(target);
      return { name: target.name, url: target.url, bypass };
    }),
  );
}

function bypassProblem({ name, bypass }: Probed): string[] {
  return bypass.verdict === "bypassable" ? [`${name} is bypassable: ${bypass.words}; ${bypass.remedy}`] : [];
}

function flowWords(flow: Status["informationFlow"]): string {
  if (flow === undefined || flow === "off") return "off: what a session has read does not bear on what it may do";
  return `${flow.mode}: sessions with ${flow.private} data and untrusted content have no way out`;
}

function modeWords({ mode, wouldDeny }: RouteStatus): string {
  if (mode === "enforce") return "enforce";
  const calls = wouldDeny === 1 ? "1 call" : `${wouldDeny} calls`;
  return `OBSERVE: policy refuses nothing here; ${calls} would have been denied since the start`;
}

function eventLine({ name, sent, behind, dropped }: NonNullable<Status["events"]>[number]): string {
  return `  events    ${name}: ${sent} sent, ${behind} behind, ${dropped} dropped since the start`;
}

function modelLines(model: NonNullable<Status["models"]>[number]): string[] {
  const { component, modelDigest, serves, why, admittedUntil, watched, unseen } = model;
  const until = admittedUntil === undefined ? "" : `, admitted until ${new Date(admittedUntil).toISOString()}`;
  return [
    `  model of ${component}  (${modelDigest})`,
    serves ? `    serves    yes${until}` : `    serves    NO: ${why ?? ""}`,
    `    files     ${watched.length > 0 ? `watched ${watched.join(", ")}` : (unseen ?? "not looked at yet")}`,
  ];
}

function shadowLine({ oneIn, compared, disagreements, skipped }: NonNullable<Status["policyShadow"]>): string {
  return `  shadow    one evaluation in ${oneIn}: ${compared} compared with Cedar's own engine, ${disagreements} otherwise, ${skipped} left out`;
}

function describe(status: Status, problems: readonly string[], probed: readonly Probed[]): string {
  const lines = [
    `Cordon ${status.version} in ${status.trustDomain}, revision ${status.revision}`,
    `  gateway   ${status.gateway.url} as ${status.gateway.id}, ${status.gateway.live} interactions under way`,
    `  policies  ${status.policies.count}; ${status.components} components`,
    `  flow      ${flowWords(status.informationFlow)}`,
    `  ledger    ${status.ledger.size} entries, ${status.ledger.state}`,
    ...(status.metrics?.url === undefined ? [] : [`  metrics   ${status.metrics.url}`]),
    ...(status.events ?? []).map(eventLine),
    `  keys      sealed by ${status.keysSealedBy}${status.keysSealedBy === "file" ? " only" : ""}`,
    "",
    ...status.routes.flatMap((route) => [
      `  ${route.path}  (${route.kind})`,
      `    mode      ${modeWords(route)}`,
      `    in force  ${route.controls.join(", ")}`,
      ...(route.inspection === undefined ? [] : [`    inspects  ${route.inspection}`]),
      `    not seen  ${route.unseen.join("; ") || "nothing"}`,
    ]),
    ...(status.tunnels ?? []).flatMap(({ namespace, name, resource, action, controls, unseen }) => [
      `  tunnel ${namespace}/${name}  (${action} of ${resource})`,
      `    in force  ${controls.join(", ")}`,
      `    not seen  ${unseen.join("; ")}`,
    ]),
    ...(status.models ?? []).flatMap(modelLines),
    ...(status.policyShadow === undefined ? [] : [shadowLine(status.policyShadow)]),
    ...(status.doors === undefined
      ? []
      : [
          `  doors     ${status.doors.url}`,
          ...status.doors.enforcementPoints.map(
            ({ component, protocols, meets }) =>
              `    asks      ${component} by ${protocols.join(" and ")}${meets.length === 0 ? "" : `; meets ${meets.join(", ")}`}`,
          ),
          `    in force  ${status.doors.controls.join(", ")}`,
          `    not seen  ${status.doors.unseen.join("; ")}`,
        ]),
    ...(status.egress ?? []).flatMap(({ namespace, name, destination, resource, controls, unseen }) => [
      `  egress ${namespace}/${name}  (${destination}, ${resource})`,
      `    in force  ${controls.join(", ")}`,
      `    not seen  ${unseen.join("; ")}`,
    ]),
    ...(status.dataDoors ?? []).flatMap(({ namespace, name, kind, listen, databases, controls, unseen }) => [
      `  door ${namespace}/${name}  (${kind}${listen === undefined ? "" : `, ${listen}`})`,
      ...databases.map((one) => `    database  ${one.name}: ${one.action} of ${one.resource}`),
      `    in force  ${controls.join(", ")}`,
      `    not seen  ${unseen.join("; ")}`,
    ]),
  ];
  if (probed.length > 0)
    lines.push("", ...probed.map(({ name, bypass }) => `  ${bypass.verdict.padEnd(10)}  ${name}: ${bypass.words}`));
  if (status.isolated.length > 0) lines.push("", `  isolated  ${status.isolated.join(", ")}`);
  if (status.revoked.workloads.length > 0) lines.push("", `  revoked   ${status.revoked.workloads.join(", ")}`);
  if (problems.length > 0) lines.push("", ...problems.map((problem) => `  problem   ${problem}`));
  return `${lines.join("\n")}\n`;
}
