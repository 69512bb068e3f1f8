/** A schema of its own in the PostgreSQL that tests use. Out: its URL, as `store.url` takes it; or why there is none. */
import { randomBytes } from "node:crypto";
import pg from "pg";

const server = process.env["CORDON_TEST_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server, connectionTimeoutMillis: 3_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** False, or why tests that need PostgreSQL are skipped: `{ skip: noPostgres }`. */
export const noPostgres: string | false = await execute("select 1").then(
  () => false,
  (error: Error) =>
    `no PostgreSQL at ${new URL(server).host} (${error.message}); set CORDON_TEST_POSTGRES to a URL of one`,
);
if (noPostgres !== false) console.error(`NOT RUN ON POSTGRESQL: ${noPostgres}`);

export interface Schema extends AsyncDisposable {
  readonly url: string;
  /** As a line of `cordon.yaml`. */
  readonly yaml: string;
}

export async function createSchema(): Promise<Schema> {
  const schema = `cordon_e2e_${randomBytes(6).toString("hex")}`;
  await execute(`create schema ${schema}`);
  const url = new URL(server);
  url.searchParams.set("options", `-csearch_path=${schema}`);
  return {
    url: url.href,
    yaml: `store: { url: ${JSON.stringify(url.href)} }\n`,
    [Symbol.asyncDispose]: () => execute(`drop schema ${schema} cascade`),
  };
}
