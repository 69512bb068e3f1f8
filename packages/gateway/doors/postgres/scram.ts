/**
 * SCRAM-SHA-256, the client's side. In: a password, a nonce, the server's messages, the channel's binding where there is
 * one. Out: our messages; the server has proved that it knows the password's verifier before a login counts.
 *
 * @see RFC 5802, RFC 7677; RFC 5929 for `tls-server-end-point`
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { CordonError } from "@cordon/core/errors";

export interface ScramStart {
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS";
  /** client-first-message. */
  readonly first: string;
  readonly header: string;
  readonly bare: string;
  readonly nonce: string;
  readonly binding: Buffer;
}

/** RFC 7677 section 4 asks for at least 4096; a server that asks for millions would hold the gateway's threads. */
const [leastIterations, mostIterations] = [4_096, 1_000_000];

/**
 * @param binding the hash of the server's certificate, where the connection is TLS and it could be made
 * @param nonce at least 18 random bytes in base64
 * @throws {CordonError} `UPSTREAM_UNTRUSTED` where no mechanism is one of ours
 */
export function startScram(
  offered: readonly string[],
  { tls, binding, nonce }: { readonly tls: boolean; readonly binding: Buffer | undefined; readonly nonce: string },
): ScramStart {
  const plus = binding !== undefined && offered.includes("SCRAM-SHA-256-PLUS");
  if (!plus && !offered.includes("SCRAM-SHA-256"))
    throw untrusted(`it offers ${offered.join(", ").slice(0, 200) || "nothing"}, and SCRAM-SHA-256 is spoken`);
  // `y`: we could have bound the channel, and the server did not offer it. A server that did offer it knows that then
  // somebody between us took the offer away (RFC 5802 section 6).
  const header = plus ? "p=tls-server-end-point,," : tls && binding !== undefined ? "y,," : "n,,";
  const bare = `n=,r=${nonce}`; // PostgreSQL takes the user from the start-up packet
  const mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
  return { mechanism, first: header + bare, header, bare, nonce, binding: plus ? binding : Buffer.alloc(0) };
}

export interface ScramProof {
  /** client-final-message. */
  readonly final: string;
  /** What the server must answer. */
  readonly signature: Buffer;
}

/** @throws {CordonError} `UPSTREAM_UNTRUSTED` */
export async function proveScram(start: ScramStart, password: string, serverFirst: string): Promise<ScramProof> {
  const [, nonce, salt, count] =
    /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,8})$/.exec(serverFirst) ?? [];
  const iterations = Number(count);
  if (nonce === undefined || salt === undefined) throw untrusted("its first SCRAM message is not one");
  if (!nonce.startsWith(start.nonce) || nonce.length === start.nonce.length)
    throw untrusted("its SCRAM nonce does not go on from ours");
  if (iterations < leastIterations || iterations > mostIterations)
    throw untrusted(`it asks for ${iterations} iterations; ${leastIterations} to ${mostIterations} are done`);
  const salted = await saltedPassword(password, Buffer.from(salt, "base64"), iterations);
  const clientKey = hmac(salted, "Client Key");
  const bound = Buffer.concat([Buffer.from(start.header), start.binding]).toString("base64");
  const withoutProof = `c=${bound},r=${nonce}`;
  const authMessage = `${start.bare},${serverFirst},${withoutProof}`;
  const clientSignature = hmac(sha256(clientKey), authMessage);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0)));
  return {
    final: `${withoutProof},p=${proof.toString("base64")}`,
    signature: hmac(hmac(salted, "Server Key"), authMessage),
  };
}

/** @throws {CordonError} `UPSTREAM_UNTRUSTED` where the server does not know the password's verifier */
export function checkServerFinal(serverFinal: string, { signature }: ScramProof): void {
  const [, said] = /^v=([A-Za-z0-9+/]+={0,2})$/.exec(serverFinal) ?? [];
  const given = Buffer.from(said ?? "", "base64");
  if (given.length !== signature.length || !timingSafeEqual(given, signature))
    throw untrusted("it does not know the role's password, and only passes for the server");
}

/** What PostgreSQL keeps of a password: given to it in a statement, it tells a reader of its log nothing. */
export async function scramVerifier(password: string, salt: Buffer, iterations = leastIterations): Promise<string> {
  const salted = await saltedPassword(password, salt, iterations);
  const [stored, server] = [sha256(hmac(salted, "Client Key")), hmac(salted, "Server Key")];
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored.toString("base64")}:${server.toString("base64")}`;
}

/**
 * The hash of a certificate that binds the channel: by its signature's hash, or SHA-256 for MD5 and SHA-1 (RFC 5929,
 * section 4.1). `undefined` where that is not defined, as for Ed25519.
 */
export function endPointBinding(der: Buffer, signatureAlgorithm: string | undefined): Buffer | undefined {
  const [, digits] = /sha-?(1|224|256|384|512)(?!\d)/i.exec(signatureAlgorithm ?? "") ?? [];
  if (digits !== undefined && digits !== "1") return createHash(`sha${digits}`).update(der).digest();
  return digits === "1" || /md5/i.test(signatureAlgorithm ?? "") ? sha256(der) : undefined;
}

function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    pbkdf2(prepared(password), salt, iterations, 32, "sha256", (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  );
}

/** SASLprep (RFC 4013) as far as it changes anything: spaces to one space, invisible ones away, then NFKC. */
function prepared(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  // RFC 3454, table B.1, but for variation selectors, which no password has.
  const mapped = password.replaceAll(/\u00ad|\u1806|\u200b|\u200c|\u200d|\u2060|\ufeff/gu, "");
  return mapped.replaceAll(/\p{Zs}/gu, " ").normalize("NFKC");
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function untrusted(why: string): CordonError {
  return new CordonError("UPSTREAM_UNTRUSTED", `the database server cannot be logged in to: ${why}`);
}
