/**
 * Places in an event stream that a client may go on from. In: an event's id as the server gave it, and whose stream it is.
 * Out: the id with a seal, and back. Servers look ids up in one store for all their sessions, so an id of another's stream,
 * guessed or seen, would play that stream: here it opens nothing. The key lives as long as the process; after a restart a
 * client begins its stream anew.
 *
 * @see MCP 2025-11-25, "Resumability and Redelivery"; RFC 2104
 */
import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from "node:crypto";
import { routeKey } from "@cordon/core/policy/decision";
import type { McpRoute } from "@cordon/core/policy/snapshot";
import type { Asker } from "./asked-of-clients.ts";

const sealBytes = 16;
const maxIdLength = 1024;

export class EventIds {
  readonly #key: KeyObject = createSecretKey(randomBytes(32));

  /** @returns undefined for an id that no header could carry back */
  seal(route: McpRoute, asker: Asker, id: string): string | undefined {
    if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(id) || id.length > maxIdLength) return undefined;
    return `${this.#sealOf(route, asker, id).toString("base64url")}.${id}`;
  }

  /** @returns the server's own id; undefined where the seal is not ours, or another session's */
  open(route: McpRoute, asker: Asker, sealed: string): string | undefined {
    const [, seal = "", id = ""] = /^([A-Za-z0-9_-]{22})\.(.+)$/.exec(sealed) ?? [];
    const given = Buffer.from(seal, "base64url");
    const right = this.#sealOf(route, asker, id);
    return given.length === right.length && timingSafeEqual(given, right) ? id : undefined;
  }

  #sealOf(route: McpRoute, { principal, session }: Asker, id: string): Buffer {
    const about = JSON.stringify([routeKey(route), principal, session ?? "", id]);
    return createHmac("sha256", this.#key).update(about).digest().subarray(0, sealBytes);
  }
}
