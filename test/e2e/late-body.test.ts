/** What is taken away while a request's body comes in is gone when the body is whole. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { test } from "node:test";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { openEstate } from "./estate.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends half a body, waits for `meanwhile`, and sends the rest. */
async function inHalves(meanwhile: boolean): Promise<{ readonly status: number; readonly forwarded: number }> {
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
  if (meanwhile)
    await estate.cordon.control.store.transact("test", Date.now(), async (transaction) => {
      for (const object of await transaction.list("policy")) await transaction.delete(object, object.source);
    });
  await pause(300); // nothing new is told when the rest arrives
  request.end(body.slice(5));
  return { status: await status, forwarded: estate.chat.seen.length - 1 };
}

test("a policy that is withdrawn while a body comes in permits nothing when the body is whole", async () => {
  assert.deepEqual(await inHalves(false), { status: 200, forwarded: 1 });
  assert.deepEqual(await inHalves(true), { status: 403, forwarded: 0 });
});
