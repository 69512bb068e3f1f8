/**
 * Registered documents and planted marks, as the configuration names them. In: a loaded configuration. Out: what detectors need,
 * read anew where something changed; it is in force once the configuration is. Documents are read in a thread of their own.
 */
import { Worker } from "node:worker_threads";
import { CordonError } from "@cordon/core/errors";
import { maxSecretBytes, resolveSecret } from "@cordon/core/contract/secret-reference";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { Canary } from "@cordon/core/inspection/fingerprints/canary";
import type { FingerprintIndex } from "@cordon/core/inspection/fingerprints/index-builder";
import { registeredDetectors, type Registered } from "@cordon/core/inspection/fingerprints/registered";
import { absoluteSecret } from "../registry/configuration-objects.ts";
import type { LoadedConfiguration } from "../registry/load-configuration.ts";
import { secretEffects } from "../registry/secret-effects.ts";
import { registeredFiles, registeredState, type RegisteredFiles } from "./registered-files.ts";
import type { FromIndexer } from "./registered-worker.ts";

const mostMarks = 64;
const longestMark = 128;
const indexMs = 120_000;

export interface RegisteredInForce {
  readonly data: Registered;
  readonly detectors: readonly SpanDetector[];
}

export interface RegisteredSource {
  readonly current: RegisteredInForce;
  /**
   * Reads what a configuration names, and gives what puts it in force.
   *
   * @throws {CordonError} `CONFIG_INVALID` or `SECRET_UNAVAILABLE`, naming the item; never a mark
   */
  read(loaded: LoadedConfiguration): Promise<() => void>;
}

export function openRegistered(env: Readonly<Record<string, string | undefined>>): RegisteredSource {
  let current: RegisteredInForce = { data: { id: 0, canaries: [] }, detectors: [] };
  let indexed = { state: "", index: undefined as FingerprintIndex | undefined };
  let ids = 0;
  return {
    get current() {
      return current;
    },
    async read(loaded) {
      const { configuration, folder } = loaded;
      requireNamespaces(configuration);
      const documents = await registeredFiles(configuration, folder);
      const state = JSON.stringify([documents, await registeredState(configuration, folder)]);
      const same = state === indexed.state;
      const index = same || documents.length === 0 ? (same ? indexed.index : undefined) : await indexOf(documents);
      const canaries = await marksOf(loaded, env);
      const data: Registered = { id: ++ids, index, canaries };
      const detectors = registeredDetectors(data);
      return () => {
        current = { data, detectors };
        indexed = { state, index };
      };
    },
  };
}

/** A namespace that nothing is in would switch its documents off unseen. */
function requireNamespaces({ inspection, routes, egress }: LoadedConfiguration["configuration"]): void {
  const known = new Set([...routes, ...(egress?.destinations ?? [])].map(({ namespace }) => namespace));
  for (const [list, items] of [
    ["registered", inspection?.registered ?? []],
    ["canaries", inspection?.canaries ?? []],
  ] as const)
    for (const { name, namespaces } of items) {
      const unknown = namespaces?.find((each) => !known.has(each));
      if (unknown !== undefined)
        throw new CordonError(
          "CONFIG_INVALID",
          `\`inspection.${list}\` ${name}: no route and no egress destination is of the namespace \`${unknown}\`; correct it, or leave \`namespaces\` out`,
        );
    }
}

async function marksOf(
  { configuration, folder }: LoadedConfiguration,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Canary[]> {
  const out: Canary[] = [];
  const effects = secretEffects(env);
  for (const { name, mark, file } of configuration.inspection?.canaries ?? []) {
    const invalid = (why: string): CordonError =>
      new CordonError("CONFIG_INVALID", `\`inspection.canaries\` ${name}: ${why}`);
    const marks = mark === undefined ? [] : [await resolveSecret(absoluteSecret(mark, folder), effects)];
    if (file !== undefined) {
      const reference = absoluteSecret({ file }, folder) as { readonly file: string };
      const { bytes, mode } = await effects
        .readFile(reference.file, maxSecretBytes)
        .catch((error: NodeJS.ErrnoException) => {
          throw invalid(`${reference.file} cannot be read (${error.code ?? "unknown"})`);
        });
      if ((mode & 0o006) !== 0)
        throw invalid(`everybody on this machine may read or write ${reference.file}; run \`chmod o-rw\` on it`);
      if (bytes.length > maxSecretBytes) throw invalid(`${reference.file} is longer than ${maxSecretBytes} bytes`);
      const lines = Buffer.from(bytes).toString("utf8").split("\n");
      marks.push(...lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#")));
      if (marks.length === 0) throw invalid(`${reference.file} holds no mark`);
    }
    if (marks.some((each) => each.length > longestMark))
      throw invalid(`a mark is longer than ${longestMark} characters`);
    out.push(...marks.map((each) => ({ name, mark: each })));
    if (out.length > mostMarks) throw invalid(`there are more than ${mostMarks} marks`);
  }
  return out;
}

/** Made in a thread that ends with it. */
function indexOf(documents: readonly RegisteredFiles[]): Promise<FingerprintIndex> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new CordonError("CONFIG_INVALID", `\`inspection.registered\` ${why}`));
    const limits = { maxOldGenerationSizeMb: 768 };
    const worker = new Worker(workerUrl(import.meta.url), { workerData: documents, resourceLimits: limits });
    const clock = setTimeout(() => {
      fail(`took longer than ${indexMs / 1000} s to read: register less`);
      void worker.terminate();
    }, indexMs);
    worker.once("message", (message: FromIndexer) =>
      "index" in message ? resolve(message.index) : fail(message.failed),
    );
    worker.once("error", (error) =>
      fail(`could not be read: ${error instanceof Error ? error.message : String(error)}`),
    );
    worker.once("exit", (code) => {
      clearTimeout(clock);
      fail(`could not be read: its thread ended with ${code}`);
    });
  });
}

/** The worker's file beside this one: the source when run from sources, `registered-worker.js` in a bundle. */
function workerUrl(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith(".ts") ? "./registered-worker.ts" : "./registered-worker.js", moduleUrl);
}
