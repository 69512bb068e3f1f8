import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { measureLinux } from "./measure-linux.ts";

const now = 1_700_000_000_000;

async function machine(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "cordon-posture-"));
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

const mountinfo = (device: string): string =>
  `22 1 0:20 / /proc rw - proc proc rw\n29 1 ${device} / / rw,relatime shared:1 - ext4 /dev/mapper/root rw\n`;

test("a laptop in good order: encrypted below LVM, updated two days ago, its screen locks", async () => {
  await using laptop = await machine({
    "etc/os-release": 'PRETTY_NAME="Debian"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\n',
    "var/lib/dpkg/status": "",
    "proc/self/mountinfo": mountinfo("254:1"),
    "sys/dev/block/254:1/dm/uuid": "LVM-abc\n",
    "sys/dev/block/254:1/slaves/dm-0/dm/uuid": "CRYPT-LUKS2-abc-root\n",
    "home/mei/.config/kscreenlockerrc": "[Daemon]\nTimeout=5\n",
  });
  await utimes(join(laptop.root, "var/lib/dpkg/status"), 0, now / 1000 - 2 * 86_400);
  assert.deepEqual(await measureLinux(laptop.root, now), {
    os: { name: "Debian GNU/Linux", version: "13" },
    patchAgeDays: 2,
    diskEncrypted: true,
    screenLock: true,
  });
});

test("a plain disk is not encrypted; one of two mirrored halves that is not makes the whole not", async () => {
  await using plain = await machine({ "proc/self/mountinfo": mountinfo("8:1"), "sys/dev/block/8:1/partition": "1" });
  assert.equal((await measureLinux(plain.root, now)).diskEncrypted, false);
  await using half = await machine({
    "proc/self/mountinfo": mountinfo("9:0"),
    "sys/dev/block/9:0/slaves/dm-0/dm/uuid": "CRYPT-LUKS2-a",
    "sys/dev/block/9:0/slaves/sdb1/partition": "1",
  });
  assert.equal((await measureLinux(half.root, now)).diskEncrypted, false);
});

test("one home in which the screen does not lock is enough", async () => {
  await using shared = await machine({
    "home/a/.xscreensaver": "timeout: 5\nlock: True\n",
    "home/b/.config/kscreenlockerrc": "[Daemon]\nAutolock=false\n",
  });
  assert.equal((await measureLinux(shared.root, now)).screenLock, false);
});

test("what cannot be read is left out: a container's overlay, no package database, nothing at all", async () => {
  await using container = await machine({ "proc/self/mountinfo": mountinfo("0:123") });
  assert.deepEqual(await measureLinux(container.root, now), {});
});

test("this very machine is measured without throwing", async () => {
  const facts = await measureLinux("/", Date.now());
  assert.equal(typeof facts.os?.name, "string");
});
