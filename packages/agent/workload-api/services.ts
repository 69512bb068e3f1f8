/** Everything that the agent's socket answers. In: the workloads. Out: routes for the endpoint. */
import type { ConnectRouter } from "@connectrpc/connect";
import type { Instant } from "@cordon/core/instant";
import { Agent } from "../proto/generated/agent_pb.ts";
import { ServerReflection as AlphaReflection } from "../proto/generated/reflection_alpha_pb.ts";
import { ServerReflection } from "../proto/generated/reflection_pb.ts";
import { SecretDiscoveryService } from "../proto/generated/secret_pb.ts";
import { SpiffeWorkloadAPI } from "../proto/generated/workload_pb.ts";
import { sdsService } from "../sds/sds-service.ts";
import { agentService, type AgentServiceRooms } from "./agent-service.ts";
import { reflectionOf } from "./reflection.ts";
import { workloadService } from "./workload-service.ts";

export interface ServiceRooms extends AgentServiceRooms {
  readonly now: () => Instant;
}

export function services({ now, ...rooms }: ServiceRooms): (router: ConnectRouter) => void {
  const { v1, v1alpha } = reflectionOf([SpiffeWorkloadAPI, Agent, SecretDiscoveryService, ServerReflection]);
  const { workloads } = rooms;
  return (router) => {
    router.service(SpiffeWorkloadAPI, workloadService(workloads, now));
    router.service(SecretDiscoveryService, sdsService(workloads));
    router.service(Agent, agentService(rooms));
    router.service(ServerReflection, v1);
    router.service(AlphaReflection, v1alpha);
  };
}
