import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { openAgentEstate, type AgentEstate, type AgentProcess, type Heard } from "./estate.ts";

let estate: AgentEstate;
let agent: AgentProcess;
const assistant = "spiffe://test.example/ns/default/agent/assistant";

before(async () => {
  estate = await openAgentEstate({
    components: ({ uid, good, goodDigest }) => `
  - { name: assistant, kind: agent, boundary: api, bearerTokens: true, registrations: [{ nodes: [node-a], uid: ${uid}, path: "${good}", sha256: ${goodDigest}, hint: main }] }
  - { name: elsewhere, kind: agent, boundary: api, registrations: [{ nodes: [node-b], uid: ${uid}, sha256: ${goodDigest} }] }
`,
  });
  await estate.startControl();
  agent = await estate.startAgent("node-a");
});
after(() => estate[Symbol.asyncDispose]());

async function ask(executable: string, ...args: readonly string[]): Promise<Heard> {
  return estate.startWorkload(executable, [agent.socketPath, ...args]).hear(() => true, args.join(" "));
}

test("a registered program gets its X.509-SVID, and nothing of what is registered to another node", async () => {
  const heard = await ask(estate.good, "x509");
  assert.equal(heard.event, "svid", JSON.stringify(heard) + agent.said());
  const svids = heard["svids"] as readonly { readonly id: string; readonly hint: string }[];
  assert.deepEqual(
    svids.map(({ id, hint }) => [id, hint]),
    [[assistant, "main"]],
  );
});

test("the right user with the wrong executable gets PermissionDenied", async () => {
  const heard = await ask(estate.evil, "x509");
  assert.deepEqual([heard.event, heard["code"]], ["refused", "PermissionDenied"]);
});

test("an interpreter is nobody, whatever it runs", async () => {
  const heard = await ask(process.execPath, "x509");
  assert.deepEqual([heard.event, heard["code"]], ["refused", "PermissionDenied"]);
});

test("without the metadata that says it is meant, a call is refused as malformed", async () => {
  const heard = await ask(estate.good, "bare");
  assert.deepEqual([heard.event, heard["code"]], ["refused", "InvalidArgument"]);
});

test("a JWT-SVID is issued for its audiences, validated by each, and refused for another", async () => {
  const heard = await ask(estate.good, "jwt", "bank");
  const [svid] = heard["svids"] as readonly { readonly spiffeId: string; readonly svid: string }[];
  assert.equal(svid?.spiffeId, assistant);
  assert.equal((await ask(estate.good, "validate", "bank", svid?.svid ?? ""))["spiffeId"], assistant);
  assert.equal((await ask(estate.good, "validate", "other", svid?.svid ?? ""))["code"], "InvalidArgument");
  assert.equal((await ask(estate.good, "jwt"))["code"], "InvalidArgument");
  const both = (await ask(estate.good, "jwt", "bank", "branch"))["svids"] as readonly { readonly svid: string }[];
  for (const audience of ["bank", "branch"])
    assert.equal((await ask(estate.good, "validate", audience, both[0]?.svid ?? ""))["spiffeId"], assistant);
  assert.equal((await ask(estate.evil, "jwt", "bank"))["code"], "PermissionDenied");
  assert.equal((await ask(estate.evil, "validate", "bank", svid?.svid ?? ""))["code"], "PermissionDenied");
});

test("Envoy's SDS gives the caller its certificate and each trust domain's bundle by its name", async () => {
  const heard = await ask(estate.good, "sds", "default", "ROOTCA", "spiffe://test.example");
  const secrets = heard["secrets"] as readonly { readonly name: string; readonly case: string; readonly pem: string }[];
  assert.deepEqual(
    secrets.map((one) => [one.name, one.case, one.pem.startsWith("-----BEGIN CERTIFICATE-----")]),
    [
      ["default", "tlsCertificate", true],
      ["ROOTCA", "validationContext", true],
      ["spiffe://test.example", "validationContext", true],
    ],
  );
  assert.equal(
    (await ask(estate.good, "sds", "spiffe://test.example/ns/default/agent/elsewhere"))["code"],
    "InvalidArgument",
  );
  assert.equal((await ask(estate.evil, "sds", "default"))["code"], "PermissionDenied");
});

test("a connection that outlives its process is closed: a child that inherited it hears nothing more", async (t) => {
  const python = "/usr/bin/python3";
  if (!existsSync(python)) return t.skip("python3 is missing");
  // Connects, hands the connection to a child, ends. The child tells after how long it is closed.
  const script = `import os, socket, sys, time, select
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + b"\\0\\0\\0\\4\\0\\0\\0\\0\\0")
time.sleep(0.5)
if os.fork() != 0: time.sleep(4); os._exit(0)
begun = time.time(); end = begun + 15
while time.time() < end:
  r, _, _ = select.select([s], [], [], 1)
  if r and s.recv(65536) == b"": print(time.time() - begun, flush=True); sys.exit(0)
print("still open", flush=True)`;
  const child = spawn(python, ["-c", script, agent.socketPath], { stdio: ["ignore", "pipe", "inherit"] });
  const seconds = Number(await text(child.stdout));
  assert.ok(seconds >= 3.9 && seconds < 12, `closed after ${seconds} s; its process lived for 4`);
});

test("a revoked component's stream ends with PermissionDenied, and it gets nothing again", async () => {
  const watcher = estate.startWorkload(estate.good, [agent.socketPath, "watch"]);
  await watcher.hear(({ event }) => event === "svid", "an SVID");
  const pushed = estate.startWorkload(estate.good, [agent.socketPath, "sds-watch", "default"]);
  await pushed.hear(({ event }) => event === "pushed", "a secret");
  await estate.control.revoke({ type: "workload", component: "assistant", reason: "drill" });
  const { code } = await watcher.hear(({ event }) => event === "broken", "the stream's end");
  assert.equal(code, "PermissionDenied");
  assert.equal((await pushed.hear(({ event }) => event === "refused", "the secrets' end"))["code"], "PermissionDenied");
  assert.equal((await ask(estate.good, "x509"))["code"], "PermissionDenied");
});
