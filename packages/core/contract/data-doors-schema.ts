/**
 * The `dataDoors` of `cordon.yaml`: data stores whose protocol the gateway speaks far enough to know which data set is asked
 * for. In: an item. Out: its checked form.
 */
import { z } from "zod";
import { isLoopbackHost, parseListenAddress } from "./addresses.ts";
import { filePath, name, namespace, reference, text } from "./schema-parts.ts";
import { secretReferenceSchema } from "./secret-reference-schema.ts";
import { parseDialAddress } from "./tunnels-schema.ts";

/** PostgreSQL cuts longer names (NAMEDATALEN), so two of them could become one. */
const identifier = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/, "must be letters, digits and _$-, at most 63 characters");

const authentication = z.union(
  [
    z.strictObject({
      spiffe: z.string().min(1).max(2048).describe("The component that must answer, by its SVID. Mutual TLS."),
    }),
    z.strictObject({
      webpki: z
        .strictObject({ caFile: filePath.describe("PEM file of the authorities to trust.") })
        .describe("TLS, with a certificate for the address's host from authorities of your own."),
    }),
    z.enum(["webpki", "loopback"]),
  ],
  { error: "must be `{ spiffe: COMPONENT }`, `webpki`, `{ webpki: { caFile: PATH } }` or `loopback`" },
);

const database = z.strictObject({
  name: identifier.describe("What clients give as their database."),
  resource: reference.describe("The data set that policy decides on."),
  action: z.enum(["read", "write"]).describe("What a session stands for; the role must not be able to do more."),
  database: identifier.describe("The database at the server."),
  role: identifier.describe("The role whose rights a session has; what it may not do, no session can."),
  password: secretReferenceSchema
    .optional()
    .describe("The role's password, where no `administrator` makes roles for sessions."),
});
export const dataDoorSchema = z
  .strictObject({
    name: name.describe("Unique among the doors and tunnels of its namespace."),
    namespace,
    kind: z.literal("postgres").describe("PostgreSQL, protocol 3."),
    listen: text((value) => {
      const checked = parseListenAddress(value);
      return "problem" in checked ? checked.problem : undefined;
    })
      .optional()
      .describe("Where clients with an SVID connect. Without it, `cordon tunnel` and `cordon run` lead here."),
    address: text((value) => (parseDialAddress(value) === undefined ? "must be `HOST:PORT`" : undefined)).describe(
      "`HOST:PORT` of the PostgreSQL server.",
    ),
    authentication: authentication.describe("How the server proves itself. `loopback` is plain TCP on this machine."),
    administrator: z
      .strictObject({
        role: identifier.describe("A role with CREATEROLE that may grant the roles under `databases`."),
        password: secretReferenceSchema,
        lifeSeconds: z.int().min(10).max(3_600).default(60).describe("How long a session's password lets in."),
      })
      .optional()
      .describe("Makes a role for each session and drops it afterwards; no password outlives its session."),
    databases: z.array(database).min(1).max(256).describe("What may be asked for."),
    connectMs: z.int().min(100).max(60_000).default(5_000).describe("For connecting and logging in at the server."),
    idleMs: z
      .int()
      .min(1_000)
      .max(86_400_000)
      .default(3_600_000)
      .describe("A session that carries nothing either way for longer is closed."),
  })
  .superRefine((door, context) => {
    for (const { path, message } of doorProblems(door)) context.addIssue({ code: "custom", path, message });
  });

interface DoorParts {
  readonly address: string;
  readonly authentication: z.output<typeof authentication>;
  readonly administrator?: unknown;
  readonly databases: readonly { readonly name: string; readonly password?: unknown }[];
}

function doorProblems(door: DoorParts): { readonly path: (string | number)[]; readonly message: string }[] {
  const problems: { path: (string | number)[]; message: string }[] = [];
  const seen = new Set<string>();
  // A server that asks for the gateway's SVID needs no password.
  const byCertificate = typeof door.authentication === "object" && "spiffe" in door.authentication;
  for (const [index, { name: called, password }] of door.databases.entries()) {
    const at = ["databases", index];
    if (seen.has(called)) problems.push({ path: [...at, "name"], message: `\`${called}\` is named twice` });
    seen.add(called);
    if (door.administrator !== undefined && password !== undefined)
      problems.push({ path: [...at, "password"], message: "is not used: the `administrator` makes a role a session" });
    if (door.administrator === undefined && password === undefined && !byCertificate)
      problems.push({ path: at, message: "needs the role's `password`, or the door an `administrator`" });
  }
  const host = parseDialAddress(door.address)?.host;
  if (door.authentication === "loopback" && host !== undefined && !isLoopbackHost(host))
    problems.push({ path: ["authentication"], message: "`loopback` is for a server on this machine; use `webpki`" });
  return problems;
}
