import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { Bell } from "./bell.ts";
import { type FeedSource, followLog } from "./feed.ts";
import type { Change } from "./state-store.ts";

const passing = new CordonError("STORE_UNAVAILABLE", "away for a moment");

function change(revision: number): Change {
  const key = { kind: "component", namespace: "default" as Namespace, name: `c${revision}` };
  return { ...key, revision: revision as Revision, at: 0, actor: "tester", op: "delete" };
}

/** A log whose reads give the prepared answers, one after the other, and then nothing. */
function source(
  answers: readonly (readonly number[] | Error)[],
  head = 0,
): FeedSource & { readonly troubles: unknown[] } {
  const left = [...answers];
  const troubles: unknown[] = [];
  return {
    bell: new Bell(),
    troubles,
    head: async () => head as Revision,
    changesSince: async () => {
      const answer = left.shift() ?? [];
      if (answer instanceof Error) throw answer;
      return answer.map(change);
    },
    mayPass: (error) => error === passing,
    trouble: (error) => void troubles.push(error),
  };
}

async function follow(from: FeedSource, count: number, revision = 0): Promise<number[]> {
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const [first] of followLog(from, revision as Revision, stop.signal)) {
    seen.push(first?.revision ?? 0);
    if (seen.length === count) stop.abort();
  }
  return seen;
}

describe("change feed", () => {
  test("gives revisions across reads in order", async () => {
    assert.deepEqual(await follow(source([[1, 2], [3]]), 3), [1, 2, 3]);
  });

  for (const [what, revisions] of [
    ["leaves one out", [1, 3]],
    ["begins too late", [2]],
    ["repeats one", [1, 2, 1]],
    ["goes back", [1, 2, 0]],
  ] as const) {
    test(`refuses a log that ${what}`, async () => {
      await assert.rejects(follow(source([revisions]), 9), (error) => isCordonError(error, "STORE_CORRUPT"));
    });
  }

  test("refuses a database that ends before what was seen", async () => {
    const restored = follow(source([[]], 4), 1, 5);
    await assert.rejects(
      restored,
      (error) => isCordonError(error, "STORE_CORRUPT") && /older backup/.test(error.message),
    );
  });

  test("waits out what may pass, and says so", async () => {
    const away = source([passing, [1], passing, [2]]);
    assert.deepEqual(await follow(away, 2), [1, 2]);
    assert.deepEqual(away.troubles, [passing, passing]);
  });

  test("throws what will not pass", async () => {
    const broken = new CordonError("STORE_CORRUPT", "damaged");
    await assert.rejects(follow(source([[1], broken]), 2), (error) => error === broken);
  });

  test("a ring between reading and waiting is not lost", async () => {
    const log = source([[], [1]]);
    const ringing: FeedSource = {
      ...log,
      changesSince: async (revision, limit) => {
        const changes = await log.changesSince(revision, limit);
        if (changes.length === 0) log.bell.ring();
        return changes;
      },
    };
    assert.deepEqual(await follow(ringing, 1), [1]);
  });
});
