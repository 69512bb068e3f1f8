/** Nodes that enrol without a join token: by a machine's certificate, a Kubernetes token, a cloud's metadata server. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openAgentEstate, program, type AgentEstate, type AgentProcess } from "./estate.ts";

let estate: AgentEstate;
let bundle: string;
const hasOpenssl = succeeds("openssl", ["version"]);
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

before(async () => {
  estate = await openAgentEstate({
    agents: `, kubernetes: { issuer: "https://cluster.example", jwksFile: jwks.json, serviceAccounts: ["cordon:agent"] }, gce: { jwksFile: jwks.json, projects: [bank-ai] }, x509: { caFile: machines.pem }`,
    components: ({ uid, goodDigest, folder }) => {
      const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1" };
      writeFileSync(join(folder, "jwks.json"), JSON.stringify({ keys: [jwk] }));
      if (hasOpenssl) machines(folder);
      return `  - { name: assistant, kind: agent, boundary: api, registrations: [{ nodes: [worker-1, rack-7.bank.internal, gpu-7.asia-southeast1-b.bank-ai], uid: ${uid}, sha256: ${goodDigest} }] }`;
    },
  });
  await estate.startControl();
  bundle = join(estate.folder, "bundle");
  writeFileSync(bundle, await cordon("identity", "bundle"));
});
after(() => estate?.[Symbol.asyncDispose]());

/** An authority for machines, and one machine's certificate, made by openssl. */
function machines(folder: string): void {
  const run = (...args: readonly string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
  run(
    "req",
    "-x509",
    ...curve,
    "-keyout",
    "ca.pem",
    "-out",
    "machines.pem",
    "-days",
    "2",
    "-subj",
    "/CN=Machines",
    ...authority,
  );
  writeFileSync(join(folder, "ext"), "subjectAltName=DNS:rack-7.bank.internal\nkeyUsage=critical,digitalSignature\n");
  run("req", ...curve, "-keyout", "machine-key.pem", "-out", "machine.csr", "-subj", "/CN=rack-7");
  const signer = ["-CA", "machines.pem", "-CAkey", "ca.pem", "-CAcreateserial"];
  run("x509", "-req", "-in", "machine.csr", ...signer, "-out", "machine.pem", "-days", "1", "-extfile", "ext");
}

async function cordon(...args: readonly string[]): Promise<string> {
  const state = ["--state", join(estate.folder, "state")];
  return (await promisify(execFile)(process.execPath, [program, ...args, ...state])).stdout;
}

function tokenOf(claims: object): string {
  const parts = [{ alg: "RS256", kid: "k1" }, claims].map((one) =>
    Buffer.from(JSON.stringify(one)).toString("base64url"),
  );
  const signed = parts.join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

async function hasIdentity(agent: AgentProcess): Promise<void> {
  const heard = await estate.startWorkload(estate.good, [agent.socketPath, "x509"]).hear(() => true, "an SVID");
  assert.equal(heard.event, "svid", JSON.stringify(heard));
}

test("a node of a Kubernetes cluster enrols by its projected token", async () => {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: "https://cluster.example", aud: ["cordon"], exp: seconds + 600, iat: seconds },
    "kubernetes.io": { namespace: "cordon", serviceaccount: { name: "agent" }, node: { name: "worker-1" } },
  };
  const file = join(estate.folder, "projected");
  writeFileSync(file, tokenOf(claims));
  await hasIdentity(await estate.startAgent("by-token", ["--kubernetes-token", file, "--bundle", bundle]));
  assert.match(await cordon("identity", "nodes"), /^worker-1 {2}by kubernetes/m);
});

test("a virtual machine enrols by its metadata server's token; another program there with that token does not", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${String(request.headers["metadata-flavor"])} ${request.url}`);
    const seconds = Math.floor(Date.now() / 1000);
    const instance = { project_id: "bank-ai", zone: "asia-southeast1-b", instance_name: "gpu-7" };
    response.setHeader("metadata-flavor", "Google");
    response.end(
      tokenOf({
        ...{ iss: "https://accounts.google.com", aud: "cordon", exp: seconds + 3_000, iat: seconds },
        google: { compute_engine: instance },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const env = { GCE_METADATA_HOST: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  try {
    await hasIdentity(await estate.startAgent("by-gce", ["--gce", "--bundle", bundle], env));
    assert.match(await cordon("identity", "nodes"), /^gpu-7\.asia-southeast1-b\.bank-ai {2}by gce/m);
    assert.match(asked[0] ?? "", /^Google .*audience=cordon&format=full$/);
    await assert.rejects(estate.startAgent("thief", ["--gce", "--bundle", bundle], env), /enrolled with another key/);
  } finally {
    server.close();
  }
});

test("a machine enrols by its own certificate; the bundle may be PEM", async (t) => {
  if (!hasOpenssl) return t.skip("openssl is missing");
  const pem = join(estate.folder, "bundle.pem");
  writeFileSync(pem, await cordon("identity", "bundle", "--pem"));
  const [cert, key] = [join(estate.folder, "machine.pem"), join(estate.folder, "machine-key.pem")];
  const args = ["--x509-cert", cert, "--x509-key", key, "--bundle", pem];
  await hasIdentity(await estate.startAgent("by-cert", args));
  assert.match(await cordon("identity", "nodes"), /^rack-7\.bank\.internal {2}by x509/m);
  const evicted = await cordon("identity", "nodes", "--evict", "rack-7.bank.internal", "--reason", "drill");
  assert.match(evicted, /evicted: rack-7/);
});

test("an agent outlives whatever is sent to its socket", async () => {
  const agent = await estate.startAgent("by-token-again");
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.concat(round % 2 === 0 ? [randomBytes(2_000)] : [preface, randomBytes(2_000)]);
    await new Promise<void>((resolve) => {
      const socket = connect(agent.socketPath, () => socket.write(bytes));
      socket.on("error", () => undefined).resume();
      setTimeout(() => socket.destroy(), 30);
      socket.once("close", () => resolve());
    });
  }
  assert.equal(agent.child.exitCode, null, agent.said());
  const heard = await estate.startWorkload(estate.good, [agent.socketPath, "x509"]).hear(() => true, "an answer");
  assert.equal(heard["code"], "PermissionDenied", "it still answers");
});
