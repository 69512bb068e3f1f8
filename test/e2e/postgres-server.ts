/**
 * A PostgreSQL server of a test's own: passwords by SCRAM, so that a door's credentials count. In: what is to be in it.
 * Out: its port, and a way to ask it as its superuser, past every door. Skips with words where PostgreSQL is not installed.
 */
import { execFile, spawn } from "node:child_process";
import { chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);

export interface TestPostgres extends AsyncDisposable {
  readonly port: number;
  /** Where it listens on a unix socket, on which its superuser needs no password. */
  readonly folder: string;
  /** As the superuser. */
  ask(statement: string, database?: string): Promise<pg.QueryResult>;
}

export interface TestPostgresOptions {
  readonly port?: number;
  /** PEM: the certificate and key that it shows; it asks for nobody's. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa?: string };
}

/** The newest installed server's programs, or why there are none. */
async function programs(): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => [] as string[]);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined
    ? { missing: "no PostgreSQL server is installed in /usr/lib/postgresql" }
    : { folder: `/usr/lib/postgresql/${newest}/bin` };
}

const found = await programs();
export const noPostgres: string | false = "missing" in found ? found.missing : false;

/** PostgreSQL refuses to run as root: then it runs as nobody. */
async function someone(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "nobody"])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

export async function startPostgres({ tls, port: chosen }: TestPostgresOptions = {}): Promise<TestPostgres> {
  if ("missing" in found) throw new Error(found.missing);
  const user = await someone();
  const folder = await mkdtemp(join(tmpdir(), "cordon-pg-"));
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const data = join(folder, "data");
  await run(
    join(found.folder, "initdb"),
    ["-D", data, "-U", "owner", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
    {
      ...user,
      cwd: folder,
    },
  );
  const port = chosen ?? (await freePort());
  const ssl = tls === undefined ? [] : ["ssl = on", "ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'"];
  if (tls?.clientCa !== undefined) ssl.push("ssl_ca_file = 'clients.pem'");
  const settings = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${folder}'`,
    "fsync = off",
    "shared_buffers = 16MB",
    "password_encryption = 'scram-sha-256'",
    ...ssl,
  ];
  const owned = async (name: string, text: string, mode = 0o600): Promise<void> => {
    await writeFile(join(data, name), text, { mode });
    if (user !== undefined) await chown(join(data, name), user.uid, user.gid);
  };
  await owned("postgresql.auto.conf", `${settings.join("\n")}\n`);
  const host = tls?.clientCa === undefined ? "scram-sha-256" : "scram-sha-256 clientcert=verify-ca";
  await owned(
    "pg_hba.conf",
    `local all owner trust\nhost open all 127.0.0.1/32 trust\n${tls === undefined ? "host" : "hostssl"} all all 127.0.0.1/32 ${host}\n`,
  );
  if (tls !== undefined) {
    await owned("server.pem", tls.certificate);
    await owned("server.key", tls.key);
    if (tls.clientCa !== undefined) await owned("clients.pem", tls.clientCa);
  }
  const server = spawn(join(found.folder, "postgres"), ["-D", data], { ...user, cwd: folder, stdio: "pipe" });
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  const over = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const ask: TestPostgres["ask"] = async (statement, database = "postgres") => {
    const client = new pg.Client({ host: folder, port, user: "owner", database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  };
  for (let tries = 0; ; tries++) {
    try {
      await ask("select 1");
      break;
    } catch (error) {
      if (tries > 100 || server.exitCode !== null)
        throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    port,
    folder,
    ask,
    async [Symbol.asyncDispose]() {
      server.kill("SIGQUIT");
      await over;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A shop's database: orders to read and write, payroll apart, and an administrator that may make roles. */
export async function furnish(server: TestPostgres, password: string): Promise<void> {
  for (const statement of [
    "create role orders_reader nologin",
    "create role orders_writer nologin",
    `create role cordon_admin login createrole password '${password}'`,
    `create role fixed_reader login password '${password}' in role orders_reader`,
    "grant orders_reader, orders_writer to cordon_admin",
    "create database shop",
    "create database payroll",
    "create database open",
  ])
    await server.ask(statement);
  for (const statement of [
    "revoke create on schema public from public",
    "create table orders (id int primary key, what text)",
    "insert into orders select n, 'thing ' || n from generate_series(1, 100) n",
    "grant select on orders to orders_reader",
    "grant select, insert on orders to orders_writer",
    "grant usage, create on schema public to orders_writer",
  ])
    await server.ask(statement, "shop");
}
