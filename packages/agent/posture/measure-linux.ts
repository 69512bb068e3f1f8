/**
 * A Linux machine's posture, as far as it can be read. In: the root of its file system. Out: facts; what cannot be read is
 * left out, which counts as unknown, and is never guessed.
 */
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PostureFacts } from "@cordon/core/contract/device-api";
import type { Instant } from "@cordon/core/instant";

/** @param root `/`, or where a test keeps a machine's files */
export async function measureLinux(root: string, now: Instant): Promise<PostureFacts> {
  const [os, patchAgeDays, diskEncrypted, screenLock] = await Promise.all([
    readOs(root),
    readPatchAge(root, now),
    readDiskEncryption(root),
    readScreenLock(root),
  ]);
  return {
    ...(os && { os }),
    ...(patchAgeDays === undefined ? {} : { patchAgeDays }),
    ...(diskEncrypted === undefined ? {} : { diskEncrypted }),
    ...(screenLock === undefined ? {} : { screenLock }),
  };
}

/** os-release(5). */
async function readOs(root: string): Promise<PostureFacts["os"]> {
  const text = (await textOf(join(root, "etc/os-release"))) ?? (await textOf(join(root, "usr/lib/os-release")));
  const field = (name: string): string | undefined => {
    const value = new RegExp(`^${name}=(?:"([^"\\n]{1,64})"|([^"\\s]{1,64}))$`, "m").exec(text ?? "");
    return value?.[1] ?? value?.[2];
  };
  const name = field("NAME");
  return name === undefined ? undefined : { name, version: field("VERSION_ID") ?? "" };
}

/** When packages were last installed or updated: what dpkg, rpm, pacman and apk write then. */
const packageFiles = [
  "var/lib/dpkg/status",
  "var/lib/rpm/rpmdb.sqlite",
  "var/lib/rpm/Packages",
  "usr/lib/sysimage/rpm/rpmdb.sqlite",
  "var/lib/pacman/local",
  "lib/apk/db/installed",
];

async function readPatchAge(root: string, now: Instant): Promise<number | undefined> {
  const times = await Promise.all(
    packageFiles.map((file) =>
      stat(join(root, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      ),
    ),
  );
  const newest = Math.max(...times.map((time) => time ?? -Infinity));
  if (!Number.isFinite(newest)) return undefined;
  return Math.max(0, Math.round(((now - newest) / 86_400_000) * 10) / 10);
}

/**
 * Whether what `/` is mounted from stands on dm-crypt. A file system that is no block device of this machine's, such as a
 * container's overlay, tells nothing.
 */
async function readDiskEncryption(root: string): Promise<boolean | undefined> {
  const mounts = await textOf(join(root, "proc/self/mountinfo"));
  // proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, ...
  const line = mounts?.split("\n").findLast((each) => each.split(" ")[4] === "/");
  const device = line?.split(" ")[2];
  if (device === undefined || !/^\d{1,5}:\d{1,8}$/.test(device) || device.startsWith("0:")) return undefined;
  return standsOnCrypt(join(root, "sys/dev/block", device), 0);
}

/** A mapped device says what it is; one made of others is encrypted where all of them are. */
async function standsOnCrypt(path: string, depth: number): Promise<boolean | undefined> {
  if (depth > 8 || (await isMissing(path))) return undefined;
  const uuid = await textOf(join(path, "dm/uuid"));
  if (uuid?.startsWith("CRYPT-") === true) return true;
  const slaves = await readdir(join(path, "slaves")).catch(() => []);
  if (slaves.length === 0) return false;
  const below = await Promise.all(slaves.map((name) => standsOnCrypt(join(path, "slaves", name), depth + 1)));
  if (below.includes(undefined)) return undefined;
  return below.every((each) => each === true);
}

/** Of desktops that keep it in a readable file. GNOME keeps it in a binary database: unknown, unless a machine-wide rule sets it. */
async function readScreenLock(root: string): Promise<boolean | undefined> {
  const said: boolean[] = [];
  for (const home of await homes(root)) {
    const kde = await textOf(join(home, ".config/kscreenlockerrc"));
    if (kde !== undefined) said.push(!/^Autolock=false$/m.test(kde));
    const x = await textOf(join(home, ".xscreensaver"));
    if (x !== undefined) said.push(/^lock:\s*True$/m.test(x));
  }
  for (const file of await readdir(join(root, "etc/dconf/db/local.d")).catch(() => [])) {
    const rule = await textOf(join(root, "etc/dconf/db/local.d", file));
    const value = /^\[org\/gnome\/desktop\/screensaver\][^[]*^lock-enabled=(true|false)$/m.exec(rule ?? "")?.[1];
    if (value !== undefined) said.push(value === "true");
  }
  return said.length === 0 ? undefined : said.every((locks) => locks);
}

async function homes(root: string): Promise<readonly string[]> {
  const names = await readdir(join(root, "home")).catch(() => []);
  return names.slice(0, 64).map((name) => join(root, "home", name));
}

const mostBytes = 1_048_576;

async function textOf(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > mostBytes ? undefined : await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    () =>
      readlink(path).then(
        () => true,
        () => true,
      ),
  );
}
