/**
 * What `cordon login` leaves on this machine: a private key of its own and the short credential that is bound to it. In: the
 * environment. Out: the credential while it stands. The file is the user's alone (0600, in a folder of 0700): whoever can
 * read it can act as the user until the credential ends, which is why it ends soon.
 */
import { createPrivateKey } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { Issued } from "@cordon/agent/run/identity";
import { cliRedeemResponse } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { parseCertificate } from "@cordon/core/identity/certificate";
import { parseSpiffeId, trustDomainOf } from "@cordon/core/identity/spiffe-id";

type Env = Readonly<Record<string, string | undefined>>;

const loginFile = z.object({
  version: z.literal(1),
  /** The console's origin. */
  console: z.string(),
  /** PEM of an authority that the console's certificate is under, where it is not a public one. */
  ca: z.string().optional(),
  privateKey: z.string(),
  credential: cliRedeemResponse,
});
export type Login = z.infer<typeof loginFile>;

/** `CORDON_LOGIN`, else `login.json` in the user's state folder. */
export function loginPath(env: Env): string {
  const named = env["CORDON_LOGIN"];
  if (named !== undefined && named !== "") return resolve(named);
  const stateHome = env["XDG_STATE_HOME"];
  const folder = stateHome?.startsWith("/") === true ? stateHome : join(homedir(), ".local", "state");
  return join(folder, "cordon", "login.json");
}

export async function saveLogin(env: Env, login: Login): Promise<string> {
  const path = loginPath(env);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(login)}\n`, { mode: 0o600, flag: "wx" });
  await rename(temporary, path);
  return path;
}

/** @throws {CordonError} `IDENTITY_REQUIRED` when nobody is signed in, or the file is not the user's alone */
export async function loadLogin(env: Env): Promise<Login> {
  const path = loginPath(env);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw signIn("Nobody is signed in on this machine");
  if (((await stat(path)).mode & 0o077) !== 0)
    throw signIn(`${path} can be read by others (chmod 600 it, or better: it is not secret any more)`);
  const parsed = loginFile.safeParse(parseJson(text));
  if (!parsed.success) throw signIn(`${path} is not what \`cordon login\` writes`);
  if (parsed.data.credential.expiresAt <= Date.now())
    throw signIn(`You were signed in until ${new Date(parsed.data.credential.expiresAt).toISOString()}`);
  return parsed.data;
}

export async function forgetLogin(env: Env): Promise<void> {
  await rm(loginPath(env), { force: true });
}

/** The credential as an identity of a run. @throws {CordonError} as {@link loadLogin} */
export async function issuedOf(env: Env): Promise<Issued> {
  const { privateKey, credential } = await loadLogin(env);
  const chain = [...credential.chain.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/g)].map(
    ([, body = ""]) => new Uint8Array(Buffer.from(body, "base64")),
  );
  const [leaf] = chain;
  if (leaf === undefined) throw signIn("the stored credential holds no certificate");
  const { notBefore } = parseCertificate(leaf);
  const id = parseSpiffeId(credential.person.id);
  const bundle = parseBundle(trustDomainOf(id), Buffer.from(JSON.stringify(credential.bundle)));
  return { svid: { id, chain, key: createPrivateKey(privateKey), notBefore, notAfter: credential.expiresAt }, bundle };
}

function signIn(why: string): CordonError {
  return new CordonError("IDENTITY_REQUIRED", `${why}. Sign in: \`cordon login --console URL\``);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
