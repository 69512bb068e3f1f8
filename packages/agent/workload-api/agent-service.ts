/**
 * What Cordon's own programs ask of an agent. In: attested callers. Out: where the gateway is; and, for `cordon run`, the
 * identity of a process that it measured and started.
 *
 * Who says "I measured this and started it" is believed when it is root or this agent's own user: either could read this
 * agent's memory anyway. Everybody else is not.
 */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { attestProcess, type CallerFacts } from "../attestation/attest.ts";
import type { Launches } from "../attestation/launches.ts";
import type { Measurer } from "../attestation/measure.ts";
import {
  GatewayResponseSchema,
  LaunchResponseSchema,
  type Agent,
  type LaunchRequest,
} from "../proto/generated/agent_pb.ts";
import { names } from "./agent-client.ts";
import type { Entitlement } from "./callers.ts";
import { callerKey } from "./endpoint.ts";
import type { Workloads } from "./workloads.ts";

export interface AgentServiceRooms {
  readonly workloads: Workloads;
  readonly launches: Launches;
  readonly measurer: Measurer;
  /** The user that this agent runs as. */
  readonly ownUid: number;
}

const sha256 = /^[0-9a-f]{64}$/;

export function agentService({ workloads, launches, measurer, ownUid }: AgentServiceRooms): ServiceImpl<typeof Agent> {
  const isTrusted = ({ uid }: CallerFacts): boolean => uid === 0 || uid === ownUid;
  return {
    async gateway(_request, context) {
      const facts = await context.values.get(callerKey)();
      if (!isTrusted(facts) && workloads.entitledOf(facts).length === 0) throw workloads.denied(facts);
      const { url, id, egress = false, interception = "" } = workloads.state().gateway;
      return create(GatewayResponseSchema, { url, spiffeId: id, egress, interception });
    },
    async *launch(request, context) {
      const launcher = await context.values.get(callerKey)();
      if (!isTrusted(launcher))
        throw new ConnectError(
          "only root and the agent's own user may start measured processes",
          Code.PermissionDenied,
        );
      checkRequest(request);
      const facts = await attestLaunched(request.pid, launcher, measurer);
      const end = launches.add(facts, {
        script: request.script,
        ...(request.lock === "" ? {} : { lock: request.lock }),
      });
      try {
        yield* workloads.stream(facts, context.signal, (entitled) =>
          Promise.resolve(responseFor(workloads, chosen(entitled, request.component))),
        );
      } finally {
        end();
      }
    },
  };
}

function checkRequest({ pid, script, lock }: LaunchRequest): void {
  if (pid <= 1 || !sha256.test(script) || (lock !== "" && !sha256.test(lock)))
    throw new ConnectError("name the process and the SHA-256 of its script", Code.InvalidArgument);
}

/** The launched process: the launcher's own child, the leader of a session that it began. */
async function attestLaunched(pid: number, launcher: CallerFacts, measurer: Measurer): Promise<CallerFacts> {
  const facts = await attestProcess(pid, measurer).catch((error: unknown) => {
    throw new ConnectError((error as Error).message, Code.FailedPrecondition);
  });
  if (facts.parent !== launcher.pid || facts.session !== pid)
    throw new ConnectError(
      `process ${pid} is no child of the caller's with a session of its own`,
      Code.InvalidArgument,
    );
  return facts;
}

function chosen(entitled: readonly Entitlement[], component: string): Entitlement {
  const matches = entitled.filter(({ workload }) => component === "" || names(component, workload.id));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  const ids = entitled.map(({ workload }) => workload.id).join(", ");
  throw new ConnectError(
    matches.length === 0 ? `what was started is not ${component}; it is ${ids}` : `say which component: ${ids}`,
    Code.PermissionDenied,
  );
}

function responseFor(workloads: Workloads, { workload }: Entitlement) {
  const svid = workloads.svid(workload.id);
  const { bundles, trustDomain } = workloads.state();
  const own = bundles.get(trustDomain);
  if (svid === undefined || own === undefined) return undefined;
  return create(LaunchResponseSchema, {
    spiffeId: svid.id,
    x509Svid: new Uint8Array(Buffer.concat(svid.chain)),
    x509SvidKey: svid.keyDer,
    bundle: new Uint8Array(Buffer.concat(own.x509Authorities)),
  });
}
