/**
 * The protocol's conformance suite, once straight at a server and once through the gateway, for each version of the protocol
 * that the suite knows: what it finds must be the same, check for check. The server is made for the suite
 * (`mcp-whole-server.ts`), so nothing is excused: straight at it every scenario passes.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { openDoor, openThrough } from "./mcp-door.ts";
import { installed } from "./mcp-servers.ts";
import { startWholeServer } from "./mcp-whole-server.ts";

/**
 * Extensions (tasks, skills) are no part of a version. DNS rebinding is met before there is a server: the gateway answers
 * nobody without an identity, and what speaks plain HTTP on the loopback for a program (`cordon run`) refuses foreign hosts
 * (`packages/agent/run/caller.ts`).
 */
const leftOut = /^[✓✗] (?:tasks-|sep-2640-|dns-rebinding-protection)/;

/** The suite's verdict on a server, a line a scenario. */
function suite(main: string, url: string, choice: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      [main, "server", "--url", url, ...choice],
      { timeout: 150_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        const lines = stdout.split("\n").filter((line) => /^[✓✗] .*: \d+ passed, \d+ failed/.test(line));
        if (lines.length === 0) reject(error ?? new Error(`it printed no summary:\n${stdout}`));
        else resolve(lines.filter((line) => !leftOut.test(line)).toSorted());
      },
    ),
  );
}

const versions: readonly (readonly [string, readonly string[], least: number])[] = [
  ["2025-06-18", ["--suite", "all", "--spec-version", "2025-06-18"], 27],
  ["2025-11-25", ["--requirements", "2025-11-25"], 32],
  ["2026-07-28", ["--requirements", "2026-07-28"], 39],
];

for (const [version, choice, least] of versions)
  test(
    `the conformance suite of ${version} finds the same through the gateway as direct`,
    { timeout: 320_000 },
    async (t) => {
      const conformance = await installed(t, "conformance");
      if (conformance === undefined) return;
      await using server = await startWholeServer();
      const direct = await suite(conformance, `http://127.0.0.1:${server.port}/mcp`, choice);
      await using estate = await openThrough(server.port);
      const through = await suite(conformance, await openDoor(estate, t), choice);
      const passed = (lines: readonly string[]) => lines.filter((line) => line.startsWith("✓")).length;
      t.diagnostic(
        `conformance 0.2.0-alpha.12, ${version}: direct ${passed(direct)} of ${direct.length}, ` +
          `through the gateway ${passed(through)} of ${through.length}`,
      );
      assert.deepEqual(through, direct);
      assert.ok(direct.length >= least, `${direct.length} scenarios`);
      assert.equal(passed(direct), direct.length, direct.join("\n"));
    },
  );
