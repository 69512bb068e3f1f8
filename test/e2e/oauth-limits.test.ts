/**
 * A stranger who asks the authorization server for more than anybody needs (resource exhaustion): 429 with `Retry-After`, at every
 * endpoint that works or keeps something before anybody has shown who they are; and whoever comes from elsewhere is served.
 */
import assert from "node:assert/strict";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { requestLimits } from "@cordon/control/oauth/request-limits";
import { openEstate, policies } from "./estate.ts";
import { actFor, ask, program, redirectUri } from "./oauth-client.ts";
import { grantRules } from "./people-estate.ts";
import { administrator } from "./soft-people.ts";

const more = `${grantRules}
oauth:
  clients:
    - { name: app, redirectUris: ["http://127.0.0.1/callback"] }
`;
const permits = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat");
`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request from one address of this machine: all of 127.0.0.0/8 is. */
function from(localAddress: string, address: string, form?: Record<string, string>): Promise<Answer> {
  const url = new URL(address);
  const type = { "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...{ host: "127.0.0.1", port: url.port, path: url.pathname + url.search, localAddress, agent: false },
        ...{ method: form === undefined ? "GET" : "POST", setHost: false },
        headers: { host: url.host, ...(form !== undefined && type) },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.once("error", reject);
    request.end(form === undefined ? undefined : new URLSearchParams(form).toString());
  });
}

function isTooMany({ status, headers, text }: Answer): void {
  assert.equal(status, 429, text);
  assert.match(String(headers["retry-after"]), /^[1-9][0-9]{0,3}$/);
  assert.match(text, /temporarily_unavailable/);
}

async function setting() {
  const estate = await openEstate({ policies: permits, more });
  const ada = await administrator(estate);
  const app = await program(estate);
  const resource = `${estate.cordon.gateway.origin}/v1`;
  const address = (await ask(app, resource, { scope: "infer" })).url.href;
  return { estate, ada, app, resource, address, [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose]() };
}

test("a stranger begins authorizations without end: so many are kept, and not one more; others are asked as before", async () => {
  await using at = await setting();
  const { ada, app, resource, address } = at;
  const begun: Answer[] = [];
  for (let one = 0; one < requestLimits.pending.network + 20; one++) begun.push(await from("127.0.0.2", address));
  const kept = begun.filter(({ status }) => status === 303);
  assert.equal(kept.length, requestLimits.pending.network);
  const rows = (): number => {
    using database = new DatabaseSync(join(at.estate.folder, "state", "cordon.db"), { readOnly: true });
    return Number(database.prepare("select count(*) as n from cordon_short_lived").get()?.["n"]);
  };
  const written = rows();
  assert.ok(
    written >= requestLimits.pending.network && written <= 2 * requestLimits.pending.network,
    `${written} rows`,
  );
  for (let one = 0; one < 20; one++) isTooMany(await from("127.0.0.2", address));
  assert.equal(rows(), written, "what is refused writes nothing");
  for (const refused of begun.slice(requestLimits.pending.network)) isTooMany(refused);
  isTooMany(await from("127.0.0.2", address));
  assert.equal((await from("127.0.0.3", address)).status, 303);
  await actFor(app, ada, resource, { scope: "infer" });
});

test("requests that are pushed, and many at once, count as authorizations do", async () => {
  await using at = await setting();
  const { address, app } = at;
  const asked = Object.fromEntries(new URL(address).searchParams);
  const pushTo = app.config.serverMetadata().pushed_authorization_request_endpoint ?? "";
  const pushed = await Promise.all(
    Array.from({ length: requestLimits.pending.network + 30 }, (_, one) =>
      one % 2 === 0 ? from("127.0.0.2", address) : from("127.0.0.2", pushTo, asked),
    ),
  );
  const kept = pushed.filter(({ status }) => status === 201 || status === 303);
  assert.ok(kept.some(({ status }) => status === 201));
  assert.equal(kept.length, requestLimits.pending.network);
  for (const other of pushed.filter((one) => !kept.includes(one))) isTooMany(other);
});

test("whoever guesses codes at the token endpoint is told to come again later; others redeem theirs", async () => {
  await using at = await setting();
  const { ada, app, resource } = at;
  const endpoint = app.config.serverMetadata().token_endpoint ?? "";
  const guess = (one: number) =>
    from("127.0.0.2", endpoint, {
      ...{ grant_type: "authorization_code", client_id: "default/app", redirect_uri: redirectUri },
      ...{ code: `guess${one}`, code_verifier: "v".repeat(43) },
    });
  const { burst } = requestLimits.network.token;
  let refused: Answer | undefined;
  for (let one = 0; refused === undefined && one < 3 * burst; one += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, each) => guess(one + each)));
    refused = answers.find(({ status }) => status === 429);
    assert.ok(answers.every(({ status }) => status === 400 || status === 429));
  }
  assert.ok(refused);
  isTooMany(refused);
  await actFor(app, ada, resource, { scope: "infer" });
});

test("a client that is asked for from everywhere is bounded, and another client is not held up by it", async () => {
  await using at = await setting();
  const { address, app } = at;
  const endpoint = app.config.serverMetadata().token_endpoint ?? "";
  const { burst } = requestLimits.client.authorize;
  let refused: Answer | undefined;
  // Requests that leave nothing behind, from as many networks as it takes.
  const bent = new URL(address);
  bent.searchParams.set("code_challenge_method", "plain");
  for (let net = 10; refused === undefined && net < 10 + (3 * burst) / 150; net++)
    for (let one = 0; refused === undefined && one < 150; one += 15) {
      const answers = await Promise.all(Array.from({ length: 15 }, () => from(`127.0.1.${net}`, bent.href)));
      refused = answers.find(({ status }) => status === 429);
    }
  assert.ok(refused);
  isTooMany(refused);
  const unknown = new URL(address);
  unknown.searchParams.set("client_id", "default/other");
  assert.equal((await from("127.0.2.1", unknown.href)).status, 400, "who is no client is told so");
  const token = await from("127.0.2.1", endpoint, {
    grant_type: "refresh_token",
    client_id: "default/app",
    refresh_token: "x",
  });
  assert.equal(token.status, 400, "tokens are counted apart");
});
