/**
 * Scans a zip: PyTorch and TorchScript archives, NumPy's .npz, Keras's .keras, and any other. In: a source. Out: findings,
 * and the format that its members make it.
 */
import { crc32 } from "node:zlib";
import { decodedSource } from "../bytes/decoded-source.ts";
import { inflate } from "../bytes/inflate.ts";
import { sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { readDirectory, type Directory, type Member } from "./directory.ts";

/** How the members of a kind of archive are read. Gives true for one that it has dealt with. */
export type MemberReader = (member: Member, content: ByteSource, scan: Scan) => boolean;

export interface ArchiveKind {
  readonly format: string;
  readonly read: MemberReader;
}

/** Members up to this size are held to their checksum; larger ones are weights. */
const checkedBytes = 32 * 2 ** 20;

export function scanZip(source: ByteSource, scan: Scan, kindOf: (directory: Directory) => ArchiveKind): string {
  const directory = readDirectory(source);
  for (const words of directory.disagreements.slice(0, 20)) report(scan, "zip/disagreement", "malformed", words);
  checkNames(directory, scan);
  const kind = kindOf(directory);
  for (const member of directory.members) {
    scan.budget.spend(1000);
    if (member.name.endsWith("/") && member.bytes === 0) continue;
    const content = openMember(source, member, scan);
    if (content === undefined) continue;
    if (!kind.read(member, content, scan)) scan.part(member.name, content);
  }
  outside(source, directory, scan);
  return kind.format;
}

function report(
  scan: Scan,
  rule: string,
  verdict: "malformed" | "dangerous" | "encrypted" | "unsupported",
  words: string,
): void {
  scan.report({ rule, verdict, atlas: atlas.unsafeArtefact, words });
}

/** Bytes of a member. A wrong encryption flag does not stop PyTorch, so the data is looked at all the same. */
function openMember(source: ByteSource, member: Member, scan: Scan): ByteSource | undefined {
  const raw = sliceSource(source, member.dataOffset, member.compressedBytes);
  const shown = printable(member.name, 80);
  if (member.encrypted) report(scan, "zip/encrypted", "encrypted", `member ${shown} is encrypted, or says that it is`);
  if (member.symlink)
    report(scan, "zip/symlink", "dangerous", `member ${shown} is a symbolic link: unpacking it leads elsewhere`);
  let content: ByteSource;
  if (member.method === 0) content = raw;
  else if (member.method === 8) {
    if (member.encrypted) return undefined;
    content = decodedSource(() => inflate(raw, 0), scan.budget);
  } else {
    report(
      scan,
      "zip/method",
      "unsupported",
      `member ${shown} is compressed by method ${member.method}, which is not read here`,
    );
    return undefined;
  }
  if (member.method === 0 && member.bytes !== member.compressedBytes)
    report(scan, "zip/size", "malformed", `member ${shown} is stored but has two sizes`);
  if (member.method === 8 && member.bytes > 100 * 2 ** 20 && member.bytes > member.compressedBytes * 200)
    report(
      scan,
      "zip/bomb",
      "dangerous",
      `member ${shown} grows ${Math.round(member.bytes / member.compressedBytes)} times when unpacked`,
    );
  if (member.bytes <= checkedBytes && !member.encrypted) {
    const bytes = content.read(0, member.bytes + 1);
    if (bytes.length !== member.bytes)
      report(scan, "zip/size", "malformed", `member ${shown} has another size than it says`);
    else if (crc32(bytes) !== member.crc)
      report(scan, "zip/checksum", "malformed", `the checksum of member ${shown} is wrong`);
  }
  return content;
}

function checkNames({ members }: Directory, scan: Scan): void {
  const seen = new Set<string>();
  for (const { name } of members) {
    const shown = printable(name, 80);
    const parts = name.replaceAll("\\", "/").split("/");
    if (name.includes("\0"))
      report(scan, "zip/name", "malformed", `the name ${shown} holds a NUL: readers cut it off there`);
    if (parts.includes("..") || name.startsWith("/") || name.startsWith("\\") || /^[A-Za-z]:/.test(name))
      report(scan, "zip/path-traversal", "dangerous", `member ${shown} would be unpacked outside of its folder`);
    const folded = parts.join("/").toLowerCase();
    if (seen.has(folded))
      report(scan, "zip/duplicate", "malformed", `two members are called ${shown}: loaders take different ones`);
    seen.add(folded);
  }
}

/** Bytes before the first member and behind the end record are another file to other loaders. */
function outside(source: ByteSource, directory: Directory, scan: Scan): void {
  if (directory.start > 0) {
    report(scan, "zip/prefix", "malformed", `${directory.start} bytes stand before the zip: two formats in one file`);
    scan.part("(before the zip)", sliceSource(source, 0, directory.start));
  }
  if (directory.end < source.size) {
    report(
      scan,
      "zip/suffix",
      "malformed",
      `${source.size - directory.end} bytes stand behind the zip: two formats in one file`,
    );
    scan.part("(behind the zip)", sliceSource(source, directory.end, source.size - directory.end));
  }
}
