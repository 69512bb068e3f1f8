/** Everything that the agent's socket answers. In: the workloads. Out: routes for the endpoint. */
import type { ConnectRouter } from "@connectrpc/connect";
import type { Instant } from "@cordon/core/instant";
import { ServerReflection as AlphaReflection } from "../proto/generated/reflection_alpha_pb.ts";
import { ServerReflection } from "../proto/generated/reflection_pb.ts";
import { SecretDiscoveryService } from "../proto/generated/secret_pb.ts";
import { SpiffeWorkloadAPI } from "../proto/generated/workload_pb.ts";
import { sdsService } from "../sds/sds-service.ts";
import { reflectionOf } from "./reflection.ts";
import { workloadService } from "./workload-service.ts";
import type { Workloads } from "./workloads.ts";

export interface ServiceRooms {
  readonly workloads: Workloads;
  readonly now: () => Instant;
}

export function services({ workloads, now }: ServiceRooms): (router: ConnectRouter) => void {
  const { v1, v1alpha } = reflectionOf([SpiffeWorkloadAPI, SecretDiscoveryService, ServerReflection]);
  return (router) => {
    router.service(SpiffeWorkloadAPI, workloadService(workloads, now));
    router.service(SecretDiscoveryService, sdsService(workloads));
    router.service(ServerReflection, v1);
    router.service(AlphaReflection, v1alpha);
  };
}
