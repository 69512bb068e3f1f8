/**
 * Two machines on one PostgreSQL, each with a folder of its own under one name: what one sees is not taken for what the other
 * sees. The name is `/proc/self/cwd/model`, which is another folder in each process.
 */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run as admitCommand } from "@cordon/cli/commands/model/admit";
import { startCordonProcess, type CordonProcess } from "./cordon-process.ts";
import { chatCall } from "./estate.ts";
import { weights } from "./gated-estate.ts";
import { createSchema, noPostgres } from "./postgres-schema.ts";

const digest = `sha256:${createHash("sha256").update(weights).digest("hex")}`;
const evil = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{ }")]);

test(
  "a swap on either machine closes the model, and one machine's good files do not hide the other's",
  { skip: noPostgres },
  async () => {
    await using schema = await createSchema();
    await using stack = new AsyncDisposableStack();
    const keys = await mkdtemp(join(tmpdir(), "cordon-machines-"));
    stack.defer(() => rm(keys, { recursive: true, force: true }));
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(keys, "admit.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    await writeFile(join(keys, "public.pem"), publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(
      join(keys, "policy.yaml"),
      "version: 1\nscan: { accept: [proven-safe] }\nsignature: { required: false }\ncard: { required: false }\n",
    );
    for (const machine of ["a", "b"]) {
      await mkdir(join(keys, machine, "model"), { recursive: true });
      await writeFile(join(keys, machine, "model", "model.safetensors"), weights);
    }
    const modelIn = (machine: string) => join(keys, machine, "model", "model.safetensors");
    const extra = `${schema.yaml}keys: { root: { file: ${join(keys, "root")} } }\nmodelAdmission: { publicKeyFile: "${join(keys, "public.pem")}" }\n`;
    const change = (text: string) =>
      text.replace(
        "{ name: chat, kind: endpoint, boundary: model }",
        `{ name: chat, kind: endpoint, boundary: model, modelDigest: "${digest}", modelFiles: /proc/self/cwd/model }`,
      );
    const start = async (machine: string) =>
      stack.use(await startCordonProcess({ extra, change, cwd: join(keys, machine) }));

    const a = await start("a");
    let said = "";
    const io = { stdout: (text: string) => void (said += text), stderr: (text: string) => void (said += text) };
    const admit = [
      join(keys, "a", "model"),
      "--policy",
      join(keys, "policy.yaml"),
      "--admission-key",
      join(keys, "admit.pem"),
      "--component",
      "chat",
    ];
    assert.equal(await admitCommand([...admit, "--socket", join(a.folder, "state", "control.sock")], io), 0, said);
    const assistant = await a.svidFor("assistant");
    const ask = async (at: CordonProcess) => await at.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
    const eventually = async (at: CordonProcess, wanted: RegExp | 200): Promise<void> => {
      let last = { status: 0, text: "" };
      for (const began = performance.now(); performance.now() - began < 20_000;) {
        last = await ask(at);
        if (wanted === 200 ? last.status === 200 : last.status === 403 && wanted.test(last.text)) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.fail(`it stayed ${last.status} ${last.text}`);
    };
    await eventually(a, 200);

    // The other machine's folder holds something else from the start: it never serves it, whatever this one's holds.
    await writeFile(modelIn("b"), evil);
    const b = await start("b");
    await eventually(b, /on the control plane's machine: they are sha256:/);
    await eventually(a, /on the machine gateway-[0-9a-f]{8}: they are sha256:/);
    // News of the good folder does not overwrite what the bad one holds.
    await writeFile(modelIn("a"), evil);
    await eventually(a, /on the control plane's machine: they are/);
    await writeFile(modelIn("a"), weights);
    await eventually(a, /on the machine gateway-[0-9a-f]{8}: they are sha256:/);
    for (let times = 0; times < 20; times++) assert.equal((await ask(b)).status, 403);
    const { models } = (await a.control.status()) as unknown as { models: { watched: string[] }[] };
    assert.equal(models.find(({ watched }) => watched.length > 0)?.watched.length, 2);

    await writeFile(modelIn("b"), weights);
    await eventually(a, 200);
    await eventually(b, 200);

    // A start, and a stop, of one machine does not close the other for a moment.
    await b.stop();
    let closed = 0;
    let asking = true;
    const steadily = (async () => {
      while (asking) if ((await ask(a)).status !== 200) closed += 1;
    })();
    const again = await start("b");
    await eventually(again, 200);
    asking = false;
    await steadily;
    assert.equal(closed, 0);
  },
);
