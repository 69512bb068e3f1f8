/** PostgreSQL's errors in words, with the remedy. Codes: PostgreSQL documentation, appendix A. */
import { CordonError, isCordonError } from "@cordon/core/errors";

const lostConnection =
  /^(08|57P0|ECONNRESET$|ECONNREFUSED$|EPIPE$|ETIMEDOUT$|EHOSTUNREACH$|ENETUNREACH$|ENOTFOUND$|EAI_AGAIN$)/;
const serializationFailure = "40001";
const deadlock = "40P01";
const tooManyConnections = "53300";

/** `pg` gives these no code. */
const lostConnectionMessage =
  /Connection terminated|not queryable|timeout exceeded when trying to connect|connection error/;

/** True for what left nothing behind and may pass. Not to be asked about a commit, which may have happened. */
export function mayPass(error: unknown): boolean {
  const cause = isCordonError(error) ? error.cause : error;
  const code = codeOf(cause);
  return code === serializationFailure || code === deadlock || code === tooManyConnections || isLostConnection(cause);
}

/** The error as a `CordonError` that names the database and the remedy; one that is a `CordonError` already stays. */
export function explainPostgresError(error: unknown, display: string): CordonError {
  if (isCordonError(error)) return error;
  const code = codeOf(error);
  if (/^XX00[12]$/.test(code)) {
    const message = `PostgreSQL reports damaged data in ${display} (${code}): stop Cordon and restore a backup.`;
    return new CordonError("STORE_CORRUPT", message, { cause: error });
  }
  const remedy = isLostConnection(error) ? unreachable(code) : remedyFor(code || messageOf(error));
  const message = `The PostgreSQL database ${display} ${remedy ?? `failed: ${messageOf(error)}${code && ` (${code})`}`}.`;
  return new CordonError("STORE_UNAVAILABLE", message, { cause: error });
}

function unreachable(code: string): string {
  return `cannot be reached${code && ` (${code})`}: check that the server runs and that store.url names its host and port`;
}

function remedyFor(code: string): string | undefined {
  switch (code) {
    case "28P01":
    case "28000":
      return "refused the user or password: check both in store.url, and pg_hba.conf on the server";
    case "3D000":
      return "does not exist: create it with createdb, or correct store.url";
    case "42501":
      return "denies what Cordon needs: grant the user create and usage on the schema";
    case "25006":
      return "is read-only, perhaps a standby: name the primary in store.url";
    case tooManyConnections:
      return "has no free connection: raise max_connections";
    case "53100":
      return "is out of disk space: free some";
    case "55P03":
      return "has been locked by another writer for 30 seconds: find it in pg_stat_activity and end it";
    case "25P03":
      return "ended a transaction that stood idle for 60 seconds: the work given to transact() must not wait for people or networks";
    case serializationFailure:
    case deadlock:
      return "undid the transaction three times in favour of others: find what else locks Cordon's tables in pg_stat_activity";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "shows a certificate that nobody trusted signed: name its authority with sslrootcert=FILE in store.url";
    case "The server does not support SSL connections":
      return "offers no TLS: switch ssl on at the server; only a database on this machine may use sslmode=disable";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "shows a certificate for another name: use a name that the certificate holds in store.url";
    default:
      return undefined;
  }
}

function isLostConnection(error: unknown): boolean {
  return lostConnection.test(codeOf(error)) || lostConnectionMessage.test(messageOf(error));
}

/** A connection tried on several addresses fails as an AggregateError, whose parts hold the code. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && !("code" in error)) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}
