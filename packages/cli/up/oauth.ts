/** The authorization server of a running Cordon, where its configuration has one. In: its rooms. Out: open, or nothing. */
import { openOauth, type Oauth } from "@cordon/control/oauth/open-oauth";
import type { People } from "@cordon/control/people/open-people";
import type { ConsoleWiring } from "./console.ts";

/** @param origin the console's, as browsers have it */
export async function openConfiguredOauth(
  { control, gateway, log, now }: ConsoleWiring,
  people: People,
  origin: string,
): Promise<Oauth | undefined> {
  const settings = control.configuration.oauth;
  if (settings === undefined) return undefined;
  const { store, vault, snapshots } = control;
  return openOauth(
    {
      ...{ settings, store, vault, now, deps: people.deps, challenges: people.signIn.challenges },
      snapshot: () => snapshots.current(),
      onSnapshot: (listener) => snapshots.subscribe(listener),
      gatewayOrigin: () => gateway().origin,
      onProblem: (error) =>
        log({ level: "error", event: "oauth-failed", words: error instanceof Error ? error.message : String(error) }),
    },
    origin,
  );
}
