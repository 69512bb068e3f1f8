/** Who is in front of the screen. In: this browser's key. Out: the person, where it is one, asked again now and then. */
import { useCallback } from "react";
import { meResponse, type MeResponse } from "@cordon/core/contract/people-api";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";

export function useMe(): MeResponse | undefined {
  const { client } = useSession();
  const ask = useCallback((signal: AbortSignal) => client.get("/v1/me", meResponse, signal), [client]);
  return usePolled(ask, 5_000).value;
}
