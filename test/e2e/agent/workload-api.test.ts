import assert from "node:assert/strict";
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
