/**
 * `POST /v1/pair`: the one request that nobody signs. In: the code that the terminal showed, and the browser's public
 * key. Out: the key's id, or a refusal that does not say what was wrong with the code. Wrong tries go to the ledger.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pairRequest, type PairResponse } from "@cordon/core/contract/console-api";
import { parseStrictJson } from "@cordon/core/contract/strict-json";
import type { Instant } from "@cordon/core/instant";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { checkPublicKey, type ConsoleKeys } from "./console-keys.ts";
import { readBody, refuse, sendJson } from "./exchange.ts";
import type { PairingDesk } from "./pairing.ts";

export interface PairingRooms {
  readonly desk: PairingDesk;
  readonly keys: Pick<ConsoleKeys, "add">;
  readonly record: (entry: LedgerEntry) => Promise<unknown>;
  readonly now: () => Instant;
  readonly complain: (event: string, words: string) => void;
}

const refusedWords =
  "That code does not pair this browser: it is wrong, used up, older than ten minutes, or void after five wrong tries. " +
  "`cordon console pair` prints a new one.";

/** @throws {CordonError} what is wrong with the body, or keeps the key from being stored and recorded */
export async function pairBrowser(
  request: IncomingMessage,
  response: ServerResponse,
  rooms: PairingRooms,
): Promise<void> {
  // A page of another site can send a form without asking; it cannot send this type.
  if (request.headers["content-type"] !== "application/json")
    return refuse(response, 400, "REQUEST_MALFORMED", "Send the body as `content-type: application/json`.");
  const parsed = pairRequest.safeParse(parseStrictJson(await readBody(request), { depth: 4, names: 16 }));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") ?? "";
    return refuse(response, 400, "REQUEST_MALFORMED", `The body is not what is expected here, at \`${field}\`.`);
  }
  const { code, publicKey, label } = parsed.data;
  checkPublicKey(publicKey); // before the code: a broken browser must not use it up
  const redemption = rooms.desk.redeem(code);
  if (redemption !== "paired") {
    const from = `${request.socket.remoteAddress ?? "?"}:${request.socket.remotePort ?? 0}`;
    if (redemption !== "none") await recordRefusal(rooms, redemption === "void", from);
    rooms.complain("console-pairing-refused", `a pairing code from ${from} was ${wordsOf[redemption]}`);
    return refuse(response, 403, "IDENTITY_REQUIRED", refusedWords);
  }
  const key = await rooms.keys.add(publicKey, label);
  sendJson(response, { keyId: key.id, expiresAt: key.expiresAt } satisfies PairResponse);
}

const wordsOf = { wrong: "wrong", void: "wrong for the last time: the code is void", none: "not one that was given" };

async function recordRefusal(rooms: PairingRooms, isVoid: boolean, from: string): Promise<void> {
  const words = `a wrong pairing code for the console${isVoid ? "; the code is void now" : ""}`;
  await rooms.record({ v: 1, kind: "refusal", at: rooms.now(), code: "IDENTITY_REQUIRED", words, from, count: 1 });
}
