import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { controlSocket } from "../../control-socket.ts";
import { run as runCommand } from "../run.ts";
import { run as issue } from "./issue.ts";
import { run as list } from "./list.ts";
import { run as revoke } from "./revoke.ts";

type Run = (args: readonly string[], io: { stdout(text: string): void; stderr(text: string): void }) => Promise<number>;

async function call(run: Run, ...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  let out = "";
  const code = await run(args, { stdout: (text) => (out += text), stderr: () => undefined });
  return { code, out };
}

/** A control plane that answers each path with a fixed value, and remembers the bodies it was sent. */
async function controlPlane(t: TestContext, answers: Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-cli-"));
  const bodies: unknown[] = [];
  const server: Server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      if (body !== "") bodies.push(JSON.parse(body));
      const answer = answers[request.url ?? ""];
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { error: { code: "COMPONENT_UNKNOWN", message: "no such component" } }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(join(folder, "control.sock"), resolve));
  t.after(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { folder, bodies };
}

const usageError = (error: unknown) => isCordonError(error, "USAGE");

test("lists components with what is revoked, for people and for programs", async (t) => {
  const component = {
    id: "spiffe://bank.example/ns/default/agent/assistant",
    namespace: "default",
    kind: "agent",
    name: "assistant",
    boundary: "api",
    labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
    description: "",
    bearerTokens: false,
    revoked: true,
  };
  const revocation = { type: "workload", subject: component.id, reason: "key in a paste", at: 0 };
  const { folder } = await controlPlane(t, {
    "/v1/components": { components: [component] },
    "/v1/revocations": { revocations: [revocation] },
  });
  const { out } = await call(list, "--state", folder);
  assert.match(out, /agent\/assistant\s+api\s+internal\s+REVOKED/);
  assert.match(out, /1970-01-01T00:00:00.000Z {2}workload .*: key in a paste/);
  const json = JSON.parse((await call(list, "--state", folder, "--json")).out) as unknown;
  assert.deepEqual(json, { components: [component], revocations: [revocation] });
});

test("issues into a folder, keeps the key to its owner, and overwrites nothing", async (t) => {
  const answer = { id: "spiffe://bank.example/x", chain: "CHAIN", bundle: { keys: [] }, notAfter: 0 };
  const { folder, bodies } = await controlPlane(t, { "/v1/svids/x509": answer });
  const out = join(folder, "svid");
  assert.equal((await call(issue, "assistant", "--out", out, "--state", folder)).code, 0);
  assert.equal((await stat(join(out, "key.pem"))).mode & 0o777, 0o600);
  assert.equal(await readFile(join(out, "svid.pem"), "utf8"), "CHAIN");
  // The key stays here: what crossed the socket is a request for its public half.
  assert.match(JSON.stringify(bodies), /CERTIFICATE REQUEST/);
  assert.doesNotMatch(JSON.stringify(bodies), /PRIVATE KEY/);
  await assert.rejects(call(issue, "assistant", "--out", out, "--state", folder), usageError);
});

test("revokes what is named, with its reason", async (t) => {
  const sha256 = "ab".repeat(32);
  const revocation = { type: "key", subject: sha256, reason: "lost", at: 0 };
  const { folder, bodies } = await controlPlane(t, { "/v1/revocations": { revision: 9, revocation } });
  const colons = sha256.toUpperCase().replace(/(..)(?=.)/g, "$1:");
  const { out } = await call(revoke, "--key", colons, "--reason", "lost", "--state", folder);
  assert.deepEqual(bodies, [{ type: "key", sha256, reason: "lost" }]);
  assert.match(out, /revision 9/);
});

for (const [name, run, args] of [
  ["revoke without a reason", revoke, ["assistant"]],
  ["revoke nothing", revoke, ["--reason", "x"]],
  ["revoke two things", revoke, ["assistant", "--key", "ab", "--reason", "x"]],
  ["issue to nobody", issue, ["--out", "x"]],
  ["issue to nowhere", issue, ["assistant"]],
  ["an unknown option", list, ["--verbose"]],
  ["run nothing", runCommand, ["--as", "assistant"]],
  ["run a command before the dashes", runCommand, ["node", "--", "x"]],
  ["run on a listener that is no unix socket", runCommand, ["--listen", "tcp:1", "--", "x"]],
] as const)
  test(`refuses to ${name}`, async () => {
    await assert.rejects(call(run, ...args), usageError);
  });

test("a component that is not registered is said to be so", async (t) => {
  const { folder } = await controlPlane(t, {});
  await assert.rejects(call(issue, "nobody", "--jwt", "x", "--state", folder), (error) =>
    isCordonError(error, "COMPONENT_UNKNOWN"),
  );
});

test("the control plane is found by option before environment", () => {
  const env = { CORDON_STATE: "/by/env", CORDON_SOCKET_PATH: "/by/env.sock" };
  assert.equal(controlSocket({ socket: "/a.sock", state: "/b" }, env), "/a.sock");
  assert.equal(controlSocket({ state: "/b" }, env), "/b/control.sock");
  assert.equal(controlSocket({}, env), "/by/env.sock");
  assert.equal(controlSocket({}, { CORDON_STATE: "/by/env" }), "/by/env/control.sock");
});
