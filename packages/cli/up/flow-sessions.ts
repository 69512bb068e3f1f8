/**
 * Where what sessions hold is kept. In: where the state is. Out: flow sessions: in one file beside a store that is a file, in
 * the store itself where that is a database server's, which several Cordons may share.
 */
import { dirname, join } from "node:path";
import { openSharedFlowSessions, type SharedFlowOptions } from "@cordon/control/flow/shared-flow-sessions";
import { readStoreUrl } from "@cordon/control/store/store-url";
import type { FlowSessions } from "@cordon/core/flow/sessions";
import { openFlowSessions } from "@cordon/gateway/flow/flow-sessions";

export interface FlowPlace extends Omit<SharedFlowOptions, "markFile"> {
  readonly storeUrl: string;
  readonly stateFolder: string;
}

export async function openConfiguredFlowSessions(place: FlowPlace): Promise<FlowSessions & AsyncDisposable> {
  const { storeUrl, stateFolder, now } = place;
  const location = readStoreUrl(storeUrl);
  if (location.adapter !== "sqlite")
    return openSharedFlowSessions({ ...place, markFile: join(stateFolder, "flow.mark") });
  const local = openFlowSessions(join(dirname(location.path), "flow.db"), now());
  return { ...local, [Symbol.asyncDispose]: async () => local[Symbol.dispose]() };
}
