/**
 * The card of a model on a disk, and whether it belongs to the weights beside it. In: a model's folder or a card's file,
 * and a manifest that was verified where there is one. Out: the card, its judgement, its digest, and its binding: a card
 * and weights under one signature cannot be swapped one without the other.
 */
import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import type { Resource } from "../integrity/manifest.ts";
import { judgeCard, type CardVerdict } from "./judge-card.ts";
import { maxCardBytes, parseCard, type Card } from "./parse-card.ts";

/** Names that a card has in a model's folder, first come first served. */
const cardNames = ["README.md", "MODEL_CARD.md", "model_card.md", "model-card.md", "modelcard.md", "readme.md"];

export interface CardReport extends CardVerdict {
  readonly file: string;
  readonly format: Card["format"];
  /** SHA-256 of the card, lower-case hex. */
  readonly digest: string;
  /** `signature`: under one verified manifest with the weights. */
  readonly boundBy: "signature" | "none";
  readonly metadata: Card["metadata"];
}

/** The manifest of a verified signature. */
export interface VerifiedResources {
  readonly resources: readonly Resource[];
}

/**
 * Reads and judges a card.
 *
 * @param path a model's folder, or the card itself
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID`; a folder without a card is a finding of the
 *   caller's: `undefined`
 */
export async function readCard(path: string, verified?: VerifiedResources): Promise<CardReport | undefined> {
  const file = await findCard(path);
  if (file === undefined) return undefined;
  const bytes = await readFile(file.absolute);
  const card = parseCard(bytes, file.name);
  const verdict = judgeCard(card, file.name);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const bound = verified === undefined ? undefined : bindingOf(file.name, digest, verified);
  return {
    ...verdict,
    findings: [...verdict.findings, ...(bound?.findings ?? [])],
    file: file.name,
    format: card.format,
    digest,
    boundBy: bound?.bound === true ? "signature" : "none",
    metadata: card.metadata,
  };
}

/** A finding for a model that has no card. */
export function missingCard(path: string): SupplyFinding {
  return supplyFinding("card/missing", "medium", `${path} has no model card (${cardNames.slice(0, 2).join(", ")})`);
}

async function findCard(path: string): Promise<{ readonly absolute: string; readonly name: string } | undefined> {
  const found = await lstat(path).catch((cause: Error) => {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${path} cannot be read: ${cause.message}`, { cause });
  });
  if (found.isFile()) {
    if (found.size > maxCardBytes) throw new CordonError("SUPPLY_INPUT_INVALID", `${path} is too long for a card`);
    return { absolute: path, name: path.split("/").at(-1) ?? path };
  }
  for (const name of cardNames) {
    const absolute = join(path, name);
    const entry = await lstat(absolute).catch(() => undefined);
    if (entry?.isFile() === true && entry.size <= maxCardBytes) return { absolute, name };
  }
  return undefined;
}

/** Weights by the endings that frameworks write. */
export const weightsName =
  /(?:\.(?:safetensors|bin|pt|pth|ckpt|gguf|onnx|h5|keras|pb|tflite|msgpack|npz|npy|pkl|pickle|joblib|skops|ubj|cbm|pdparams|mlmodel)|(?:^|\/)model\.(?:json|txt))$/i;

function bindingOf(
  name: string,
  digest: string,
  { resources }: VerifiedResources,
): { bound: boolean; findings: SupplyFinding[] } {
  const signed = resources.find((resource) => resource.name === name);
  if (signed === undefined)
    return {
      bound: false,
      findings: [
        supplyFinding(
          "card/unbound",
          "medium",
          "the signature does not cover the card, so it may belong to other weights",
          { subject: name },
        ),
      ],
    };
  if (signed.algorithm === "sha256" && signed.digest !== digest)
    return {
      bound: false,
      findings: [supplyFinding("card/unbound", "high", "the card is not the one that was signed", { subject: name })],
    };
  const weights = resources.some((resource) => weightsName.test(resource.name.replace(/:\d+:\d+$/, "")));
  return { bound: weights, findings: [] };
}
