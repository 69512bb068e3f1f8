/**
 * The text form of a join token: `cordon-join.SECRET.PIN[.PIN]`, each part base64url. SECRET is 24 random bytes; each PIN
 * is the SHA-256 of one root certificate of the trust domain, by which a node knows its control plane before it speaks.
 */
import { createHash } from "node:crypto";
import { CordonError } from "../errors.ts";

export interface JoinToken {
  readonly secret: Uint8Array;
  /** Lower-case hex SHA-256 of the roots to trust. */
  readonly pins: ReadonlySet<string>;
}

const pattern = /^cordon-join\.([\w-]{32})((?:\.[\w-]{43}){1,3})$/;
const maxPins = 3;

/** @param roots DER; the newest {@link maxPins} are pinned */
export function formatJoinToken(secret: Uint8Array, roots: readonly Uint8Array[]): string {
  const pins = roots.slice(-maxPins).map((der) => createHash("sha256").update(der).digest("base64url"));
  return ["cordon-join", Buffer.from(secret).toString("base64url"), ...pins].join(".");
}

/** @throws {CordonError} `TOKEN_INVALID`; the message holds no part of the token */
export function parseJoinToken(text: string): JoinToken {
  const [, secret, pins] = pattern.exec(text) ?? [];
  if (secret === undefined || pins === undefined)
    throw new CordonError(
      "TOKEN_INVALID",
      "this is not a join token; `cordon identity join-token NODE` prints one, `cordon-join.` and two or more parts",
    );
  return {
    secret: Buffer.from(secret, "base64url"),
    pins: new Set(
      pins
        .slice(1)
        .split(".")
        .map((pin) => Buffer.from(pin, "base64url").toString("hex")),
    ),
  };
}
