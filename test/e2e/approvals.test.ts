/** Approvals of single calls, attacked: for whom they are, how often they are good, and what else refuses the call. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { delegationHeader, mintDelegation } from "@cordon/core/identity/delegation";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { X509Svid } from "@cordon/core/identity/svid";
import { callDigest } from "@cordon/core/policy/call-digest";
import { idOf, policies, until, type Answer, type Estate } from "./estate.ts";
import { openOutsideEstate } from "./outside.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const rules = `${policies}
@id("assistant-writes") @approval("1") permit(principal == Workload::"default/agent/assistant", action == Action::"write", resource == Component::"default/dataset/training-data");
@id("people-write") permit(principal is User, action == Action::"write", resource == Component::"default/dataset/training-data") when { principal.groups.contains("data-science") };
`;
const more =
  "  - { name: calls, actions: [write], resources: [training-data], requesters: [data-science], approvers: 1 }\nboundaries: { data: observe, pipeline: observe }\n";

function delegated(from: X509Svid): string {
  const [actor, audience] = [idOf("agent", "assistant"), idOf("service", "gateway")];
  return mintDelegation(
    {
      ...{ person: from.id, actor, audience, issuedAt: Date.now(), lifetimeSeconds: 600 },
      id: randomBytes(8).toString("hex"),
    },
    from.key,
  );
}

function write(estate: Estate, svid: X509Svid, token?: string): Promise<Answer> {
  return estate.call(svid, "/training-data/rows/7", {
    method: "PUT",
    headers: { "content-type": "application/json", ...(token === undefined ? {} : { [delegationHeader]: token }) },
    body: '{"cents":1}',
  });
}

const digestIn = ({ text }: Answer): string => /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? "";

test("a call that was approved for one person is not made for another, nor by the workload for itself", async () => {
  await using estate = await openPeopleEstate({ policies: rules, more });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const kay = await invited(estate, ada, "kay", ["data-science"]);
  const assistant = await estate.svidFor("agent", "assistant");
  const forMei = delegated(await cliCredential(mei));
  const forKay = delegated(await cliCredential(kay));

  const refused = await write(estate, assistant, forMei);
  assert.equal(refused.status, 403, refused.text);
  const person = "spiffe://test.example/ns/default/user/mei";
  assert.ok(refused.json().error.message.includes(`and the arguments say "for": "${person}"`), refused.text);
  const alone = await write(estate, assistant);
  const digests = [refused, await write(estate, assistant, forKay), alone].map(digestIn);
  assert.equal(new Set(digests).size, 3, "for mei, for kay and for nobody are three calls");

  const request = {
    ...{ actions: ["write"], resources: ["training-data"], principal: "assistant", reason: "a correction" },
    ...{ minutes: 10, call: digests[0] },
  };
  const said = { method: "PUT", address: "/rows/7", body: { cents: 1 } };
  assert.equal((await mei.ask({ ...request, callArguments: JSON.stringify(said) })).status, 400, "for nobody");
  const { json: asked, text } = await mei.ask({ ...request, callArguments: JSON.stringify({ ...said, for: person }) });
  assert.ok(asked?.callWords?.includes(`"for":"${person}"`), text);
  assert.equal((await ada.voice("approve", asked.id)).status, 200);

  assert.equal((await write(estate, assistant, forKay)).status, 403, "kay's call");
  assert.equal((await write(estate, assistant)).status, 403, "nobody's call");
  assert.equal((await write(estate, assistant, forMei)).status, 200);
  const again = await write(estate, assistant, forMei);
  assert.equal(again.status, 403);
  assert.match(again.text, /used already/);

  // Approved anew, it is good anew, though the one before still has minutes to run.
  const { json: anew } = await mei.ask({ ...request, callArguments: JSON.stringify({ ...said, for: person }) });
  assert.equal((await ada.voice("approve", anew.id)).status, 200);
  assert.equal((await write(estate, assistant, forMei)).status, 200);
  assert.equal((await write(estate, assistant, forMei)).status, 403);
});

test("a call that a limit refuses leaves its approval whole", async () => {
  const scope =
    'principal == Workload::"default/agent/assistant", action == Action::"egress", resource == Component::"default/external/partner"';
  await using world = await openOutsideEstate({
    policies: `${policies}
@id("connects") permit (${scope}) when { context.method == "CONNECT" };
@id("asks") @approval("1") permit (${scope}) when { context.method == "POST" };
`,
    destinations: ({ port, caFile }) => [
      `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
        `limit: { requests: 1 }, intercept: { requests: [{ methods: [POST], paths: ["/**"] }], caFile: "${caFile}" }`,
    ],
  });
  const { store } = world.estate.cordon.control;
  const calls = ["1", "2"].map((one) => ({ id: `g-${one}`, address: `/uploads?n=${one}` }));
  const { revision } = await store.transact("test", Date.now(), async (transaction) => {
    for (const { id, address } of calls) {
      const [ada, mei] = ["ada", "mei"].map((name) => `spiffe://test.example/ns/default/user/${name}`);
      const value = {
        ...{ requester: mei, principal: idOf("agent", "assistant"), actions: ["egress"], reason: "an upload" },
        ...{ resources: [idOf("external", "partner")], seconds: 600, requestedAt: Date.now(), rule: "default/calls" },
        ...{
          approversNeeded: 1,
          approverGroups: [],
          state: "approved",
          starts: Date.now(),
          ends: Date.now() + 600_000,
        },
        approvals: [{ by: ada, at: Date.now(), passkey: "p", words: "yes" }],
        call: callDigest(JSON.stringify({ address, body: [1], method: "POST" })),
      };
      await transaction.put({ kind: "grant", namespace: "default" as Namespace, name: id }, value, "api");
    }
  });
  await until(() => world.estate.cordon.control.snapshots.current().revision >= revision, "the approvals are known");
  const target = `api.partner.example:${world.outside.port}`;
  const begun = await Promise.all(calls.map(() => world.tls(target, "api.partner.example")));
  // Both are on their way before either is decided on.
  for (const [at, socket] of begun.entries())
    socket.write(
      `POST ${calls[at]?.address} HTTP/1.1\r\nHost: ${target}\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1`,
    );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const texts = await Promise.all(
    begun.map(async (socket) => {
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      socket.write("]");
      await until(() => text.includes("\r\n\r\n"), "an answer");
      return text;
    }),
  );
  assert.deepEqual(texts.map((text) => text.slice(9, 12)).toSorted(), ["200", "403"], texts.join("\n"));
  const refused = texts.findIndex((text) => text.startsWith("HTTP/1.1 403"));
  assert.match(texts[refused] ?? "", /has used up what `partner` allows it/);
  const spent = (await store.list("grant")).map(({ name, value }) => [name, "spentAt" in (value as object)]);
  assert.deepEqual(Object.fromEntries(spent), Object.fromEntries(calls.map(({ id }, at) => [id, at !== refused])));
});
