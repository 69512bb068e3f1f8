/** First contact and restarts: whom an agent believes to be its control plane, and what it keeps. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { formatJoinToken } from "@cordon/core/identity/join-token";
import { agentId, controlPlaneId } from "@cordon/core/identity/node-id";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { systemClocks } from "../run/identity.ts";
import { testAuthority, type TestAuthority } from "../run/testing/authority.ts";
import { openNodeFolder } from "./node-folder.ts";
import { openNodeIdentity } from "./node-identity.ts";
import type { NodeProof } from "./node-evidence.ts";

const trustDomain = parseTrustDomain("bank.example");
const controlId = controlPlaneId(trustDomain);

interface Fake {
  readonly url: URL;
  /** Paths that were posted to. */
  readonly posted: string[];
}

/** A control plane that certifies itself by `authority`, and offers `bundle`. */
async function fakeControl(
  t: TestContext,
  authority: TestAuthority,
  bundle: TrustBundle,
  id: string = controlId,
): Promise<Fake> {
  const posted: string[] = [];
  const server = createServer(serverTlsOptions(await authority.svid(id)), (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      void answer(request.method ?? "", request.url ?? "", body).then((value) => response.end(JSON.stringify(value)));
    });
  });
  const answer = async (method: string, path: string, body: string): Promise<unknown> => {
    if (method === "GET") return { trustDomain, bundle: bundleDocument(bundle) };
    posted.push(path);
    const { csr } = JSON.parse(body) as { readonly csr: string };
    const issued = await authority.sign(csr, agentId(trustDomain, "node-a"));
    return {
      node: "node-a",
      id: agentId(trustDomain, "node-a"),
      ...issued,
      trustDomain,
      bundle: bundleDocument(bundle),
    };
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`), posted };
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-node-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "node");
}

const tokenOf = ({ bundle }: TestAuthority): NodeProof => ({
  kind: "join-token",
  token: formatJoinToken(new Uint8Array(24), bundle.x509Authorities),
});
const open = async (url: URL, path: string, proof: NodeProof | undefined) =>
  openNodeIdentity({ url, folder: await openNodeFolder(path), proof, clocks: systemClocks });

test("the right control plane enrols the node; restarted, the agent needs no token and shows the same identity", async (t) => {
  const authority = await testAuthority("bank.example");
  const { url, posted } = await fakeControl(t, authority, authority.bundle);
  const path = await folderOf(t);
  const first = await open(url, path, tokenOf(authority));
  assert.deepEqual([first.node, posted], ["node-a", ["/v1/nodes/attest"]]);
  const shown = first.current().chain[0];
  await first[Symbol.asyncDispose]();
  await using again = await open(url, path, undefined);
  assert.deepEqual([again.node, again.current().chain[0]], ["node-a", shown]);
  await again.renew();
  assert.deepEqual(posted, ["/v1/nodes/attest", "/v1/nodes/renew"]);
  for (const file of await readdir(path)) assert.equal((await stat(join(path, file))).mode & 0o077, 0, file);
});

test("an impostor, with an authority of its own, is not told the token", async (t) => {
  const [right, wrong] = [await testAuthority("bank.example"), await testAuthority("bank.example")];
  const { url, posted } = await fakeControl(t, wrong, wrong.bundle);
  await assert.rejects(open(url, await folderOf(t), tokenOf(right)), { code: "SVID_UNTRUSTED" });
  assert.deepEqual(posted, []);
});

test("nor is one that offers the right bundle and cannot prove itself by it", async (t) => {
  const [right, wrong] = [await testAuthority("bank.example"), await testAuthority("bank.example")];
  const { url, posted } = await fakeControl(t, wrong, right.bundle);
  await assert.rejects(open(url, await folderOf(t), tokenOf(right)), { code: "UPSTREAM_UNTRUSTED" });
  assert.deepEqual(posted, []);
});

test("nor is a workload of the right trust domain", async (t) => {
  const right = await testAuthority("bank.example");
  const { url, posted } = await fakeControl(t, right, right.bundle, "spiffe://bank.example/ns/default/agent/rival");
  await assert.rejects(open(url, await folderOf(t), tokenOf(right)), { code: "UPSTREAM_UNTRUSTED" });
  assert.deepEqual(posted, []);
});

test("a mixed bundle is cut down to the root that the token names", async (t) => {
  const [right, wrong] = [await testAuthority("bank.example"), await testAuthority("bank.example")];
  const mixed = {
    ...right.bundle,
    x509Authorities: [...right.bundle.x509Authorities, ...wrong.bundle.x509Authorities],
  };
  const { url, posted } = await fakeControl(t, wrong, mixed);
  await assert.rejects(open(url, await folderOf(t), tokenOf(right)), { code: "UPSTREAM_UNTRUSTED" });
  assert.deepEqual(posted, []);
});

test("a folder that others can read, or that holds nonsense, is refused; so is starting without any proof", async (t) => {
  const authority = await testAuthority("bank.example");
  const { url } = await fakeControl(t, authority, authority.bundle);
  const path = await folderOf(t);
  await assert.rejects(open(url, path, undefined), { code: "USAGE" });
  for (const file of ["key.pem", "svid.pem", "bundle.json"]) await writeFile(join(path, file), "nonsense");
  await assert.rejects(open(url, path, tokenOf(authority)), { code: "USAGE" });
  const loose = await mkdtemp(join(tmpdir(), "cordon-node-"));
  t.after(() => rm(loose, { recursive: true, force: true }));
  const { chmod } = await import("node:fs/promises");
  await chmod(loose, 0o755);
  await assert.rejects(openNodeFolder(loose), { code: "USAGE" });
});
