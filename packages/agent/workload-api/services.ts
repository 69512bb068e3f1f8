/** Everything that the agent's socket answers. In: the workloads. Out: routes for the endpoint. */
import type { ConnectRouter } from "@connectrpc/connect";
import type { Instant } from "@cordon/core/instant";
import { SpiffeWorkloadAPI } from "../proto/generated/workload_pb.ts";
import { workloadService } from "./workload-service.ts";
import type { Workloads } from "./workloads.ts";

export interface ServiceRooms {
  readonly workloads: Workloads;
  readonly now: () => Instant;
}

export function services({ workloads, now }: ServiceRooms): (router: ConnectRouter) => void {
  return (router) => {
    router.service(SpiffeWorkloadAPI, workloadService(workloads, now));
  };
}
