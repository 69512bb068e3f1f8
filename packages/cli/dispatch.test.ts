import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { CommandModule, CommandTable } from "./command.ts";
import { dispatch } from "./dispatch.ts";

function recorder() {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdout: (text: string) => void (written.stdout += text),
    stderr: (text: string) => void (written.stderr += text),
  };
  return { written, io };
}

function table(modules: Readonly<Record<string, CommandModule["run"]>>): CommandTable {
  const entries = Object.entries(modules).map(
    ([name, run]) => [name, { summary: `does ${name}`, load: async () => ({ run }) }] as const,
  );
  return Object.fromEntries(entries);
}

test("a command gets the words after its own name and gives its exit code", async () => {
  const { io } = recorder();
  const calls: (readonly string[])[] = [];
  const commands = table({
    up: (args) => (calls.push(args), 0),
    "ledger verify": (args) => (calls.push(args), 1),
  });
  assert.equal(await dispatch(["ledger", "verify", "state", "--json"], io, commands), 1);
  assert.equal(await dispatch(["up", "--demo"], io, commands), 0);
  assert.deepEqual(calls, [["state", "--json"], ["--demo"]]);
});

test("only the command that is called is loaded", async () => {
  const { io } = recorder();
  const loaded: string[] = [];
  const command = (name: string) => ({
    summary: name,
    load: async () => (loaded.push(name), { run: () => 0 as const }),
  });
  await dispatch(["ledger", "verify"], io, { up: command("up"), "ledger verify": command("ledger verify") });
  assert.deepEqual(loaded, ["ledger verify"]);
});

test("the version is printed alone on a line", async () => {
  for (const flag of ["--version", "-V", "version"]) {
    const { io, written } = recorder();
    assert.equal(await dispatch([flag], io, {}), 0);
    assert.match(written.stdout, /^cordon \d+\.\d+\.\d+\n$/);
  }
});

test("help lists every command with its summary, also when nothing is typed", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { io, written } = recorder();
    assert.equal(await dispatch(args, io, table({ up: () => 0, "ledger verify": () => 0 })), 0);
    assert.match(written.stdout, /up +does up\n.*ledger verify +does ledger verify\n/s);
  }
});

test("help for a command asks that command", async () => {
  const { io } = recorder();
  let asked: readonly string[] = [];
  assert.equal(await dispatch(["help", "up"], io, table({ up: (args) => ((asked = args), 0) })), 0);
  assert.deepEqual(asked, ["--help"]);
});

test("an unknown command is refused with the nearest one named", async () => {
  const commands = table({ up: () => 0, status: () => 0, "ledger verify": () => 0, "ledger prove": () => 0 });
  const cases: [string[], RegExp][] = [
    [["statsu"], /no command `cordon statsu`; did you mean `cordon status`/],
    [["ledger", "verfy"], /no command `cordon ledger verfy`; did you mean `cordon ledger verify`/],
    [["leger", "verify"], /did you mean `cordon ledger/],
    [["quantum"], /`cordon help` lists/],
    [["ledger"], /cordon ledger needs one of: verify, prove/],
    [["constructor"], /no command `cordon constructor`/],
    [["--frob"], /no command `cordon --frob`/],
  ];
  for (const [args, message] of cases) {
    const { io, written } = recorder();
    assert.equal(await dispatch(args, io, commands), 2, args.join(" "));
    assert.match(written.stderr, message);
    assert.equal(written.stdout, "");
  }
});

test("a failure is printed with its code and message, and without its cause", async () => {
  const { io, written } = recorder();
  const run = () => {
    throw new CordonError("LEDGER_CORRUPT", "tile 3 does not hash", { cause: new Error("inner detail") });
  };
  assert.equal(await dispatch(["up"], io, table({ up: run })), 2);
  assert.equal(written.stderr, "error LEDGER_CORRUPT: tile 3 does not hash\n");
});

test("an option that a command does not know is a usage failure, not a bug", async () => {
  const { io, written } = recorder();
  const run = (args: readonly string[]) => {
    parseArgs({ args: [...args], options: {} });
    return 0;
  };
  assert.equal(await dispatch(["up", "--frob"], io, table({ up: run })), 2);
  assert.match(written.stderr, /^error USAGE: .*--frob/);
});

test("any other error is called a bug and shows where it arose", async () => {
  const { io, written } = recorder();
  const run = async () => {
    throw new TypeError("x is undefined");
  };
  assert.equal(await dispatch(["up"], io, table({ up: run })), 2);
  assert.match(written.stderr, /bug in Cordon.*TypeError: x is undefined\n +at /s);
});
