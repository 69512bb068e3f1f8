/**
 * Whom a run's command trusts beside what its machine trusts: the authority that certifies hosts which egress looks into.
 * In: its certificates, and the environment. Out: a file of both, and the variables by which programs find it.
 *
 * Most programs trust what the file says and nothing else, so the machine's own authorities are in it too.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

/** OpenSSL and what is built on it; curl; Python's requests; git; AWS's clients; Node, which adds it to its own. */
export const trustVariables = [
  ...["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"],
  "NODE_EXTRA_CA_CERTS",
] as const;

/** Where systems keep what they trust. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

export interface TrustFile extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
}

export async function openTrustFile(
  interception: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TrustFile> {
  const named = [...new Set(trustVariables.map((name) => env[name]).filter((file) => file !== undefined))];
  const own = await Promise.all(named.map(readOrNothing));
  const system = (await Promise.all(systemFiles.map(readOrNothing))).find((text) => text !== "");
  const folder = await mkdtemp(join(tmpdir(), "cordon-trust-"));
  const file = join(folder, "ca.pem");
  await writeFile(file, [system ?? rootCertificates.join("\n"), ...own, interception].join("\n"), { mode: 0o644 });
  await chmod(folder, 0o755); // the command may be another user's: it reads what only we may change
  return {
    env: Object.fromEntries(trustVariables.map((name) => [name, file])),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function readOrNothing(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
