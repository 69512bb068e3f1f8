import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openAgentEstate, type AgentEstate, type AgentProcess } from "../e2e/agent/estate.ts";
import type { Json } from "../e2e/estate.ts";

const client = join(import.meta.dirname, "clients", "workload_api.py");
const python = findPython();
const skip = python === undefined ? "python3-grpcio is missing: apt-get install python3-grpcio" : false;
const assistant = "spiffe://test.example/ns/default/agent/assistant";

let estate: AgentEstate;
let agent: AgentProcess;
/** Python under a name of its own: an interpreter by its own name is nobody. */
let executable: string;

before(async () => {
  if (python === undefined) return;
  const digest = createHash("sha256").update(readFileSync(python)).digest("hex");
  estate = await openAgentEstate({
    identity: "{ svidTtlSeconds: 10, jwtTtlSeconds: 60 }",
    components: ({ folder, uid }) => `
  - { name: assistant, kind: agent, boundary: api, bearerTokens: true, registrations: [{ nodes: ["*"], uid: ${uid}, path: "${folder}/bin/client", sha256: ${digest}, hint: internal }] }
`,
  });
  executable = join(estate.folder, "bin", "client");
  copyFileSync(python, executable);
  chmodSync(executable, 0o755);
  await estate.startControl();
  agent = await estate.startAgent("node-a");
});
after(() => estate?.[Symbol.asyncDispose]());

/** Python with grpc, as its real file; there may be several Pythons. */
function findPython(): string | undefined {
  const script = "import grpc, google.protobuf, os, sys; print(os.path.realpath(sys.executable))";
  for (const candidate of ["/usr/bin/python3", "python3"]) {
    try {
      return execFileSync(candidate, ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // the next one
    }
  }
  return undefined;
}

async function ask(...args: readonly string[]): Promise<Json> {
  return askAs(executable, ...args);
}

async function askAs(program: string, ...args: readonly string[]): Promise<Json> {
  const env = { PATH: process.env["PATH"], PYTHONHOME: "/usr", GRPC_VERBOSITY: "NONE" };
  const { stdout } = await promisify(execFile)(program, [client, agent.socketPath, ...args], { env, timeout: 90_000 });
  return JSON.parse(stdout);
}

test("reflection tells which services there are", { skip }, async () => {
  const { services } = await ask("services");
  assert.ok(services.includes("SpiffeWorkloadAPI"), JSON.stringify(services));
  assert.ok(services.includes("envoy.service.secret.v3.SecretDiscoveryService"));
});

test("a client in Python gets its X.509-SVID with key and bundle", { skip }, async () => {
  const { svids } = await ask("x509");
  assert.equal(svids.length, 1);
  const [{ id, hint, keyBytes, bundleBytes }] = svids;
  assert.deepEqual([id, hint], [assistant, "internal"]);
  assert.ok(keyBytes > 100 && bundleBytes > 300);
});

test("its stream brings a new SVID before the old one expires", { skip }, async () => {
  const { messages } = await ask("watch", "3");
  const chains = new Set(messages.map(([svid]: Json) => svid.chain));
  assert.equal(chains.size, 3);
});

test("it fetches and validates a JWT-SVID, and a wrong audience is refused", { skip }, async () => {
  const { svids } = await ask("jwt", "bank");
  assert.equal(svids[0].id, assistant);
  assert.deepEqual(await ask("validate", "bank", svids[0].token), { id: assistant, audience: "bank" });
  assert.equal((await ask("validate", "elsewhere", svids[0].token)).code, "INVALID_ARGUMENT");
  assert.equal((await ask("validate", "bank", `${svids[0].token.slice(0, -2)}AA`)).code, "INVALID_ARGUMENT");
  assert.equal((await ask("jwt")).code, "INVALID_ARGUMENT");
});

test("bundles hold the kinds of keys that they should, by trust domain", { skip }, async () => {
  const { x509, jwt } = await ask("bundles");
  assert.deepEqual(Object.keys(x509), ["spiffe://test.example"]);
  const { keys } = jwt["spiffe://test.example"];
  assert.ok(keys.length > 0 && keys.every(({ use, kid }: Json) => use === "jwt-svid" && kid !== ""));
});

test("without the metadata it is refused as malformed; as plain Python it is nobody", { skip }, async () => {
  assert.equal((await ask("bare")).code, "INVALID_ARGUMENT");
  assert.equal((await askAs(python ?? "", "x509")).code, "PERMISSION_DENIED");
});
