/** A schema of its own in the PostgreSQL that tests use. Out: its URL; nothing where there is no server. */
import { randomBytes } from "node:crypto";
import pg from "pg";

const server = process.env["CORDON_TEST_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";

export async function createSchema(): Promise<({ readonly url: string } & AsyncDisposable) | undefined> {
  const schema = `cordon_bench_${randomBytes(6).toString("hex")}`;
  try {
    await execute(`create schema ${schema}`);
  } catch {
    return undefined;
  }
  const url = new URL(server);
  url.searchParams.set("options", `-csearch_path=${schema}`);
  return { url: url.href, [Symbol.asyncDispose]: () => execute(`drop schema ${schema} cascade`) };
}

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
