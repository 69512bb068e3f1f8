/**
 * An authenticator in software, and the browser around it, that says whatever a test wants: another origin, no user
 * verification, a frame, a counter that goes back, an attestation of its own. In: options as the server sends them. Out: answers
 * as a browser would send them. Source: WebAuthn Level 3, sections 6.1 and 6.5.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

export interface Ceremony {
  /** As the browser would write it. */
  readonly origin: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  /** Default: one more than the last. */
  readonly counter?: number;
  readonly challenge?: string;
  readonly type?: string;
  /** Makes the attestation statement over `authData || hash`, with its format. */
  readonly attest?: (signed: Buffer, authData: Buffer) => { readonly fmt: string; readonly attStmt: Cbor };
}

export interface SoftAuthenticator {
  readonly credentialId: string;
  readonly privateKey: KeyObject;
  counter: number;
  readonly aaguid: string;
  create(options: Record<string, unknown>, ceremony: Ceremony): Record<string, unknown>;
  get(options: Record<string, unknown>, ceremony: Ceremony): Record<string, unknown>;
}

export type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

export function softAuthenticator({
  aaguid = Buffer.alloc(16),
  synced = false,
}: { readonly aaguid?: Buffer; readonly synced?: boolean } = {}): SoftAuthenticator {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = randomBytes(32);
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const cose: Cbor = new Map<number, Cbor>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, "base64url")],
    [-3, Buffer.from(y, "base64url")],
  ]);
  const dataOf = (
    options: Record<string, unknown>,
    { rpId, userVerified = true, counter }: Ceremony,
    attested?: Buffer,
  ): Buffer => {
    const given = (options["rpId"] ?? (options["rp"] as { id?: string } | undefined)?.id) as string;
    self.counter = counter ?? self.counter + 1;
    const flags = 0x01 | (userVerified ? 0x04 : 0) | (synced ? 0x18 : 0) | (attested === undefined ? 0 : 0x40);
    const fixed = Buffer.alloc(5);
    fixed.writeUInt8(flags, 0);
    fixed.writeUInt32BE(self.counter, 1);
    return Buffer.concat([sha256(rpId ?? given), fixed, attested ?? Buffer.alloc(0)]);
  };
  const clientData = (type: string, options: Record<string, unknown>, ceremony: Ceremony): Buffer => {
    const { origin, crossOrigin = false, topOrigin, challenge = options["challenge"] } = ceremony;
    return Buffer.from(
      JSON.stringify({ type: ceremony.type ?? type, challenge, origin, crossOrigin, ...(topOrigin && { topOrigin }) }),
    );
  };
  const answer = (response: Record<string, unknown>): Record<string, unknown> => ({
    ...{
      id: id.toString("base64url"),
      rawId: id.toString("base64url"),
      type: "public-key",
      response,
      clientExtensionResults: {},
    },
  });
  const self: SoftAuthenticator = {
    ...{ credentialId: id.toString("base64url"), privateKey, counter: 0, aaguid: uuid(aaguid) },
    create(options, ceremony) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const authData = dataOf(options, ceremony, Buffer.concat([aaguid, length, id, cbor(cose)]));
      const data = clientData("webauthn.create", options, ceremony);
      const made = ceremony.attest?.(Buffer.concat([authData, sha256(data)]), authData) ?? {
        fmt: "none",
        attStmt: new Map(),
      };
      const attestationObject = cbor(
        new Map<string, Cbor>([
          ["fmt", made.fmt],
          ["attStmt", made.attStmt],
          ["authData", authData],
        ]),
      );
      return answer({
        clientDataJSON: data.toString("base64url"),
        attestationObject: attestationObject.toString("base64url"),
        transports: ["internal"],
      });
    },
    get(options, ceremony) {
      const authenticatorData = dataOf(options, ceremony);
      const data = clientData("webauthn.get", options, ceremony);
      const signature = sign("sha256", Buffer.concat([authenticatorData, sha256(data)]), privateKey);
      return answer({
        clientDataJSON: data.toString("base64url"),
        authenticatorData: authenticatorData.toString("base64url"),
        signature: signature.toString("base64url"),
      });
    },
  };
  return self;
}

/** A packed statement by the credential's own key: it proves the key, and no maker. */
export function selfAttestation(authenticator: () => SoftAuthenticator): NonNullable<Ceremony["attest"]> {
  return (signed) => ({
    fmt: "packed",
    attStmt: new Map<string, Cbor>([
      ["alg", -7],
      ["sig", sign("sha256", signed, authenticator().privateKey)],
    ]),
  });
}

/** A packed statement by a maker's batch key, with its certificate. */
export function makersAttestation(key: KeyObject, chain: readonly Buffer[]): NonNullable<Ceremony["attest"]> {
  return (signed) => ({
    fmt: "packed",
    attStmt: new Map<string, Cbor>([
      ["alg", -7],
      ["sig", sign("sha256", signed, key)],
      ["x5c", chain],
    ]),
  });
}

/** CBOR, as much of it as authenticators write (RFC 8949, section 3). */
export function cbor(value: Cbor): Buffer {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map)
    return Buffer.concat([
      head(5, value.size),
      ...[...value].flatMap(([name, each]) => [cbor(name as Cbor), cbor(each as Cbor)]),
    ]);
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map(cbor)]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 255]);
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function uuid(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
