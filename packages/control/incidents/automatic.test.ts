/** Incidents that open by themselves: who is watched, whatever a call says of itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { incidentsSchema } from "@cordon/core/contract/incident-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { watchForIncidents } from "./automatic.ts";
import type { Discovered } from "./incidents.ts";

const id = (rest: string): SpiffeId => `spiffe://bank.example/ns/default/${rest}` as SpiffeId;
const mei = id("user/mei");
const agent = id("agent/assistant");

function refusals(principal: SpiffeId, user: SpiffeId | undefined): readonly Discovered[] {
  const found: Discovered[] = [];
  const rules = incidentsSchema.parse({ open: { lateralMoves: { resources: 3 } } }).open;
  const watch = watchForIncidents({ rules, now: () => 1_000, found: (one) => found.push(one) });
  for (const name of ["a", "b", "c"])
    watch.hear({
      ...{ kind: "decision", effect: "deny", id: `r-${name}`, principal, resource: id(`dataset/${name}`) },
      ...(user === undefined ? {} : { user: { id: user, session: "aa" } }),
      reasons: [{ code: "no-permit", words: "no" }],
    } as unknown as DecisionEntry);
  return found;
}

test("a workload that tries one door after the other is found, whomever it says it acts for; a person is not", () => {
  for (const user of [undefined, mei]) {
    const [found, ...more] = refusals(agent, user);
    assert.deepEqual([found?.rule, found?.subjects, more.length], ["lateral-moves", [agent], 0], user);
  }
  assert.deepEqual(refusals(mei, mei), []);
});
