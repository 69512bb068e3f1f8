/** People in what is asked of policies before deployment, on a real Cordon's ledger and state: suggest, replay, diff, test. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import * as diff from "@cordon/cli/commands/policy/diff";
import * as replay from "@cordon/cli/commands/policy/replay";
import * as suggest from "@cordon/cli/commands/policy/suggest";
import * as policyTest from "@cordon/cli/commands/policy/test";
import { delegationHeader, mintDelegation } from "@cordon/core/identity/delegation";
import { chatCall, idOf, policies } from "./estate.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const wide = `${policies}
@id("people") permit (principal is User, action, resource in Namespace::"default") when { principal.groups.contains("data-science") && resource.kind == "endpoint" };
@id("assistant-reads") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/training-data");
`;
const hello = chatCall({ model: "m", messages: [{ role: "user", content: "hello" }] });

async function call(command: typeof diff, ...args: string[]) {
  let [out, err] = ["", ""];
  const code = await command.run(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("policies suggested from what people did let all of it through again, and nobody anything that they could not before", async () => {
  await using estate = await openPeopleEstate({ policies: wide });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const kay = await invited(estate, ada, "kay", ["data-science"]);
  const notebook = await cliCredential(mei);
  const assistant = await estate.svidFor("agent", "assistant");
  const delegation = mintDelegation(
    {
      ...{ person: notebook.id, actor: idOf("agent", "assistant"), audience: idOf("service", "gateway") },
      ...{ issuedAt: Date.now(), lifetimeSeconds: 600, id: randomBytes(8).toString("hex") },
    },
    notebook.key,
  );
  const forMei = { ...hello, headers: { ...hello.headers, [delegationHeader]: delegation } };
  // Mei asks alone and through the assistant; Kay asks alone; the training data is read by Mei's grant.
  assert.equal((await estate.call(notebook, "/v1/chat/completions", hello)).status, 200);
  assert.equal((await estate.call(await cliCredential(kay), "/v1/chat/completions", hello)).status, 200);
  assert.equal((await estate.call(assistant, "/v1/chat/completions", forMei)).status, 200);
  const { json: asked } = await mei.ask({
    ...{ actions: ["read"], resources: ["training-data"], reason: "drift", minutes: 60 },
  });
  assert.equal((await ada.voice("approve", asked.id)).status, 200);
  const reading = { headers: { [delegationHeader]: delegation } };
  assert.equal((await estate.call(assistant, "/training-data/rows", reading)).status, 200);
  await estate.entries(); // and Cordon has stopped

  const state = ["--state", join(estate.folder, "state")];
  const seen = await call(suggest, estate.cordon.ledgerFolder);
  assert.equal(seen.code, 0, seen.err);
  assert.match(seen.out, /principal == User::"default\/user\/mei",[\s\S]*context.actor == "default\/agent\/assistant"/);
  assert.match(seen.out, /principal == User::"default\/user\/kay",[\s\S]*?context.actor == ""/);
  assert.match(
    seen.out,
    /No permit: default\/user\/mei, through default\/agent\/assistant was seen to use default\/dataset\/training-data by grant/,
  );
  assert.doesNotMatch(seen.out, /Workload::"default\/user/);

  const narrow = join(estate.folder, "narrow.yaml");
  await writeFile(join(estate.folder, "narrow.cedar"), seen.out);
  const written = await readFile(estate.configuration, "utf8");
  await writeFile(narrow, written.replace("policies.cedar", "narrow.cedar"));
  const again = await call(replay, estate.cordon.ledgerFolder, "--config", narrow, ...state);
  assert.equal(again.code, 0, `${again.out}${again.err}`);
  const change = await call(diff, estate.configuration, narrow, ...state, "--through", "assistant");
  assert.equal(change.code, 0, change.out);
  assert.match(change.out, /^- anybody of default in data-science {2}infer {2}default\/endpoint\/spare/m);
  assert.match(change.out, /^- default\/user\/mei {2}infer {2}default\/endpoint\/spare/m);
  assert.doesNotMatch(change.out, /^[+~]/m);
  const back = await call(diff, narrow, estate.configuration, ...state);
  assert.equal(back.code, 1, "widening it again is a gain");
  assert.match(back.out, /^\+ default\/user\/kay {2}infer {2}default\/endpoint\/spare/m);

  const table = join(estate.folder, "tests.yaml");
  await writeFile(
    table,
    `tests:
  - { person: mei, action: infer, resource: chat, expect: allow }
  - { person: mei, action: infer, resource: spare, expect: deny }
  - { principal: assistant, person: mei, action: infer, resource: chat, expect: allow }
  - { principal: assistant, person: kay, action: infer, resource: chat, expect: deny }
  - { principal: assistant, person: mei, action: read, resource: training-data, expect: allow, because: ${asked.id} }
  - { person: lee, groups: [data-science], action: infer, resource: chat, expect: deny }
`,
  );
  const rows = await call(policyTest, table, "--config", narrow, ...state);
  assert.equal(rows.code, 0, rows.out);
});
