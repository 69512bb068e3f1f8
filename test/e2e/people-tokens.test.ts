/** A person who is signed in seals and opens tokens with `cordon data ... --me`: their own and their namespace's, as policy lets them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run as detokenize } from "@cordon/cli/commands/data/detokenize";
import { run as tokenize } from "@cordon/cli/commands/data/tokenize";
import { saveLogin } from "@cordon/cli/login/login-file";
import { openIncident } from "@cordon/control/incidents/incidents";
import { chatCall, policies, until } from "./estate.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator, cliCredential, cliLogin, invited } from "./soft-people.ts";
import type { SoftPerson } from "./soft-person.ts";

const permits = `${policies}
@id("mei-works") permit (principal == User::"default/user/mei", action in [Action::"infer", Action::"write", Action::"detokenize"], resource == Component::"default/endpoint/chat");
@id("kay-opens") permit (principal == User::"default/user/kay", action == Action::"detokenize", resource == Component::"default/endpoint/chat");
@id("not-at-risk") forbid (principal, action == Action::"detokenize", resource) when { context.risk.incident == "critical" };
`;
const tokens = "inspection: { request: { pii: tokenize } }\n";

test("what a person sent, or seals, opens for them and for nobody else; policy decides, and risk is seen", async () => {
  await using estate = await openPeopleEstate({ policies: permits, more: tokens });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", []);
  const kay = await invited(estate, ada, "kay", []);
  const signIn = async (person: SoftPerson): Promise<void> => {
    process.env["CORDON_LOGIN"] = join(estate.folder, `${person.keyId}.json`);
    await saveLogin(process.env, await cliLogin(person));
  };
  const say = async (command: typeof tokenize, text: string, more: readonly string[] = []) => {
    let [out, err] = ["", ""];
    const io = { stdout: (words: string) => void (out += words), stderr: (words: string) => void (err += words) };
    const args = ["--me", "--on", "chat", ...(more.includes("--scope") ? [] : ["--scope", "principal"]), ...more];
    const code = await command(
      args,
      io,
      (async function* () {
        yield Buffer.from(text);
      })(),
    );
    return { code, out, err };
  };

  const svid = await cliCredential(mei);
  await estate.call(
    svid,
    "/v1/chat/completions",
    chatCall({ model: "m", messages: [{ role: "user", content: "NRIC S1234567D" }] }),
  );
  const token = /tok_sg-nric_[a-z2-7]+/.exec(estate.chat.seen[0]?.body.toString() ?? "")?.[0] ?? "none";

  await signIn(mei);
  assert.deepEqual(await say(detokenize, `of ${token}.`), { code: 0, out: "of S1234567D.", err: "" });
  const many = Array.from({ length: 100 }, (_, n) => `person${n}@bank.example`).join(" ");
  const sealed = await say(tokenize, many);
  assert.equal(sealed.code, 0, sealed.err);
  assert.doesNotMatch(sealed.out, /@bank/);
  assert.deepEqual(await say(detokenize, sealed.out), { code: 0, out: many, err: "" }, "more than fit one request");
  const shared = await say(tokenize, "NRIC S1234567D", ["--scope", "namespace"]);

  // Somebody else of the same namespace: the namespace's tokens, and none of mei's.
  await signIn(kay);
  assert.equal((await say(detokenize, shared.out, ["--scope", "namespace"])).out, "NRIC S1234567D");
  const others = await say(detokenize, `of ${token}.`);
  assert.deepEqual([others.code, others.out], [1, `of ${token}.`]);
  assert.match(others.err, /another person's own conversation/);
  await assert.rejects(say(tokenize, "NRIC S1234567D"), /ACCESS_DENIED|may not seal tokens/);

  // Nobody says for whom: a name in the body, another namespace, or no person at all.
  const ask = { resource: "chat", namespace: "default", scope: "principal", tokens: [token] };
  const asMei = { ...ask, principal: "spiffe://test.example/ns/default/user/mei" };
  assert.equal((await kay.call("POST", "/v1/tokens/open", asMei)).status, 400);
  assert.equal((await mei.call("POST", "/v1/tokens/open", { ...ask, namespace: "other" })).status, 403);
  assert.equal(
    (await mei.call("POST", "/v1/tokens/open", ask)).json.values[0].value,
    "S1234567D",
    "in the browser too",
  );

  // What the gateway would sense of her counts here: an incident closes her tokens.
  const { control, ledger } = estate.cordon;
  const record = (entry: Parameters<typeof ledger.append>[0]) => ledger.append(entry);
  const rooms = { store: control.store, snapshot: () => control.snapshots.current(), record, now: Date.now };
  await openIncident(rooms, { severity: "critical", subjects: ["default/user/mei"], reason: "taken over" }, "test");
  await until(() => (control.snapshots.current().incidents?.size ?? 0) > 0, "the incident is in force");
  const atRisk = await mei.call("POST", "/v1/tokens/open", ask);
  assert.equal(atRisk.status, 403, atRisk.text);
  assert.equal((await mei.call("POST", "/v1/sign-out", {})).status, 200);
  assert.equal((await mei.call("POST", "/v1/tokens/open", ask)).status, 401);

  const entries = await estate.entries();
  const text = JSON.stringify(entries);
  assert.ok(!text.includes("S1234567D") && !text.includes("tok_"));
  const mine = entries.flatMap((entry) =>
    entry.kind === "decision" && entry.action === "detokenize" && entry.principal.endsWith("/mei") ? [entry] : [],
  );
  assert.ok(mine.length > 4);
  assert.ok(mine.every(({ user, principal }) => user?.id === principal));
  const desk = mine.filter(({ context }) => context.route === "data");
  assert.ok(desk.every(({ credential }) => credential.assurance === "passkey-session"));
});
