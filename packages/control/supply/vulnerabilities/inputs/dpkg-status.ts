/**
 * `/var/lib/dpkg/status`. In: its text, and the release where it is known. Out: installed packages by source package, the
 * name and version that Debian's advisories are about.
 */
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

/**
 * Reads a status file.
 *
 * @param ecosystem `Debian:12`, `Ubuntu:24.04:LTS`; without a release, records about any release count
 */
export function readDpkgStatus(text: string, file: string, ecosystem: string): PackagesRead {
  const found = new Map<string, PackageFound>();
  let line = 1;
  for (const paragraph of text.split(/\n\n+/)) {
    const start = line;
    line += paragraph.split("\n").length + 1;
    const fields = readFields(paragraph);
    const name = fields.get("package");
    const version = fields.get("version");
    if (name === undefined || !(fields.get("status") ?? "").endsWith(" installed")) continue;
    // `Source: name (version)`: only where they differ from the package's own.
    const source = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(fields.get("source") ?? "");
    const subject = { name: source?.[1] ?? name, version: source?.[2] ?? version };
    if (found.size >= maxPackages) throw new Error(`it lists more than ${maxPackages} packages`);
    found.set(`${subject.name} ${subject.version ?? ""}`, { ecosystem, ...subject, file, line: start });
  }
  return { packages: [...found.values()], unread: [] };
}

function readFields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const row of paragraph.split("\n")) {
    const colon = row.indexOf(":");
    if (colon > 0 && !/^\s/.test(row)) fields.set(row.slice(0, colon).toLowerCase(), row.slice(colon + 1).trim());
  }
  return fields;
}
