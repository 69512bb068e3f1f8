/**
 * A private key in a security module. In: a `pkcs11:` URI and a way to read the PIN's file. Out: the key, which never
 * leaves the module; only digests go in and signatures come out. One session, its calls one after the other; a session
 * that the token ended is opened again once.
 */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { KeyEffects, SignOptions, SignatureHash, SigningKey } from "./key-provider.ts";
import { loadPkcs11Module, type Attribute, type Handle, type Pkcs11Module } from "./pkcs11-module.ts";
import { parsePkcs11Uri, type Pkcs11Uri } from "./pkcs11-uri.ts";

const cka = {
  class: 0x00,
  label: 0x03,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  modulus: 0x120,
  exponent: 0x122,
} as const;
const ckaEcParams = 0x180;
const ckaEcPoint = 0x181;
const cko = { certificate: 1, publicKey: 2, privateKey: 3 } as const;
const mechanismRsaPkcs = 0x01;
const mechanismEcdsa = 0x1041;
const maxPinBytes = 1024;
/** The token was away for a while, or ended the session: worth one more try, with a new one. */
const sessionEnded = new Set([0x30, 0x32, 0xb3, 0x101]);

/** @throws {CordonError} `SUPPLY_INPUT_INVALID` or `KEY_SEALED`, naming what is missing */
export async function openPkcs11Key(reference: string, { readFile }: KeyEffects): Promise<SigningKey> {
  const uri = parsePkcs11Uri(reference);
  const module = await loadPkcs11Module(uri.modulePath);
  const connect = async () => {
    const slot = await slotOf(module, uri);
    const session = await module.openSession(slot);
    try {
      if (uri.pinSource !== undefined) {
        const pin = Buffer.from(
          (await readFile(uri.pinSource, maxPinBytes)).toString("latin1").replace(/\r?\n$/, ""),
          "latin1",
        );
        await module.login(session, pin);
      }
      return { session, ...(await keyIn(module, session, uri)) };
    } catch (error) {
      await module.closeSession(session).catch(() => undefined);
      throw error;
    }
  };
  let open = await connect();
  const { publicKey } = open;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  const signOnce = (message: Uint8Array, { hash, dsaEncoding = "der" }: SignOptions): Promise<Buffer> => {
    const digest = createHash(hash).update(message).digest();
    if (publicKey.asymmetricKeyType === "rsa")
      return module.sign(open.session, open.key, mechanismRsaPkcs, Buffer.concat([digestInfo[hash], digest]));
    // Longer digests than the curve's order are cut to its length (FIPS 186-5, 6.4).
    return module
      .sign(open.session, open.key, mechanismEcdsa, digest.subarray(0, coordinateBytes(publicKey)))
      .then((signature) => (dsaEncoding === "der" ? derOf(signature) : signature));
  };
  const signing = async (message: Uint8Array, options: SignOptions): Promise<Buffer> => {
    if (closed) throw new CordonError("KEY_SEALED", `${where(uri)} was closed`);
    try {
      return await signOnce(message, options);
    } catch (error) {
      if (!isCordonError(error, "KEY_SEALED") || !sessionEnded.has(error.cause as number)) throw error;
      open = await connect();
      if (!open.publicKey.equals(publicKey)) throw invalid(uri, "another key has taken its place");
      return await signOnce(message, options);
    }
  };
  return {
    publicKey,
    where: where(uri),
    sign(message, options) {
      const answer = last.then(() => signing(message, options));
      last = answer.catch(() => undefined);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      await last;
      closed = true;
      await module.closeSession(open.session).catch(() => undefined);
    },
  };
}

async function slotOf(module: Pkcs11Module, uri: Pkcs11Uri): Promise<Handle> {
  const fits: Handle[] = [];
  for (const slot of await module.slots()) {
    if (uri.slotId !== undefined && BigInt(uri.slotId) !== BigInt(slot)) continue;
    const { label, serial, manufacturer, model } = await module.tokenInfo(slot);
    const said: readonly (readonly [string | undefined, string])[] = [
      [uri.token, label],
      [uri.serial, serial],
      [uri.manufacturer, manufacturer],
      [uri.model, model],
    ];
    if (said.every(([wanted, is]) => wanted === undefined || wanted === is)) fits.push(slot);
  }
  const [only, second] = fits;
  if (only === undefined) throw invalid(uri, "no such token is there");
  if (second !== undefined) throw invalid(uri, "several tokens fit; name its `serial`");
  return only;
}

