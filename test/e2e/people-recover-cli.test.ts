/** Recovery and break-glass from the command line: a sealed code leads to a new passkey, once; the emergency leads to the page. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run as recoverCommand } from "@cordon/cli/commands/people/recover";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { softPerson } from "./soft-person.ts";

test("a sealed code from standard input or a file gives an enrolment code, once; a wrong one gives nothing, in the server's words", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const assertion = await mei.confirm("add-passkey", "");
  const { json } = await mei.call("POST", "/v1/recovery/codes", { assertion });
  const file = join(estate.folder, "sealed");
  const recover = async (sealed: string): Promise<string> => {
    await writeFile(file, `${sealed}\n`, { mode: 0o600 });
    let text = "";
    const io = { stdout: (more: string) => void (text += more), stderr: () => undefined };
    const args = ["mei", "--console", mei.console, "--code-file", file, "--json"];
    assert.equal(await recoverCommand(args, io), 0);
    return (JSON.parse(text) as { code: string }).code;
  };
  await assert.rejects(recover("AAAA-BBBB-CCCC-DDDD-EEEE"), /That recovery code is not good for this name/);
  const code = await recover(json.codes[0]);
  const back = softPerson(mei.console);
  assert.equal((await back.enrol("mei", code)).status, 200);
  assert.equal((await mei.call("GET", "/v1/grants")).status, 401, "the old passkey's session is over");
  await assert.rejects(recover(json.codes[0]), /not good for this name/, "once");
});
