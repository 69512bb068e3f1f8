/** People and grants of a running Cordon. In: its rooms, and the console's keys and origin. Out: open rooms. */
import { resolve } from "node:path";
import { openPeople, type People, type PeopleOptions } from "@cordon/control/people/open-people";
import { absoluteSecret } from "@cordon/control/registry/configuration-objects";
import { secretEffects } from "@cordon/control/registry/secret-effects";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import type { ConsoleWiring } from "./console.ts";

export function openConfiguredPeople(
  { control, ledger, folder, gateway, env, log, now, attemptFailed }: ConsoleWiring,
  around: Pick<PeopleOptions, "keys" | "relyingParty" | "monotonicMs">,
): Promise<People> {
  const { people: settings } = control.configuration;
  const { attestationRootsFile } = settings.administrators;
  const secret = settings.oidc?.clientSecret;
  const clientSecret = async (): Promise<string | undefined> =>
    secret === undefined ? undefined : resolveSecret(absoluteSecret(secret, folder), secretEffects(env));
  const { authority, store, trustDomain } = control;
  return openPeople({
    ...around,
    ...{ authority, store, trustDomain, settings, gateway, now, clientSecret },
    administered: gateway().id,
    snapshot: () => control.snapshots.current(),
    attestationRootsFile: attestationRootsFile === undefined ? undefined : resolve(folder, attestationRootsFile),
    record: (entry) => ledger.append(entry),
    attemptFailed,
    warn: (event, words) => log({ level: "warn", event, words }),
    onProblem: (error) =>
      log({ level: "error", event: "people-failed", words: error instanceof Error ? error.message : String(error) }),
  });
}
