/**
 * A security module for tests: SoftHSM with keys put on its token by `softhsm2-util`, which is somebody else's reading of
 * PKCS#11. In: key pairs by name. Out: their URIs, and the folder that holds it all.
 */
import { execFileSync } from "node:child_process";
import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const modulePath = "/usr/lib/softhsm/libsofthsm2.so";

/** Why there is none, for a test's `skip`. */
export const noSoftHsm: string | false = existsSync(modulePath) ? false : "SoftHSM is not installed (Debian: softhsm2)";

export interface SoftHsm extends AsyncDisposable {
  readonly folder: string;
  /** The URI of a key, by name; other tokens and PIN files for what must fail. */
  readonly uri: (object: string, more?: { readonly pin?: string; readonly token?: string }) => string;
}

/** Only one a process: the module reads its configuration when it is loaded. */
export async function openSoftHsm(keys: Readonly<Record<string, KeyObject>>): Promise<SoftHsm> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-hsm-"));
  await mkdir(join(folder, "tokens"));
  await writeFile(
    join(folder, "softhsm2.conf"),
    `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env["SOFTHSM2_CONF"] = join(folder, "softhsm2.conf");
  const util = (...args: string[]): void => void execFileSync("softhsm2-util", args, { stdio: "pipe" });
  util("--init-token", "--free", "--label", "cordon", "--pin", "1234", "--so-pin", "5678");
  for (const [at, [name, key]] of Object.entries(keys).entries()) {
    const file = join(folder, `${name}.pem`);
    await writeFile(file, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    util("--import", file, "--token", "cordon", "--label", name, "--id", `0${at + 1}`, "--pin", "1234");
  }
  await writeFile(join(folder, "pin"), "1234\n", { mode: 0o600 });
  await writeFile(join(folder, "wrong-pin"), "4321\n", { mode: 0o600 });
  return {
    folder,
    uri: (object, { pin = "pin", token = "cordon" } = {}) =>
      `pkcs11:token=${token};object=${object}?module-path=${modulePath}&pin-source=${join(folder, pin)}`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
