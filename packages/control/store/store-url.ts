/**
 * Reads `store.url`. In: the URL, which may hold a password. Out: where the database is, and a form that is safe to
 * print. No error here repeats what it was given.
 *
 * PostgreSQL beyond this machine is reached over TLS with the server's name verified, always: state holds policies,
 * grants and revocations, and whoever can change them on the wire decides instead of Cordon.
 */
import { CordonError } from "@cordon/core/errors";

export interface SqliteLocation {
  readonly adapter: "sqlite";
  readonly path: string;
}

export interface PostgresLocation {
  readonly adapter: "postgres";
  /** For `pg`; holds the password. */
  readonly connectionString: string;
  /** `host:port/database`, safe to print. */
  readonly display: string;
  readonly encrypted: boolean;
}

/** What a PostgreSQL URL may say after `?`. Others could weaken TLS or move the host unseen. */
const postgresParameters = [
  "host",
  "port",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "application_name",
  "options",
];

/** @throws {CordonError} `CONFIG_INVALID` */
export function readStoreUrl(url: string): SqliteLocation | PostgresLocation {
  if (url.startsWith("sqlite:")) return readSqliteUrl(url.slice("sqlite:".length));
  if (/^postgres(ql)?:\/\//.test(url)) return readPostgresUrl(url);
  throw invalid("it must start with sqlite: or postgres://");
}

function readSqliteUrl(rest: string): SqliteLocation {
  const path = rest.startsWith("//") ? rest.slice(2) : rest;
  if (rest.startsWith("//") && !path.startsWith("/"))
    throw invalid("sqlite:// takes an absolute path: sqlite:///folder/file.db");
  if (path === "" || path.includes("\0")) throw invalid("sqlite: must be followed by the path of a file");
  if (path.startsWith(":memory:")) throw invalid("state in memory would be lost; name a file after sqlite:");
  return { adapter: "sqlite", path };
}

function readPostgresUrl(text: string): PostgresLocation {
  if (!URL.canParse(text))
    throw invalid("it is not a URL; characters such as @ : / in a password are written %40 %3A %2F");
  const url = new URL(text);
  const parameters = url.searchParams;
  const unknown = [...parameters.keys()].find((name) => !postgresParameters.includes(name));
  if (unknown !== undefined) throw invalid(`it may say only ${postgresParameters.join(", ")} after the question mark`);
  if (new Set(parameters.keys()).size !== parameters.size)
    throw invalid("it says the same thing twice after the question mark");

  const host = parameters.get("host") ?? decode(url.hostname);
  const database = decode(url.pathname.slice(1));
  if (host === "") throw invalid("it names no host");
  if (database === "") throw invalid("it names no database");
  const encrypted = chooseEncryption(host, parameters);
  parameters.set("sslmode", encrypted ? "verify-full" : "disable");
  if (!parameters.has("application_name")) parameters.set("application_name", "cordon");
  const display = `${host}:${parameters.get("port") ?? (url.port || "5432")}/${database}`;
  return { adapter: "postgres", connectionString: url.href, display, encrypted };
}

/** Every mode that encrypts verifies too; without a mode, loopback and sockets go plain and all else is encrypted. */
function chooseEncryption(host: string, parameters: URLSearchParams): boolean {
  const local = host.startsWith("/") || /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
  const mode = parameters.get("sslmode") ?? (local && !parameters.has("sslrootcert") ? "disable" : "verify-full");
  switch (mode) {
    case "require":
    case "verify-ca":
    case "verify-full":
      return true;
    case "disable":
      if (local) return false;
      throw invalid("sslmode=disable is allowed only for a database on this machine; use sslmode=verify-full");
    default:
      throw invalid("sslmode must be verify-full, or disable for a database on this machine");
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("it holds a % that is not followed by two hexadecimal digits");
  }
}

function invalid(reason: string): CordonError {
  return new CordonError("CONFIG_INVALID", `store.url is not usable: ${reason}.`);
}
