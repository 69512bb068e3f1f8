/**
 * Model files on another node: its agent watches them and tells the control plane. A swap there closes the route within a
 * second, and takes the identity from whoever serves them; an agent that falls silent closes it too.
 */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run as admit } from "@cordon/cli/commands/model/admit";
import { openAgentEstate, stop } from "./estate.ts";

const weights = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{}")]);
const evil = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{ }")]);
const digest = createHash("sha256").update(weights).digest("hex");

interface ModelStatus {
  readonly serves: boolean;
  readonly why?: string;
  readonly watched: readonly string[];
}

test("a node's agent reports a swap within a second, and its end; the one who serves it loses its identity", async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await using estate = await openAgentEstate({
    extra: "modelAdmission: { publicKeyFile: ./public.pem }\n",
    components: ({ uid, goodDigest, folder }) => {
      mkdirSync(join(folder, "model"));
      writeFileSync(join(folder, "model", "model.safetensors"), weights);
      writeFileSync(join(folder, "public.pem"), publicKey.export({ type: "spki", format: "pem" }));
      writeFileSync(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      writeFileSync(
        join(folder, "policy.yaml"),
        "version: 1\nsignature: { required: false }\ncard: { required: false }\n",
      );
      const file = join(folder, "model", "model.safetensors");
      return `  - { name: scorer, kind: endpoint, boundary: model, modelDigest: "sha256:${digest}", registrations: [{ nodes: [node-a], uid: ${uid}, sha256: ${goodDigest}, modelFile: "${file}" }] }`;
    },
  });
  await estate.startControl();
  const said: string[] = [];
  const io = { stdout: (text: string) => void said.push(text), stderr: (text: string) => void said.push(text) };
  const file = join(estate.folder, "model", "model.safetensors");
  const args = ["--policy", join(estate.folder, "policy.yaml"), "--admission-key", join(estate.folder, "key.pem")];
  const socket = ["--socket", join(estate.folder, "state", "control.sock"), "--component", "scorer"];
  assert.equal(await admit([join(estate.folder, "model"), ...args, ...socket], io), 0, said.join(""));
  const status = async (): Promise<ModelStatus> => {
    const { models } = (await estate.control.status()) as unknown as { models: readonly ModelStatus[] };
    assert.ok(models[0]);
    return models[0];
  };
  /** How long it took, in milliseconds. */
  const until = async (serves: boolean, withinMs: number): Promise<number> => {
    const began = performance.now();
    for (;;) {
      const now = await status();
      if (now.serves === serves) return performance.now() - began;
      assert.ok(performance.now() - began < withinMs, JSON.stringify(now));
      await sleep(5);
    }
  };
  assert.match((await status()).why ?? "", /nobody has looked at them yet/, "admitted, and nobody has seen it");
  const agent = await estate.startAgent("node-a");
  await until(true, 10_000);
  assert.deepEqual((await status()).watched, ["on node node-a"]);
  const workload = estate.startWorkload(estate.good, [agent.socketPath, "x509"]);
  await workload.hear(({ event }) => event === "svid", "its identity");

  await writeFile(file, evil);
  const closed = await until(false, 1_000);
  assert.match((await status()).why ?? "", /on node node-a: they are sha256:/);
  const late = estate.startWorkload(estate.good, [agent.socketPath, "x509"]);
  const heard = await late.hear(({ event }) => event !== "started", "what it gets");
  assert.notEqual(heard.event, "svid", "no identity while other weights lie there");
  await writeFile(file, weights);
  const opened = await until(true, 10_000);
  t.diagnostic(`closed ${closed.toFixed(0)} ms after the swap on the node, open ${opened.toFixed(0)} ms after its end`);
  await stop(agent.child, "SIGKILL");
});
