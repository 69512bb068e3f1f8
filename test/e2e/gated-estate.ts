/**
 * The small estate, where the endpoint `chat` states a model, with somebody who may admit it. In: whether its files are
 * watched. Out: the estate, and the commands as an administrator types them.
 */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run as admitCommand } from "@cordon/cli/commands/model/admit";
import { run as withdrawCommand } from "@cordon/cli/commands/model/withdraw";
import {
  chatCall,
  configurationText,
  openEstate,
  until,
  type Answer,
  type Estate,
  type EstateOptions,
} from "./estate.ts";

export const weights = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{}")]); // a safetensors file of no tensors
export const modelDigest = `sha256:${createHash("sha256").update(weights).digest("hex")}`;
const silent = { stdout: () => undefined, stderr: () => undefined };

export interface Gated extends AsyncDisposable {
  readonly estate: Estate;
  /** The folder that the served model lies in. */
  readonly model: string;
  /** The folder beside it: keys, policy, what `admission` put there. */
  readonly keys: string;
  /** The private key that may admit. */
  readonly admitter: KeyObject;
  /** `cordon model admit`, as an administrator types it. */
  readonly admit: (keyFile?: string, more?: readonly string[]) => Promise<number>;
  readonly withdraw: () => Promise<number>;
}

/** The small estate, where the endpoint `chat` states a model. */
export interface GatedOptions extends EstateOptions {
  /** The component names its files, so that they are watched. */
  readonly watched?: boolean;
  /** More fields of `modelAdmission`, and what they name put into the folder. */
  readonly admission?: (folder: string) => Promise<string>;
  /** The admission policy; by default the scan alone. */
  readonly policy?: string;
}

export async function openGated(options: GatedOptions = {}): Promise<Gated> {
  const admitter = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const files = new Map<string, string>();
  // The public key must be there before Cordon starts, and the estate's folder is made as it does: it has one of its own.
  const keys = await mkdtemp(join(tmpdir(), "cordon-gate-"));
  for (const [name, { privateKey }] of Object.entries({ admitter, other })) {
    const file = join(keys, `${name}.pem`);
    await writeFile(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    files.set(name, file);
  }
  const publicKeyFile = join(keys, "public.pem");
  await writeFile(publicKeyFile, admitter.publicKey.export({ type: "spki", format: "pem" }));
  await mkdir(join(keys, "model"));
  await writeFile(join(keys, "model", "model.safetensors"), weights);
  await writeFile(
    join(keys, "policy.yaml"),
    options.policy ??
      `version: 1\nscan: { accept: [proven-safe] }\nsignature: { required: false }\ncard: { required: false }\n`,
  );
  const fields = (await options.admission?.(keys)) ?? "";
  const estate = await openEstate({
    ...options,
    configuration: (ports) =>
      configurationText(ports, {
        ...options,
        more: `modelAdmission: { publicKeyFile: "${publicKeyFile}"${fields} }\n`,
      }).replace(
        "{ name: chat, kind: endpoint, boundary: model }",
        `{ name: chat, kind: endpoint, boundary: model, modelDigest: "${modelDigest}"${options.watched === true ? `, modelFiles: "${join(keys, "model")}"` : ""} }`,
      ),
  });
  const socket = ["--socket", estate.cordon.socketPath];
  return {
    estate,
    model: join(keys, "model"),
    keys,
    admitter: admitter.privateKey,
    admit: async (name = "admitter", more = []) => {
      const before = estate.cordon.control.snapshots.current().revision;
      const key = ["--admission-key", files.get(name) ?? ""];
      const policy = ["--policy", join(keys, "policy.yaml")];
      const words: string[] = [];
      const io = { stdout: (text: string) => void words.push(text), stderr: (text: string) => void words.push(text) };
      const code = await admitCommand(
        [join(keys, "model"), ...policy, ...key, "--component", "chat", ...more, ...socket],
        io,
      );
      if (code === 0) await until(() => estate.cordon.control.snapshots.current().revision > before, "it is in force");
      else if (name === "admitter") assert.fail(words.join(""));
      return code;
    },
    withdraw: async () =>
      await withdrawCommand(["--component", "chat", "--reason", "new malware record", ...socket], silent),
    async [Symbol.asyncDispose]() {
      await estate[Symbol.asyncDispose]();
      await rm(keys, { recursive: true, force: true });
    },
  };
}

export async function ask(estate: Estate, model: string): Promise<Answer> {
  return await estate.call(await estate.svidFor("agent", "assistant"), "/v1/chat/completions", chatCall({ model }));
}
