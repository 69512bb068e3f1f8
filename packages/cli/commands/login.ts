/**
 * `cordon login`: signs the command line in as a person. In: which console. Out: a short credential that is bound to a key
 * made here, for `cordon run --me` and `cordon grant`.
 */
import { spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { parseArgs } from "node:util";
import { originProblem } from "@cordon/core/contract/console-address";
import { cliProofText, cliRedeemResponse } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { makeDeviceProof } from "@cordon/core/risk/device-proof";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { askConsole, signedCall, signText } from "../login/console-client.ts";
import { keyWords, openHandOff } from "../login/hand-off.ts";
import { forgetLogin, loadLogin, saveLogin } from "../login/login-file.ts";
import { z } from "zod";

const usage = `Usage: cordon login [--console URL] [OPTIONS]
       cordon login --out

Opens the console in a browser of this machine; you confirm there, with your passkey, the code that is shown here. What
comes back is a certificate, minutes to hours long, for a key that never leaves this machine: no password, no token.

  --console URL    the console's address (default: the one of the last login, or http://localhost:8440)
  --grant ID       a credential for this grant alone: it is dead when the grant is
  --ca-file FILE   PEM of the authority that the console's certificate is under, where it is not a public one
  --no-browser     print the address only; open it in a browser of this machine
  --device NAME    the enrolled device that this is; the session is known to come from it, with
  --device-key FILE  the device's private key, PEM
  --wait SECONDS   how long to wait for the browser (default 180)
  --out            sign out: the credential is dead, here and at every gateway
  --json           one JSON object: {"person", "expiresAt", "grant"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      console: { type: "string" },
      grant: { type: "string" },
      "ca-file": { type: "string" },
      "no-browser": { type: "boolean", default: false },
      wait: { type: "string", default: "180" },
      device: { type: "string" },
      "device-key": { type: "string" },
      out: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  if (values.out) return signOut(io);
  const last = await loadLogin(process.env).catch(() => undefined);
  const console = values.console ?? last?.console ?? "http://localhost:8440";
  const problem = originProblem(console);
  if (problem !== undefined) throw new CordonError("USAGE", `--console ${problem}`);
  const ca = values["ca-file"] === undefined ? last?.ca : await readFile(values["ca-file"], "utf8");
  const waitMs = secondsOf(values.wait) * 1000;

  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const jwk = { kty: "EC", crv: "P-256", x, y } as const;
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const label = `${userInfo().username}@${hostname()}`.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 100);
  await using handOff = await openHandOff({ console, publicKey: jwk, label, grant: values.grant, waitMs });
  io.stderr(`Confirm in the browser, and only if it shows the same code:  ${keyWords(jwk)}\n\n  ${handOff.url}\n\n`);
  if (!values["no-browser"]) openBrowser(handOff.url);
  const code = await handOff.code;
  const spki = sha256Hex(publicKey.export({ type: "spki", format: "der" }));
  const device = await proofOf(values.device, values["device-key"], spki, console);
  const body = { code, publicKey: jwk, signature: signText(pem, cliProofText(code)), ...device };
  const credential = await askConsole(cliRedeemResponse, { console, ca, method: "POST", path: "/v1/cli/redeem", body });
  await saveLogin(process.env, {
    version: 1,
    console,
    ...(ca === undefined ? {} : { ca }),
    privateKey: pem,
    credential,
  });
  const { person, expiresAt, grant } = credential;
  if (values.json) io.stdout(`${JSON.stringify({ person, expiresAt, grant })}\n`);
  else
    io.stdout(
      `signed in as ${person.namespace}/${person.name} until ${new Date(expiresAt).toISOString()}` +
        `${grant === undefined ? "" : `, for grant ${grant}`}\nuse it: cordon run --me -- CMD\n`,
    );
  return 0;
}

/** That this login's key lies on an enrolled device: signed by the device's own key, for this console. */
async function proofOf(
  device: string | undefined,
  keyFile: string | undefined,
  certificate: string,
  console: string,
): Promise<{ readonly device?: string }> {
  if (device === undefined && keyFile === undefined) return {};
  if (device === undefined || keyFile === undefined)
    throw new CordonError("USAGE", "--device and --device-key go together");
  const key = createPrivateKey(await readFile(keyFile, "utf8"));
  const gateway = new URL(console).origin as SpiffeId; // whom the proof is for
  return { device: makeDeviceProof({ device, certificate, gateway, issuedAt: Date.now() }, key) };
}

async function signOut(io: Io): Promise<ExitCode> {
  const login = await loadLogin(process.env);
  await askConsole(
    z.object({ ended: z.number() }),
    signedCall(login, { method: "POST", path: "/v1/sign-out", body: {} }),
  );
  await forgetLogin(process.env);
  io.stdout("signed out\n");
  return 0;
}

function secondsOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CordonError("USAGE", "--wait takes a number of seconds, 1 to 9999");
}

/** Best effort: the address is printed as well. */
function openBrowser(url: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(opener, [url], { stdio: "ignore", detached: true });
  child.once("error", () => undefined);
  child.unref();
}
