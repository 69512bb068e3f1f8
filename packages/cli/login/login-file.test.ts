import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { forgetLogin, loadLogin, loginPath, saveLogin, type Login } from "./login-file.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-login-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const login = (expiresAt: number): Login => ({
  ...{ version: 1, console: "http://localhost:8440", privateKey: "not looked at here" },
  credential: {
    ...{
      keyId: "k",
      expiresAt,
      notAfter: expiresAt,
      chain: "",
      bundle: {},
      gateway: { url: "https://127.0.0.1:1", id: "x" },
    },
    person: {
      id: "spiffe://bank.example/ns/default/user/mei",
      namespace: "default",
      name: "mei",
      displayName: "mei",
      groups: [],
    },
  },
});

test("a login is the user's alone, and read back until it ends", async (t) => {
  const folder = await folderOf(t);
  const env = { XDG_STATE_HOME: folder };
  const path = await saveLogin(env, login(Date.now() + 60_000));
  assert.equal(path, join(folder, "cordon", "login.json"));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, "cordon"))).mode & 0o777, 0o700);
  assert.equal((await loadLogin(env)).credential.person.name, "mei");
  await saveLogin(env, login(Date.now() - 1));
  await assert.rejects(loadLogin(env), /You were signed in until/);
  await forgetLogin(env);
  await assert.rejects(loadLogin(env), /Nobody is signed in/);
});

test("a login that others can read is not used, nor one that somebody else wrote", async (t) => {
  const env = { CORDON_LOGIN: join(await folderOf(t), "login.json") };
  const path = await saveLogin(env, login(Date.now() + 60_000));
  await chmod(path, 0o640);
  await assert.rejects(loadLogin(env), /can be read by others/);
  await chmod(path, 0o600);
  await writeFile(path, "{}");
  await assert.rejects(loadLogin(env), /is not what `cordon login` writes/);
  assert.equal(loginPath(env), path);
});
