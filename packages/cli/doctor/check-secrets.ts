/** Every secret that the configuration refers to. In: references. Out: a finding for each that cannot be read; never a value. */
import { absoluteSecret } from "@cordon/control/registry/configuration-objects";
import { secretEffects } from "@cordon/control/registry/secret-effects";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import type { SecretReference } from "@cordon/core/policy/snapshot";
import type { Estate, Machine } from "./estate.ts";
import { findings, type Examined, type Finding } from "./finding.ts";

export async function checkSecrets(
  { configuration, folder }: Estate,
  { env }: Pick<Machine, "env">,
): Promise<Examined> {
  const problems = referencesOf(configuration).map(async ([where, reference]): Promise<Finding | undefined> => {
    try {
      await resolveSecret(absoluteSecret(reference, folder), secretEffects(env));
      return undefined;
    } catch (error) {
      const remedy = "put the secret where the reference points, for the user and environment that run `cordon up`";
      return { check: "secrets", what: (error as Error).message, where, remedy };
    }
  });
  return findings(...(await Promise.all(problems)));
}

function referencesOf(configuration: Estate["configuration"]): [string, SecretReference][] {
  const { store, keys, upstreams, inspection } = configuration;
  return [
    ...(typeof store.url === "string" ? [] : ([["store.url", store.url]] as [string, SecretReference][])),
    ...[keys.root, ...keys.also].flatMap((source, i): [string, SecretReference][] =>
      "passphrase" in source
        ? [[i === 0 ? "keys.root.passphrase" : `keys.also[${i - 1}].passphrase`, source.passphrase]]
        : [],
    ),
    ...upstreams.flatMap(({ namespace, name, credential }): [string, SecretReference][] =>
      credential === undefined ? [] : [[`upstreams ${namespace}/${name} credential`, credential.secret]],
    ),
    ...(inspection?.canaries ?? []).flatMap(({ name, mark }): [string, SecretReference][] =>
      mark === undefined ? [] : [[`inspection.canaries ${name}`, mark]],
    ),
  ];
}
