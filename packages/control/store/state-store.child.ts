/**
 * A process that writes, for the contract's tests. `MODE URL ...`: `write LABEL COUNT` writes and ends; `endless` writes
 * three objects a transaction until it is killed; `codes` gives codes out, takes each back, and keeps two records that say the
 * same, until it is killed; `hold` stays inside a transaction. Each commit is a line on stdout.
 */
import { writeSync } from "node:fs";
import { openStateStore } from "./open-state-store.ts";
import { key } from "./state-store-fixture.ts";
import type { StateStore } from "./state-store.ts";

const [mode, url = "", label = "", count = "0"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function write(store: StateStore): Promise<void> {
  for (let round = 0; round < Number(count); round += 1) {
    const name = `${label}-${round}`;
    const rollsBack = round % 3 === 2;
    const written = store.transact(label, round, async (transaction) => {
      await transaction.put(key(name), round, "api");
      if (rollsBack) throw new Error("rolled back");
    });
    const outcome = await written.catch((error: unknown) => {
      if (!rollsBack) throw error;
    });
    if (outcome) say(`${outcome.revision} ${name}`);
  }
}

async function writeEndlessly(store: StateStore): Promise<void> {
  for (let round = 0; ; round += 1) {
    const { revision } = await store.transact("endless", round, async (transaction) => {
      const last = Number((await transaction.get(key("one")))?.value ?? 0);
      for (const name of ["one", "two", "three"]) await transaction.put(key(name), last + 1, "api");
    });
    say(String(revision));
  }
}

async function codes(store: StateStore): Promise<void> {
  for (let round = Number(label); ; round += 1) {
    await store.shortLived.add({ kind: "code", id: String(round), value: String(round), expiresAt: 1_000_000 });
    say(`added ${round}`);
    if (await store.shortLived.consume({ kind: "code", id: String(round) }, 1)) say(`used ${round}`);
    await store.records.transact("room", (transaction) =>
      transaction.put(["one", "two"].map((name) => ({ owner: "crash", name, value: round }))),
    );
    say(`kept ${round}`);
  }
}

async function hold(store: StateStore): Promise<void> {
  await store.transact("holder", 0, async (transaction) => {
    for (const name of ["one", "two", "three"]) await transaction.put(key(name), "held", "api");
    say("inside");
    await new Promise((resolve) => setTimeout(resolve, 1_000_000));
  });
}

await using store = await openStateStore(url);
if (mode === "write") await write(store);
if (mode === "endless") await writeEndlessly(store);
if (mode === "codes") await codes(store);
if (mode === "hold") await hold(store);
