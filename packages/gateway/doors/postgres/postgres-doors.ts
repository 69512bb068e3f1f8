/**
 * The PostgreSQL doors. In: connections of callers who have proved themselves. Out: sessions at database servers, each with
 * the database and the role that policy's decision stands for; refusals as PostgreSQL says them.
 *
 * The order is the loop's: who (verified), what (the start-up packet), decide, record, log in at the server with a credential
 * that the client never sees, then let bytes flow, which are counted and not read: what a statement may do is the role's
 * rights. A session is decided again at every change, and cut in the protocol's own words where one message is not half sent.
 */
import type { TLSSocket } from "node:tls";
import { encodeTunnelMessage } from "@cordon/core/contract/tunnel";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision, Signals } from "@cordon/core/policy/decision";
import { leadsAlike, type DoorDatabase, type PostgresDoor } from "@cordon/core/policy/data-doors";
import type { SecretReference, Snapshot } from "@cordon/core/policy/snapshot";
import { refusalWords } from "../../admission.ts";
import type { Refusals } from "../../ledger/refusals.ts";
import { personBehind } from "../../listener/acting-for.ts";
import type { Caller } from "../../listener/caller.ts";
import { openingFailure } from "../../observation/bug-words.ts";
import type { GatewayDependencies } from "../../ports.ts";
import { requestIds } from "../../request-ids.ts";
import { senseConnection } from "../../risk/sense-request.ts";
import type { Sensed } from "../../risk/sensing.ts";
import { openCarriers } from "../../tunnels/carriers.ts";
import type { LiveTunnel } from "../../tunnels/live-tunnel.ts";
import { qualifiedName } from "../../tunnels/tunnel-name.ts";
import type { TunnelledDoors } from "../../tunnels/tunnels.ts";
import { withdrawn } from "../../tunnels/withdrawn.ts";
import { openCancelKeys, type CancelKey } from "./cancel-keys.ts";
import { openListeners, type Listeners } from "./listeners.ts";
import { encodeCancel, encodeError, encodeMessage, int32, MessageBoundary } from "./messages.ts";
import { readOpening } from "./read-opening.ts";
import { dialServer, logIn, withinTime, type LoginDeps, type ServerSession } from "./server-login.ts";
import { dropRole, makeRole } from "./session-role.ts";
import { askedOf, type Asked, type Opening } from "./startup.ts";

export interface DoorDeps extends GatewayDependencies {
  readonly refusals: Refusals;
  readonly signals: (sensed?: Sensed) => Signals;
  readonly draining: () => boolean;
}

export interface PostgresDoors extends TunnelledDoors, AsyncDisposable {
  /** Opens the doors' own listeners; a port that is taken is told, and costs that listener alone. */
  listen(): Promise<void>;
  follow(snapshot: Snapshot): void;
  /** Decides every open session again. */
  redecideAll(): void;
  redecideDue(): void;
  endAll(why: CordonError): Promise<void>;
  readonly size: number;
  /** Where a door listens, by `namespace/name`. */
  readonly ports: Listeners["ports"];
}

interface Client {
  readonly door: PostgresDoor;
  readonly id: string;
  readonly socket: TLSSocket;
  readonly caller: Caller;
  readonly chain: readonly Uint8Array[];
}

type Session = LiveTunnel<PostgresDoor, ServerSession>;
type Startup = Opening & { readonly kind: "startup" };

const openingMs = 10_000;
const ready = encodeMessage("Z", Buffer.from("I"));