async function keyIn(module: Pkcs11Module, session: Handle, uri: Pkcs11Uri) {
  const named: Attribute[] = [];
  if (uri.object !== undefined) named.push({ type: cka.label, value: Buffer.from(uri.object) });
  if (uri.id !== undefined) named.push({ type: cka.id, value: uri.id });
  const [key, second] = await module.find(session, [classIs(cko.privateKey), ...named]);
  if (key === undefined)
    throw invalid(
      uri,
      `no such private key is there${uri.pinSource === undefined ? " (private keys show after a login: `pin-source`)" : ""}`,
    );
  if (second !== undefined) throw invalid(uri, "several keys fit; name its `id`");
  const id = await module.attribute(session, key, cka.id);
  const same: Attribute[] = id === undefined || id.length === 0 ? named : [{ type: cka.id, value: id }];
  return { key, publicKey: await publicKeyIn(module, session, key, same, uri) };
}

/** The public half: of a public key object or a certificate beside the key, or of the private RSA key itself. */
async function publicKeyIn(
  module: Pkcs11Module,
  session: Handle,
  key: Handle,
  same: readonly Attribute[],
  uri: Pkcs11Uri,
): Promise<KeyObject> {
  const [publicObject] = await module.find(session, [classIs(cko.publicKey), ...same]);
  const [certificate] = await module.find(session, [classIs(cko.certificate), ...same]);
  try {
    if (certificate !== undefined) {
      const der = await module.attribute(session, certificate, cka.value);
      if (der !== undefined) return signable(new X509Certificate(der).publicKey, uri);
    }
    for (const object of [publicObject, key]) {
      if (object === undefined) continue;
      const point = await module.attribute(session, object, ckaEcPoint);
      const curve = await module.attribute(session, object, ckaEcParams);
      if (point !== undefined && curve !== undefined) return signable(ecKey(curve, point), uri);
      const modulus = await module.attribute(session, object, cka.modulus);
      const exponent = await module.attribute(session, object, cka.exponent);
      if (modulus !== undefined && exponent !== undefined)
        return createPublicKey({
          key: { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") },
          format: "jwk",
        });
    }
  } catch (cause) {
    if (isCordonError(cause)) throw cause;
    throw invalid(uri, `its public key cannot be read: ${(cause as Error).message}`);
  }
  throw invalid(uri, "its public key is not there; put the public key or the certificate beside it, with the same id");
}

function signable(key: KeyObject, uri: Pkcs11Uri): KeyObject {
  if (key.asymmetricKeyType === "rsa" || (key.asymmetricKeyType === "ec" && coordinateBytes(key) > 0)) return key;
  throw invalid(uri, "its key is none of P-256, P-384, P-521 and RSA");
}

const curves: readonly { readonly oid: string; readonly crv: string; readonly bytes: number; readonly name: string }[] =
  [
    { oid: "06082a8648ce3d030107", crv: "P-256", bytes: 32, name: "prime256v1" },
    { oid: "06052b81040022", crv: "P-384", bytes: 48, name: "secp384r1" },
    { oid: "06052b81040023", crv: "P-521", bytes: 66, name: "secp521r1" },
  ];

/** CKA_EC_POINT is the point inside an OCTET STRING; some modules leave the wrapping out. */
function ecKey(parameters: Buffer, wrapped: Buffer): KeyObject {
  const curve = curves.find(({ oid }) => oid === parameters.toString("hex"));
  if (curve === undefined) throw new Error("it is on another curve than P-256, P-384 and P-521");
  const point = wrapped.subarray(-(1 + 2 * curve.bytes));
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 4) throw new Error("its point is not uncompressed");
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
  const key = { kty: "EC", crv: curve.crv, x: x.toString("base64url"), y: y.toString("base64url") };
  return createPublicKey({ key, format: "jwk" });
}

function coordinateBytes(key: KeyObject): number {
  return curves.find(({ name }) => name === key.asymmetricKeyDetails?.namedCurve)?.bytes ?? 0;
}

/** r and s, side by side, as X.509 writes them: SEQUENCE of two INTEGERs. */
function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const integers = [signature.subarray(0, half), signature.subarray(half)].map((part) => {
    let at = 0;
    while (at < part.length - 1 && part[at] === 0) at++;
    const digits = part.subarray(at);
    const value = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
    return Buffer.concat([Buffer.of(2, value.length), value]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([body.length < 0x80 ? Buffer.of(0x30, body.length) : Buffer.of(0x30, 0x81, body.length), body]);
}

/** DigestInfo up to the digest (RFC 8017, 9.2, notes). */
const digestInfo: Readonly<Record<SignatureHash, Buffer>> = {
  sha256: Buffer.from("3031300d060960864801650304020105000420", "hex"),
  sha384: Buffer.from("3041300d060960864801650304020205000430", "hex"),
  sha512: Buffer.from("3051300d060960864801650304020305000440", "hex"),
};

function classIs(value: number): Attribute {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return { type: cka.class, value: bytes };
}

function where({ token, serial, object, id }: Pkcs11Uri): string {
  return `the key ${object ?? `id ${id?.toString("hex") ?? ""}`} on the token ${token ?? serial ?? "in its slot"}`;
}

function invalid(uri: Pkcs11Uri, why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${where(uri)} (${uri.modulePath}): ${why}`);
}
