/** Workloads that act for people, against a real Cordon: what both may do, and what an attacker makes of it. */
import assert from "node:assert/strict";
import { createPublicKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { delegationHeader, mintDelegation } from "@cordon/core/identity/delegation";
import { twinOfJoseSignature } from "@cordon/core/identity/revocation";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { chatCall, idOf, policies, until, type Answer, type Estate } from "./estate.ts";
import { openPeopleEstate, peopleOf } from "./people-estate.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const rules = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource in Namespace::"default") when { principal.groups.contains("data-science") };
@id("people-keep-objects") permit (principal is User, action in [Action::"read", Action::"write"], resource == Component::"default/endpoint/chat");
@id("assistant-reads-data") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/training-data");
@id("only-for-people") @reason("the assistant reads data for a person, never by itself") forbid (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/training-data") unless { context.user != "" };
`;

interface Asked {
  readonly actor?: SpiffeId;
  readonly audience?: SpiffeId;
  readonly person?: SpiffeId;
  readonly seconds?: number;
  readonly at?: number;
  readonly id?: string;
  readonly actions?: readonly Action[];
  readonly resources?: readonly SpiffeId[];
}

function delegationOf(from: X509Svid, asked: Asked = {}): string {
  const { actor = idOf("agent", "assistant"), audience = idOf("service", "gateway"), person = from.id } = asked;
  const { seconds = 600, at = Date.now(), actions, resources, id = randomBytes(8).toString("hex") } = asked;
  return mintDelegation(
    {
      ...{ person, actor, audience, issuedAt: at, lifetimeSeconds: seconds, id },
      ...(actions && { actions }),
      ...(resources && { resources }),
    },
    from.key,
  );
}

const chat = (model = "m") => chatCall({ model, messages: [{ role: "user", content: "hello" }] });

/** As a workload, for whoever the delegation is of. */
function callFor(estate: Estate, svid: X509Svid, token: string | undefined, path: string, body?: string | object) {
  const options = body === undefined ? { headers: {} } : chatCall(body as never);
  const headers = { ...options.headers, ...(token === undefined ? {} : { [delegationHeader]: token }) };
  return estate.call(svid, path, { ...options, headers });
}

const codeOf = (answer: Answer): string => `${answer.status} ${answer.json().error?.code ?? ""}`;

async function peopled() {
  const estate = await openPeopleEstate({ policies: rules, bearer: true });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  return {
    estate,
    ada,
    mei,
    notebook: await cliCredential(mei),
    assistant: await estate.svidFor("agent", "assistant"),
  };
}

test("a call of a workload for a person takes what both may do; the ledger names both; the upstream hears of neither's proof", async () => {
  const { estate, ada, mei, notebook, assistant } = await peopled();
  await using _ = estate;
  const token = delegationOf(notebook);
  const first = await callFor(estate, assistant, token, "/v1/chat/completions", chat().body);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(
    Object.keys(estate.chat.seen[0]?.headers ?? {}).filter((name) => name.startsWith("cordon-")),
    [],
  );
  assert.ok(!JSON.stringify(estate.chat.seen).includes(token));

  // The assistant may read the data and mei may not: her half is missing, and the words say whose.
  const without = await callFor(estate, assistant, token, "/training-data/rows");
  assert.equal(without.status, 403);
  assert.match(
    without.text,
    /assistant acts for mei, and no policy and no grant lets mei read.*cordon grant request read/,
  );
  // mei may use `spare`'s model by her group, as anybody of it; the embedding of it the assistant may not.
  const lent = await callFor(
    estate,
    await estate.svidFor("agent", "rival"),
    delegationOf(notebook, { actor: idOf("agent", "rival") }),
    "/v1/chat/completions",
    chat("s").body,
  );
  assert.equal(lent.status, 403, "a person's rights are not lent to a workload");
  assert.match(lent.text, /no policy of namespace `default` permits agent\/rival|permits.*rival/);

  const { json: asked } = await mei.ask({
    actions: ["read"],
    resources: ["training-data"],
    reason: "drift",
    minutes: 60,
  });
  assert.equal((await ada.voice("approve", asked.id)).status, 200);
  assert.equal((await callFor(estate, assistant, token, "/training-data/rows")).status, 200);
  assert.equal((await callFor(estate, assistant, undefined, "/training-data/rows")).status, 403, "never by itself");
  // The grant is mei's: in no other hands does it open anything.
  const kay = await invited(estate, ada, "kay", ["data-science"]);
  const other = await cliCredential(kay);
  assert.equal((await callFor(estate, assistant, delegationOf(other), "/training-data/rows")).status, 403);

  const decisions = (await estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const session = sha256Hex(createPublicKey(notebook.key).export({ type: "spki", format: "der" }));
  const own = decisions.filter(({ user }) => user?.session === session);
  assert.equal(own.length, 4);
  assert.ok(own.every(({ user, principal }) => user?.id === mei_id && principal !== mei_id));
  const story = decisions.find(({ reasons }) => reasons.some(({ grant }) => grant === asked.id));
  assert.equal(story?.principal, idOf("agent", "assistant"));
});

const mei_id = parseSpiffeId("spiffe://test.example/ns/default/user/mei");

test("forged, stolen, replayed, misdirected and stripped delegations are refused, and none is taken for the workload's own call", async () => {
  const { estate, notebook, assistant } = await peopled();
  await using _ = estate;
  const path = "/v1/chat/completions";
  const body = String(chat().body);
  const sent = async (
    token: string | undefined,
    svid: X509Svid | undefined = assistant,
    more: Record<string, string> = {},
  ) =>
    codeOf(
      await estate.call(svid, path, {
        ...chat(),
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { [delegationHeader]: token }),
          ...more,
        },
      }),
    );
  const good = delegationOf(notebook);
  assert.equal(await sent(good), "200 ");
  const rival = await estate.svidFor("agent", "rival");
  assert.equal(await sent(good, rival), "401 TOKEN_NOT_PERMITTED", "another workload replays it");
  assert.equal(await sent(good, notebook), "401 TOKEN_NOT_PERMITTED", "a person acts for nobody");
  assert.equal(await sent(delegationOf(notebook, { audience: idOf("service", "elsewhere") })), "401 TOKEN_AUDIENCE");
  assert.equal(await sent(delegationOf(notebook, { at: Date.now() - 700_000 })), "401 TOKEN_EXPIRED");
  assert.equal(await sent(`${good.slice(0, -6)}AAAAAA`), "401 TOKEN_INVALID", "a bent signature");
  assert.equal(await sent("mei"), "401 TOKEN_INVALID", "a name is no proof");
  assert.equal(await sent(""), "401 TOKEN_INVALID", "an empty header is not no header");
  assert.equal(
    await sent(delegationOf(rival, { person: mei_id })),
    "403 ACCESS_DENIED",
    "a key in which mei is not signed in",
  );
  assert.equal(
    await sent(delegationOf(rival, { person: idOf("agent", "rival") })),
    "401 TOKEN_INVALID",
    "for no person",
  );
  const partner = parseSpiffeId("spiffe://partner.example/ns/default/user/mei");
  assert.equal(
    await sent(delegationOf(notebook, { person: partner })),
    "403 ACCESS_DENIED",
    "a person of another domain",
  );
  const nobody = parseSpiffeId("spiffe://test.example/ns/default/user/nobody");
  assert.equal(
    await sent(delegationOf(notebook, { person: nobody })),
    "403 ACCESS_DENIED",
    "mei's session is not nobody's",
  );
  // A bearer token and a delegation could both have been stolen.
  const { token: bearer } = await estate.cordon.control.authority.issueJwtSvid({
    id: idOf("agent", "notebook"),
    audience: [idOf("service", "gateway")],
  });
  const forNotebook = delegationOf(notebook, { actor: idOf("agent", "notebook") });
  assert.equal(await sent(forNotebook, undefined, { authorization: `Bearer ${bearer}` }), "401 TOKEN_NOT_PERMITTED");
  assert.equal(estate.chat.seen.length, 1, "nothing else came through");

  const twice = await estate.agent(assistant).request({
    ...{ origin: estate.cordon.gatewayUrl, path, method: "POST", body },
    headers: ["content-type", "application/json", delegationHeader, good, "Cordon-Delegation", good],
  });
  assert.equal(twice.statusCode, 400);
  await twice.body.dump();
});

test("a delegation may be narrower than both: nothing but its actions and resources", async () => {
  const { estate, notebook, assistant } = await peopled();
  await using _ = estate;
  const chatOnly = delegationOf(notebook, { actions: ["infer"], resources: [idOf("endpoint", "chat")] });
  assert.equal((await callFor(estate, assistant, chatOnly, "/v1/chat/completions", chat().body)).status, 200);
  const spare = await callFor(estate, assistant, chatOnly, "/v1/chat/completions", chat("s").body);
  assert.deepEqual([spare.status, /delegation does not cover it/.test(spare.text)], [403, true]);
  const reads = delegationOf(notebook, { actions: ["read"] });
  assert.equal((await callFor(estate, assistant, reads, "/v1/chat/completions", chat().body)).status, 403);
  const models = await callFor(estate, assistant, chatOnly, "/v1/models");
  assert.deepEqual(
    models.json().data.map(({ id }: { id: string }) => id),
    ["m", "renamed", "brittle"],
    "what is listed is what may be used",
  );
});

test("what a workload made at an upstream for one person is not there for another, nor for itself", async () => {
  const { estate, ada, notebook, assistant } = await peopled();
  await using _ = estate;
  const kay = await cliCredential(await invited(estate, ada, "kay", ["data-science"]));
  estate.chat.answer = (_seen, response) =>
    void response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"id":"resp_of_mei","object":"response"}');
  const body = JSON.stringify({ model: "m", input: "hello", store: true });
  const made = await callFor(estate, assistant, delegationOf(notebook), "/v1/responses", body);
  assert.equal(made.status, 200, made.text);
  const read = (token: string | undefined) => callFor(estate, assistant, token, "/v1/responses/resp_of_mei");
  assert.equal((await read(delegationOf(notebook))).status, 200);
  assert.equal((await read(delegationOf(kay))).status, 404, "another person");
  assert.equal((await read(undefined)).status, 404, "the workload by itself");
});

for (const [what, end] of [
  [
    "the account is locked",
    async ({ ada }: Ends) => void (await ada.call("POST", "/v1/people/lock", { name: "mei", reason: "left" })),
  ],
  ["the person signs out", ({ estate, notebook }: Ends) => endSession(estate, notebook)],
  ["the delegation ends", () => Promise.resolve()],
] as const)
  test(`a stream that a workload reads for a person is cut when ${what}`, async () => {
    const opened = await peopled();
    const { estate, notebook, assistant } = opened;
    await using _ = estate;
    estate.chat.answer = (_seen, response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: {}\n\n");
    const seconds = what === "the delegation ends" ? 3 : 600;
    const { statusCode, body } = await estate.agent(assistant).request({
      ...{ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", method: "POST" },
      headers: { "content-type": "application/json", [delegationHeader]: delegationOf(notebook, { seconds }) },
      body: JSON.stringify({ model: "m", stream: true, messages: [] }),
    });
    assert.equal(statusCode, 200);
    let over = false;
    const reading = body.text().then(
      () => void (over = true),
      () => void (over = true),
    );
    await until(() => estate.cordon.gateway.liveCount() === 1, "the stream is under way");
    await end(opened);
    await until(() => over, "the stream is cut");
    await reading;
    const outcome = (await estate.entries()).findLast((entry) => entry.kind === "outcome" && entry.end === "cut");
    assert.ok(outcome?.kind === "outcome");
    assert.match(outcome.why?.words ?? "", /locked|not signed in|let .* act until/);
  });

test("one delegation is ended alone, by whoever made it and nobody else: what runs on it is cut, the others go on", async () => {
  const { estate, ada, mei, notebook, assistant } = await peopled();
  await using _ = estate;
  const kay = await invited(estate, ada, "kay", ["data-science"]);
  await cliCredential(kay);
  estate.chat.answer = (_seen, response) =>
    void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: {}\n\n");
  const [first, second] = [delegationOf(notebook, { id: "one" }), delegationOf(notebook, { id: "two" })];
  const open = async (token: string) => {
    const { statusCode, body } = await estate.agent(assistant).request({
      ...{ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", method: "POST" },
      headers: { "content-type": "application/json", [delegationHeader]: token },
      body: JSON.stringify({ model: "m", stream: true, messages: [] }),
    });
    assert.equal(statusCode, 200);
    const stream = { over: false };
    body
      .on("error", () => (stream.over = true))
      .on("end", () => (stream.over = true))
      .resume();
    return stream;
  };
  const [one, two] = [await open(first), await open(second)];
  await until(() => estate.cordon.gateway.liveCount() === 2, "both streams are under way");

  assert.equal((await kay.call("POST", "/v1/delegations/end", { id: "one" })).status, 200);
  assert.equal((await ada.call("POST", "/v1/delegations/end", { id: "one" })).status, 409, "who made none");
  assert.equal((await mei.call("POST", "/v1/delegations/end", { id: "one two" })).status, 400);
  assert.deepEqual([one.over, estate.cordon.gateway.liveCount()], [false, 2], "another's word ends nothing of mei's");

  const ended = await mei.call("POST", "/v1/delegations/end", { id: "one" });
  assert.deepEqual([ended.status, ended.json], [200, { ended: true }], ended.text);
  await until(() => one.over, "its stream is cut");
  assert.equal(two.over, false);
  const path = "/v1/chat/completions";
  const again = await callFor(estate, assistant, first, path, chat().body);
  assert.deepEqual([again.status, /act no more: the delegation was ended/.test(again.text)], [403, true]);
  // The twin of its signature (r, n - s) is the same delegation.
  assert.equal((await callFor(estate, assistant, twinOf(first), path, chat().body)).status, 403);
  estate.chat.answer = (_seen, response) => void response.end("{}");
  assert.equal((await callFor(estate, assistant, second, path, chat().body)).status, 200);
  assert.equal((await callFor(estate, assistant, delegationOf(notebook), path, chat().body)).status, 200);
  const cuts = (await estate.entries()).flatMap((entry) =>
    entry.kind === "outcome" && entry.end === "cut" ? [entry.why?.words ?? ""] : [],
  );
  assert.equal(cuts.filter((words) => words.includes("the delegation was ended")).length, 1);
});

function twinOf(token: string): string {
  const [head, claims, signature = ""] = token.split(".");
  const twin = twinOfJoseSignature(Buffer.from(signature, "base64url"));
  assert.ok(twin);
  return `${head}.${claims}.${Buffer.from(twin).toString("base64url")}`;
}

type Ends = Awaited<ReturnType<typeof peopled>>;

async function endSession(estate: Estate, { key }: X509Svid): Promise<void> {
  const name = sha256Hex(createPublicKey(key).export({ type: "spki", format: "der" }));
  await peopleOf(estate).deps.store.transact("the test", Date.now(), (transaction) =>
    transaction.delete({ kind: "session", namespace: "default" as Namespace, name }, "api"),
  );
}
