/** The encoder that is deployed: its weights are read when the first text comes, once. In: nothing. Out: the encoder. */
import { readFileSync } from "node:fs";
import { makeEncoder, type Encoder } from "./encoder.ts";
import { readWeights } from "./weights.ts";

/** The beginning of the weights' digest: a verdict is explained by the weights that made it. */
export const encoderVersion = "adffeabac565";

let loaded: Encoder | undefined;

/** @throws at the first text where the weights are missing or damaged: it says what to do. */
export const deployedEncoder: Encoder = {
  logit: (text) => (loaded ??= load()).logit(text),
};

function load(): Encoder {
  const file = new URL("./weights.bin", import.meta.url);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const remedy = "install Cordon again, or make them: tools/injection/encoder/pack.py";
    throw new Error(`the encoder's weights cannot be read from ${file.pathname}: ${remedy}`, { cause });
  }
  return makeEncoder(readWeights(bytes));
}
