/**
 * What the demo's model team and its model risk team do before anything serves: one signs the models, the other admits them,
 * with the commands that anybody has. In: the demo's folder and a running Cordon. Out: models that are admitted, each once.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { demoModels, exists } from "@cordon/demo/models";
import { run as admit } from "../commands/model/admit.ts";
import { run as sign } from "../commands/model/sign.ts";
import type { Cordon } from "./wire.ts";

const teams = ["model-team", "model-risk"] as const;

/** Makes the two teams' keys where they are missing. */
export async function makeModelRiskKeys(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const team of teams) {
    if (await exists(join(folder, `${team}.pem`))) continue;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(folder, `${team}-public.pem`), publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(join(folder, `${team}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }
}

/**
 * Admits the demo's models that nobody has judged yet. What was withdrawn stays withdrawn, and what was swapped is left to
 * the gate: the demo does not repair itself.
 *
 * @throws {CordonError} `SUPPLY_INPUT_INVALID` when a model as it was delivered is refused
 */
export async function admitDemoModels(
  cordon: Pick<Cordon, "socketPath"> & { readonly control: Pick<Cordon["control"], "snapshots"> },
  folder: string,
): Promise<void> {
  const { components, admissions } = cordon.control.snapshots.current();
  for (const name of demoModels) {
    const component = [...components.values()].find((each) => each.namespace === "default" && each.name === name);
    if (component?.modelDigest === undefined || admissions?.has(component.modelDigest) === true) continue;
    const [model, signature] = [join(folder, "models", name), join(folder, "models", `${name}.sig`)];
    const key = (team: (typeof teams)[number], half = ""): string => join(folder, "keys", `${team}${half}.pem`);
    const words: string[] = [];
    const io = { stdout: (text: string) => void words.push(text), stderr: (text: string) => void words.push(text) };
    const signed = await sign([model, "--key", key("model-team"), "--signature", signature], io);
    const trusted = ["--key", key("model-team", "-public"), "--signature", signature];
    const recorded = ["--admission-key", key("model-risk"), "--component", name, "--socket", cordon.socketPath];
    if (signed !== 0 || (await admit([model, ...trusted, ...recorded], io)) !== 0)
      throw new CordonError("SUPPLY_INPUT_INVALID", `The demo's model ${name} is not admitted:\n${words.join("")}`);
  }
}
