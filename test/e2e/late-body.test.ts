/** What is taken away while a request's body comes in is gone when the body is whole. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { StateTransaction } from "@cordon/control/store/state-store";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { idOf, openEstate } from "./estate.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type Change = (transaction: StateTransaction) => Promise<void>;

interface Outcome {
  readonly status: number;
  readonly forwarded: number;
  /** To the model that answers in place of the one that was asked for. */
  readonly elsewhere: number;
}

/** Sends half a body, makes a change, and sends the rest. */
async function inHalves(change?: Change): Promise<Outcome> {
  await using estate = await openEstate();
  const svid = await estate.svidFor("agent", "assistant");
  const body = '{"model":"m","messages":[]}';
  const headers = { "content-type": "application/json" };
  // The first call of all makes a key, which is a new snapshot: a later one has none to be saved by.
  assert.equal((await estate.call(svid, "/v1/chat/completions", { method: "POST", headers, body })).status, 200);
  const { hostname: host, port } = new URL(estate.cordon.gatewayUrl);
  const request = httpsRequest({
    ...clientTlsOptions(svid),
    ...{ host, port, path: "/v1/chat/completions", method: "POST", agent: false, rejectUnauthorized: false },
    checkServerIdentity: () => undefined,
    headers: { ...headers, "content-length": body.length },
  });
  const status = new Promise<number>((resolve, reject) => {
    request.once("response", (response) => resolve(response.resume().statusCode ?? 0)).once("error", reject);
  });
  request.write(body.slice(0, 5));
  await pause(300); // it is on its way
  if (change !== undefined) await estate.cordon.control.store.transact("test", Date.now(), change);
  await pause(300); // nothing new is told when the rest arrives
  request.end(body.slice(5));
  const { chat, spare } = estate;
  return { status: await status, forwarded: chat.seen.length - 1, elsewhere: spare.seen.length };
}

const withdraw: Change = async (transaction) => {
  for (const object of await transaction.list("policy")) await transaction.delete(object, object.source);
};
const reroute: Change = (transaction) =>
  transaction.put(
    { kind: "reroute", namespace: "default" as Namespace, name: "chat" },
    { from: idOf("endpoint", "chat"), to: idOf("endpoint", "spare") },
    "api",
  );

test("a policy that is withdrawn while a body comes in permits nothing when the body is whole", async () => {
  assert.deepEqual(await inHalves(), { status: 200, forwarded: 1, elsewhere: 0 });
  assert.deepEqual(await inHalves(withdraw), { status: 403, forwarded: 0, elsewhere: 0 });
});

test("a model that is rerouted while a body comes in does not get it", async () => {
  assert.deepEqual(await inHalves(reroute), { status: 200, forwarded: 0, elsewhere: 1 });
});