export function openPostgresDoors(deps: DoorDeps): PostgresDoors {
  const { now, snapshots, signals, log } = deps;
  const databases = new WeakMap<AccessRequest, DoorDatabase>();
  const keys = openCancelKeys<Session>();
  const nextId = requestIds();
  const endings = new Set<Promise<void>>();
  const tell = (words: string): void => log({ level: "warn", event: "database-door", words });
  const login: LoginDeps = { identity: deps.identity, snapshot: () => snapshots.current(), now, tell };
  const listeners = openListeners({
    ...deps,
    accept: (door, socket, caller, chain) => accept(door, socket, caller, chain),
  });
  const carriers = openCarriers<PostgresDoor, ServerSession>(deps, {
    decide: (snapshot, access, { start }) => decideSession(snapshot, access, start.sensed),
    changed({ start, server }, snapshot) {
      const door = snapshot.dataDoors?.get(qualifiedName(start.tunnel));
      const before = databases.get(start.access);
      if (door === undefined || before === undefined || !leadsAlike(door, start.tunnel, before))
        return `the door ${start.tunnel.name} was withdrawn, or leads elsewhere now`;
      return server?.svid && withdrawn(server.svid, server.chain ?? [], snapshot);
    },
    unproven: "connect again",
    left: "the client left before it was let in",
  });

  return {
    listen: () => listeners.follow(snapshots.current()),
    ports: listeners.ports,
    enter(name, socket, caller, chain) {
      const door = snapshots.current().dataDoors?.get(name);
      if (door === undefined) return false;
      const id = nextId();
      socket.write(encodeTunnelMessage({ v: 1, ok: true, id }));
      accept(door, socket, caller, chain, id);
      return true;
    },
    renew: carriers.renew,
    follow(snapshot) {
      carriers.follow(snapshot);
      void listeners.follow(snapshot);
    },
    redecideAll: carriers.redecideAll,
    redecideDue: carriers.redecideDue,
    endAll: carriers.endAll,
    get size() {
      return carriers.size;
    },
    async [Symbol.asyncDispose]() {
      await carriers[Symbol.asyncDispose]();
      await listeners[Symbol.asyncDispose]();
      await Promise.all(endings);
    },
  };

  function accept(
    door: PostgresDoor,
    socket: TLSSocket,
    caller: Caller,
    chain: readonly Uint8Array[],
    id = nextId(),
  ): void {
    socket.on("error", () => undefined);
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    const client = { door, id, socket, caller, chain };
    open(client).catch((error: unknown) => refuse(client, error));
  }

  async function open(client: Client): Promise<void> {
    const { door, socket, caller } = client;
    const late = new CordonError("REQUEST_TIMEOUT", `no start-up packet came within ${openingMs} ms`);
    const timer = setTimeout(() => socket.destroy(late), openingMs);
    const opening = await firstPacket(socket).finally(() => clearTimeout(timer));
    if (deps.draining())
      throw new CordonError("DRAINING", "the gateway is shutting down; ask another, or again shortly");
    if (opening.kind === "cancel") return await cancel(client, opening);
    const asked = askedOf(opening.parameters);
    const database = door.databases.get(asked.database);
    if (database === undefined)
      throw new CordonError(
        "ROUTE_UNKNOWN",
        `this door knows no database \`${asked.database.slice(0, 64)}\`; it knows ${[...door.databases.keys()].slice(0, 8).join(", ")}`,
      );
    const access = accessOf(caller, door, database);
    const snapshot = snapshots.current();
    const sensed = senseConnection(deps, { socket, caller, resource: access.resource, snapshot });
    const wanted = await carriers.flow.about(snapshot, access, client.id);
    const decision = decideSession(snapshot, wanted, sensed);
    deps.sensing?.decided(sensed, decision, snapshot, now());
    const digestKey = await deps.digestKeys.current(door.namespace, now());
    if (decision.effect === "allow") await carriers.flow.admitted(snapshot, access, client.id);
    await carriers.record(client.id, caller, wanted, decision, sensed);
    if (decision.effect === "deny") return end(socket, encodeError("ACCESS_DENIED", refusalWords(decision)));
    await begin(client, access, sensed, decision, digestKey, database, asked, opening);
  }

  /** Inside a connection that is encrypted already, there is nothing more to encrypt; each may be asked once. */
  async function firstPacket(socket: TLSSocket): Promise<Startup | (Opening & { readonly kind: "cancel" })> {
    const asked = new Set<string>();
    for (;;) {
      const opening = await readOpening(socket);
      if (opening.kind === "startup" || opening.kind === "cancel") return opening;
      if (asked.has(opening.kind))
        throw new CordonError("REQUEST_MALFORMED", "the start-up packet is refused: it asks for encryption twice");
      asked.add(opening.kind);
      socket.write("N");
    }
  }

  async function begin(
    client: Client,
    access: AccessRequest,
    sensed: Sensed,
    decision: Decision,
    digestKey: Awaited<ReturnType<typeof deps.digestKeys.current>>,
    database: DoorDatabase,
    asked: Asked,
    opening: Startup,
  ): Promise<void> {
    const { door, id, socket, caller, chain } = client;
    const boundary = new MessageBoundary();
    databases.set(access, database);
    const session = await carriers.begin(
      {
        ...{ id, tunnel: door, access, socket, sensed, opener: caller, digestKey },
        passing: (chunk) => boundary.push(chunk),
        farewell: (words, carrying) =>
          boundary.between ? encodeError(carrying ? "cut" : "UPSTREAM_UNREACHABLE", words) : undefined,
      },
      chain,
      decision,
    );
    if (session === undefined) return;
    let server: ServerSession;
    try {
      server = await enterServer(door, database, asked, session);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      return session.fail("upstream-failed", error);
    }
    if (session.ended || socket.destroyed) return void server.socket.destroy();
    const key = keys.give(session, caller.id, opening.minor >= 2 ? 32 : 4);
    server.socket.once("close", () => keys.forget(key));
    socket.write(Buffer.concat([...welcome(opening), ...server.parameters, keyMessage(key), ready]));
    server.source.release();
    session.flow(server);
  }

  /** Logs in with the role's password, or as a role of this session's own, which ends with it. */
  async function enterServer(
    door: PostgresDoor,
    database: DoorDatabase,
    asked: Asked,
    session: Session,
  ): Promise<ServerSession> {
    const named = new Map([["application_name", `cordon ${session.start.id}`], ...asked.session]);
    const { administrator } = door;
    if (administrator === undefined) {
      const password = database.password === undefined ? undefined : await secret(door, database.password);
      return logIn(door, { database: database.database, role: database.role, password, session: named }, login);
    }
    const administered = { ...door, administrator };
    const password = await secret(door, administrator.password);
    const made = await makeRole(administered, database, password, login);
    const drop = (): void => {
      const ending = dropRole(administered, database, made.role, password, login).catch((error: unknown) =>
        tell(`the role ${made.role} of an ended session is still there, and expires: ${(error as Error).message}`),
      );
      endings.add(ending);
      void ending.finally(() => endings.delete(ending));
    };
    try {
      if (session.ended) throw new CordonError("UPSTREAM_UNREACHABLE", "the session ended while its role was made");
      const server = await logIn(door, { ...made, database: database.database, session: named }, login);
      server.socket.once("close", drop);
      return server;
    } catch (error) {
      drop();
      throw error;
    }
  }

  async function secret(door: PostgresDoor, reference: SecretReference): Promise<string> {
    try {
      return await deps.resolveSecret(reference);
    } catch (error) {
      const words = `the credential of the door ${door.name} cannot be read`;
      tell(`${words}: ${(error as Error).message}`); // where it is kept is for the operator
      throw new CordonError("SECRET_UNAVAILABLE", words, { cause: error });
    }
  }

  /** Stops what the caller's own session is doing. There is no answer but the connection's end, as the protocol has it. */
  async function cancel({ door, socket, caller }: Client, asked: CancelKey): Promise<void> {
    const session = keys.find(asked, caller.id);
    const real = session?.server?.cancel;
    if (session === undefined || session.start.tunnel.name !== door.name || real === undefined) {
      const words = "a cancel request was refused: it names no session of its sender's";
      deps.refusals.note(new CordonError("OBJECT_NOT_OWNED", words), caller.id);
      return void socket.end();
    }
    try {
      await withinTime(door, async (opened) => {
        const server = await dialServer(door, login, opened);
        server.socket.end(encodeCancel(real.processId, real.key));
        server.socket.resume();
        await new Promise((resolve) => server.socket.once("close", resolve));
      });
    } finally {
      socket.end();
    }
  }

  function decideSession(snapshot: Snapshot, access: AccessRequest, sensed: Sensed): Decision {
    const decision = decide(snapshot, access, signals(sensed), now());
    // How sensitive the data set is was held against `restrictTo` already.
    const unmet = decision.obligations.find(({ kind }) => kind !== "restrictTo");
    if (decision.effect === "deny" || unmet === undefined) return decision;
    const words = `policy allows this only with \`${unmet.kind}\`, which a session whose statements are not read cannot do`;
    return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "obligation-unmet", words }] };
  }

  /** Never became a session: counted in the ledger, answered as PostgreSQL answers. */
  function refuse({ socket, caller, id }: Client, error: unknown): void {
    const known = openingFailure(error, "the session could not be opened", (words) =>
      log({ level: "error", event: "interaction-failed", words, requestId: id }),
    );
    deps.refusals.note(known, caller.id);
    void carriers.find(id)?.fail("upstream-failed", known);
    end(socket, encodeError(known.code, known.message));
  }
}

function accessOf(caller: Caller, door: PostgresDoor, { action, resource }: DoorDatabase): AccessRequest {
  return {
    principal: caller.id,
    action,
    resource,
    context: { assurance: caller.assurance, route: door.name, method: "CONNECT", stream: true, external: false },
    ...personBehind(caller),
  };
}

/** AuthenticationOk, and what of the protocol is not spoken, where the client asked for more. */
function welcome({ negotiate, minor, extensions }: Startup): Buffer[] {
  const authenticated = encodeMessage("R", int32(0));
  if (!negotiate) return [authenticated];
  const names = extensions.map((name) => Buffer.from(`${name}\0`));
  const spoken = int32((3 << 16) | minor);
  return [encodeMessage("v", Buffer.concat([spoken, int32(names.length), ...names])), authenticated];
}

function keyMessage({ processId, key }: CancelKey): Buffer {
  return encodeMessage("K", Buffer.concat([int32(processId), key]));
}

function end(socket: TLSSocket, last: Uint8Array): void {
  if (socket.destroyed || socket.writableEnded) return;
  socket.resume().end(last);
  const timer = setTimeout(() => socket.destroy(), 1_000);
  socket.once("close", () => clearTimeout(timer));
  socket.once("end", () => socket.destroySoon());
}
