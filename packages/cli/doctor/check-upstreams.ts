/**
 * The upstreams: do they answer, do they prove who they are, and can one walk round Cordon to them? In: the configured
 * upstreams. Out: findings, and for each upstream the verdict and its own clock.
 */
import { fetchBundle } from "@cordon/agent/run/issue";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { svidProblem, webCertificateProblem } from "./certificate.ts";
import type { Estate, Machine } from "./estate.ts";
import { together, type Examined, type Finding, type Note } from "./finding.ts";
import { probeUpstream, type Bypass } from "./probe-upstream.ts";
import { configuredTargets, type ConfiguredTarget } from "./targets.ts";

export interface UpstreamVerdict {
  readonly name: string;
  readonly url: string;
  readonly bypass: Bypass;
  readonly dateMs?: number;
}

export interface ExaminedUpstreams extends Examined {
  readonly upstreams: readonly UpstreamVerdict[];
}

export async function checkUpstreams(estate: Estate, { now }: Pick<Machine, "now">): Promise<ExaminedUpstreams> {
  const bundle = await bundleOf(estate);
  const parts = await Promise.all(
    configuredTargets(estate.configuration, estate.folder).map(async (target) => {
      const probe = await probeUpstream(target);
      const { bypass, unreachable, dateMs } = probe;
      const about = { check: "upstreams", where: `${target.name} at ${target.url}` } as const;
      if (unreachable !== undefined) {
        const remedy = "start it, or correct its `url`; calls to it are answered with 502 until then";
        const found: Finding = { ...about, what: unreachable, remedy };
        return { target, bypass, findings: [found], notes: [] };
      }
      const certificate = await certificateOf(target, bundle, now());
      const findings: Finding[] = certificate.problem === undefined ? [] : [{ ...about, ...certificate.problem }];
      if (bypass.verdict === "bypassable") findings.push({ ...about, what: bypass.words, remedy: bypass.remedy });
      const unknown: Note[] =
        bypass.verdict === "unknown"
          ? [{ check: "upstreams", words: `whether one can walk round to ${target.name} is unknown: ${bypass.words}` }]
          : [];
      return {
        target,
        bypass,
        findings,
        notes: [...unknown, ...certificate.notes],
        ...(dateMs === undefined ? {} : { dateMs }),
      };
    }),
  );
  const upstreams = parts.map(({ target: { name, url }, bypass, dateMs }) => ({
    name,
    url,
    bypass,
    ...(dateMs === undefined ? {} : { dateMs }),
  }));
  return { ...together(parts), upstreams };
}

async function bundleOf({ running }: Estate): Promise<TrustBundle | undefined> {
  if (running === undefined) return undefined;
  return fetchBundle(running.client).catch(() => undefined);
}

async function certificateOf(
  target: ConfiguredTarget,
  bundle: TrustBundle | undefined,
  now: number,
): Promise<{ readonly problem?: Pick<Finding, "what" | "remedy">; readonly notes: readonly Note[] }> {
  if (target.authentication === "loopback") return { notes: [] };
  if (target.authentication === "webpki") {
    const what = await webCertificateProblem(target);
    if (what === undefined) return { notes: [] };
    const remedy =
      "give it a certificate for its name that is valid now; where its authority is your own, set `authentication: { webpki: { caFile } }`";
    return { problem: { what, remedy }, notes: [] };
  }
  if (bundle === undefined)
    return {
      notes: [
        {
          check: "upstreams",
          words: `whether ${target.name} is who it must be was not looked at: the authorities come from the control plane`,
        },
      ],
    };
  const what = await svidProblem(target, bundle, now);
  if (what === undefined) return { notes: [] };
  return { problem: { what, remedy: "give it the identity of its component: `cordon identity issue`" }, notes: [] };
}
