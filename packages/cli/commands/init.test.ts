import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseConfiguration } from "@cordon/core/contract/configuration";
import { isCordonError } from "@cordon/core/errors";
import { knownServers, type ServerKind } from "../init/find-servers.ts";
import { run as check } from "./config/check.ts";
import { run } from "./init.ts";

const [ollama, vllm] = knownServers as [ServerKind, ServerKind];
const key = ["sk", "proj", "abcdefghijklmnopqrstuvwxyz"].join("-");

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "cordon-init-"));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** A real server on a port of its own, in place of one of the known ones. */
async function serving(t: TestContext, kind: ServerKind, listener: RequestListener): Promise<ServerKind> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { ...kind, port: (server.address() as AddressInfo).port };
}

const answering =
  (answers: Record<string, unknown>): RequestListener =>
  (request, response) => {
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  };

async function init(
  file: string,
  servers: readonly ServerKind[],
  options: { env?: Record<string, string>; args?: string[] } = {},
) {
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
  const code = await run([...(options.args ?? []), file], io, { env: options.env ?? {}, servers });
  return { code, out };
}

async function accepted(file: string): Promise<string> {
  let err = "";
  const io = { stdout: () => undefined, stderr: (text: string) => void (err += text) };
  assert.equal(await check([file], io), 0, err);
  return await readFile(file, "utf8");
}

test("lists what Ollama and vLLM serve, by name, in a file that `config check` accepts", async (t) => {
  const file = join(await folder(t), "cordon.yaml");
  const servers = [
    await serving(
      t,
      ollama,
      answering({ "/v1/models": { object: "list", data: [{ id: "gemma3:latest" }, { id: "shared" }] } }),
    ),
    await serving(
      t,
      vllm,
      answering({ "/v1/models": { object: "list", data: [{ id: "meta/Llama-3.1-8B" }, { id: "shared" }] } }),
    ),
  ];
  const { code, out } = await init(file, servers);
  assert.equal(code, 0);
  for (const words of ["gemma3:latest", "meta/Llama-3.1-8B", "cordon -- up", "doctor"])
    assert.ok(out.includes(words), words);
  const configuration = parseConfiguration(await accepted(file), "cordon.yaml");
  const [route] = configuration.routes;
  assert.ok(route?.kind === "openai");
  assert.deepEqual(Object.keys(route.models).toSorted(), [
    "gemma3",
    "gemma3:latest",
    "meta/Llama-3.1-8B",
    "shared",
    "vllm/shared",
  ]);
  assert.equal(route.models["vllm/shared"]?.upstreamModel, "shared", "of two with one name, each keeps its own server");
  assert.equal(configuration.mode, "enforce");
});

test("asks an Ollama that lists no OpenAI models by its own list", async (t) => {
  const file = join(await folder(t), "cordon.yaml");
  const listed = { models: [{ name: "llama3.2:1b", model: "llama3.2:1b" }] };
  await init(file, [await serving(t, ollama, answering({ "/api/tags": listed }))]);
  assert.match(await accepted(file), /"llama3\.2:1b": \{ component: ollama, upstream: ollama \}/);
});

test("refers to keys in the environment and never writes or prints one", async (t) => {
  const file = join(await folder(t), "cordon.yaml");
  const { out } = await init(file, [], { env: { OPENAI_API_KEY: key, ANTHROPIC_API_KEY: key } });
  const text = await accepted(file);
  assert.doesNotMatch(text + out, /abcdefghijkl/);
  const { upstreams, routes } = parseConfiguration(text, "cordon.yaml");
  assert.deepEqual(
    upstreams.map(({ credential, external }) => [credential?.secret, external]),
    [
      [{ env: "OPENAI_API_KEY" }, true],
      [{ env: "ANTHROPIC_API_KEY" }, true],
    ],
  );
  assert.deepEqual(routes.map(({ path }) => path).toSorted(), ["/anthropic", "/v1"]);
  assert.match(out, /OPENAI_API_KEY is set/);
});

test("writes a template where nothing was found, and says so", async (t) => {
  const file = join(await folder(t), "cordon.yaml");
  const { code, out } = await init(file, [{ ...ollama, port: 1 }], { env: { OPENAI_API_KEY: "" } });
  assert.equal(code, 0);
  assert.match(out, /Found nothing to protect/);
  assert.match(out, /template/);
  assert.equal(parseConfiguration(await accepted(file), "cordon.yaml").upstreams.length, 0);
});

test("--observe writes observe mode, and says that nothing is refused yet", async (t) => {
  const file = join(await folder(t), "cordon.yaml");
  const { out } = await init(file, [], { args: ["--observe"] });
  assert.equal(parseConfiguration(await accepted(file), "cordon.yaml").mode, "observe");
  assert.match(out, /nothing that policy denies is refused/);
});

test("overwrites neither file without --force", async (t) => {
  const place = await folder(t);
  const file = join(place, "cordon.yaml");
  await writeFile(file, "mine");
  const refused = (error: unknown) => isCordonError(error, "USAGE") && error.message.includes("--force");
  await assert.rejects(init(file, []), refused);
  assert.equal(await readFile(file, "utf8"), "mine");
  await init(file, [], { args: ["--force"] });
  await accepted(file);
  await rm(file);
  await assert.rejects(init(file, []), refused, "the policies beside it are there too");
});

test("says where it cannot write", async (t) => {
  const place = await folder(t);
  await writeFile(join(place, "policies"), "a file where the folder goes");
  await assert.rejects(init(join(place, "cordon.yaml"), []), (error) => isCordonError(error, "USAGE"));
});

test("a server that hangs, floods, lies or asks for a key does no harm", async (t) => {
  const hostile: [RegExp, RequestListener][] = [
    [/Found nothing/, () => undefined],
    [/Found nothing/, (_request, response) => response.end("<html>not a model server</html>")],
    [/Found nothing/, (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    [/Found nothing/, (_request, response) => response.end(`{"data":[${'{"id":"x"},'.repeat(200_000)}{"id":"x"}]}`)],
    [/wants a key/, (_request, response) => response.writeHead(401).end()],
    [
      /good; 4 left out/,
      answering({
        "/v1/models": {
          data: ["\u001b[2J", 'a": { component: gateway }, "b', "line\nbreak", key, "good"].map((id) => ({ id })),
        },
      }),
    ],
    [/no models yet/, answering({ "/v1/models": { data: null } })],
    [
      /and 95 more; 900 left out/,
      answering({ "/v1/models": { data: Array.from({ length: 1000 }, (_, at) => ({ id: `m${at}` })) } }),
    ],
  ];
  for (const [words, listener] of hostile) {
    const file = join(await folder(t), "cordon.yaml");
    const { code, out } = await init(file, [await serving(t, vllm, listener)]);
    assert.equal(code, 0);
    assert.match(out, words);
    // oxlint-disable-next-line no-control-regex -- finding them is the point
    assert.doesNotMatch(out + (await accepted(file)), /\u001b|component: gateway/);
  }
});
