/**
 * What a PostgreSQL client may say first. In: the bytes that have arrived. Out: one opening packet, strictly read, or a
 * refusal. Nothing may come behind it: each of these packets waits for an answer, so bytes behind one were smuggled in
 * (CVE-2021-23214), or are meant for someone else.
 *
 * @see PostgreSQL documentation, "Frontend/Backend Protocol", Start-up, Canceling, SSL and GSSAPI session encryption
 */
import { CordonError } from "@cordon/core/errors";

export type Opening =
  | { readonly kind: "ssl" }
  | { readonly kind: "gss" }
  | { readonly kind: "cancel"; readonly processId: number; readonly key: Buffer }
  | {
      readonly kind: "startup";
      /** The minor version that is spoken: 0 or 2. */
      readonly minor: number;
      /** Asked for more than is spoken: the client must be told so. */
      readonly negotiate: boolean;
      /** Names of protocol extensions (`_pq_.`) that are not spoken. */
      readonly extensions: readonly string[];
      readonly parameters: ReadonlyMap<string, string>;
    };

/** As PostgreSQL's own MAX_STARTUP_PACKET_LENGTH. */
export const maxOpeningBytes = 10_000;
const [sslCode, gssCode, cancelCode] = [80877103, 80877104, 80877102];
/** Longest cancel key, protocol 3.2. */
const maxKeyBytes = 256;

/**
 * @returns `undefined` while it is not whole
 * @throws {CordonError} `REQUEST_MALFORMED`
 */
export function takeOpening(arrived: Buffer): Opening | undefined {
  if (arrived.length < 4) return undefined;
  const length = arrived.readUInt32BE(0);
  if (length < 8 || length > maxOpeningBytes) throw malformed("its length is not one that a start-up packet has");
  if (arrived.length < length) return undefined;
  if (arrived.length > length) throw malformed("bytes follow it before it was answered");
  const code = arrived.readUInt32BE(4);
  if (code === sslCode || code === gssCode) {
    if (length !== 8) throw malformed("a request for encryption holds nothing else");
    return { kind: code === sslCode ? "ssl" : "gss" };
  }
  if (code === cancelCode) {
    if (length < 16 || length > 12 + maxKeyBytes) throw malformed("its cancel key has no length that there is");
    return { kind: "cancel", processId: arrived.readUInt32BE(8), key: Buffer.from(arrived.subarray(12, length)) };
  }
  return readStartup(arrived.subarray(8, length), code >>> 16, code & 0xffff);
}

function readStartup(body: Buffer, major: number, asked: number): Opening {
  if (major !== 3) throw malformed(`protocol ${major}.${asked} is not spoken here; 3.0 and 3.2 are`);
  const parameters = new Map<string, string>();
  const extensions: string[] = [];
  let at = 0;
  const word = (): string => {
    const end = body.indexOf(0, at);
    if (end < 0) throw malformed("a parameter has no end");
    const bytes = body.subarray(at, end);
    at = end + 1;
    return utf8(bytes);
  };
  for (;;) {
    const name = word();
    if (name === "") break;
    const value = word();
    if (name.startsWith("_pq_.")) {
      if (extensions.length >= 32) throw malformed("it asks for more extensions than there are");
      extensions.push(name);
    } else {
      const key = name.toLowerCase();
      // PostgreSQL takes the last of two, a filter perhaps the first.
      if (parameters.has(key)) throw malformed(`the parameter \`${clip(name)}\` is given twice`);
      parameters.set(key, value);
    }
  }
  if (at !== body.length) throw malformed("bytes follow its last parameter");
  // 3.1 was never released; what asks for it, or for a later one, is told the newest that is spoken.
  const minor = asked >= 2 ? 2 : 0;
  return { kind: "startup", minor, negotiate: asked !== minor || extensions.length > 0, extensions, parameters };
}

/** What the client may set for its session: how it is shown values, and what it calls itself. */
const sessionParameters: ReadonlySet<string> = new Set([
  "application_name",
  "client_encoding",
  "datestyle",
  "extra_float_digits",
  "intervalstyle",
  "timezone",
]);

/** What a client asked for, once read: the door's name of a database, and the session's harmless parameters. */
export interface Asked {
  readonly database: string;
  readonly session: ReadonlyMap<string, string>;
}

/**
 * The user is read and not used: who calls is known by its SVID, and the role is policy's.
 *
 * @throws {CordonError} `REQUEST_MALFORMED`, `ROUTE_UNGOVERNED` for a parameter that could change what the session is
 */
export function askedOf(parameters: ReadonlyMap<string, string>): Asked {
  const user = parameters.get("user");
  if (user === undefined || user === "") throw malformed("it names no user");
  const session = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (name === "user" || name === "database") continue;
    if (!sessionParameters.has(name))
      throw new CordonError(
        "ROUTE_UNGOVERNED",
        name === "replication"
          ? "replication is refused: it reads whole databases, whatever was decided"
          : `the start-up parameter \`${clip(name)}\` is refused at this door; set it in the session, if the role may`,
      );
    session.set(name, value);
  }
  return { database: parameters.get("database") || user, session };
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("a parameter is not UTF-8");
  }
}

function clip(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}...`;
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the start-up packet is refused: ${why}`);
}
