/**
 * tar (POSIX ustar, GNU and pax). In: a source. Out: findings of its members; names and links that lead out of the folder.
 * What follows the end is scanned too.
 */
import { sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import { malformed } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";

const blockBytes = 512;

export function isTar(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(257, 262)).toString("latin1") === "ustar" && checksumHolds(head);
}

function checksumHolds(header: Uint8Array): boolean {
  if (header.length < blockBytes) return false;
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  return sum === octal(header.subarray(148, 156));
}

function octal(bytes: Uint8Array): number {
  // GNU writes sizes over 8 GB in base 256.
  if (((bytes[0] ?? 0) & 0x80) !== 0) return bytes.slice(1).reduce((value, byte) => value * 256 + byte, 0);
  const text = Buffer.from(bytes)
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trim();
  return text === "" ? 0 : /^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN;
}

function field(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
}

export function scanTar(source: ByteSource, scan: Scan): void {
  let longName: string | undefined;
  let members = 0;
  let at = 0;
  for (;;) {
    scan.budget.spend(1000);
    const header = source.read(at, blockBytes).slice();
    if (header.every((byte) => byte === 0)) break;
    if (!checksumHolds(header)) throw malformed("tar/header", "a header's checksum is wrong", at);
    const size = octal(header.subarray(124, 136));
    if (!Number.isSafeInteger(size)) throw malformed("tar/size", "a member's size is no number", at);
    const kind = String.fromCharCode(header[156] ?? 0);
    const prefix = field(header.subarray(345, 500));
    const ownName = field(header.subarray(0, 100));
    const name = longName ?? (prefix === "" || kind === "L" ? ownName : `${prefix}/${ownName}`);
    const data = sliceSource(source, at + blockBytes, size);
    if (data.size < size) throw malformed("tar/size", "a member is longer than the file", at);
    longName = undefined;
    if (kind === "L") longName = field(data.read(0, 65_536));
    else if (kind === "x") longName = paxPath(data);
    else if (kind !== "g" && kind !== "K") checkMember(name, kind, field(header.subarray(157, 257)), data, scan);
    members++;
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  }
  if (members === 0) throw malformed("tar/empty", "it has no member");
  // The end is two blocks of zeros, padded to a record.
  while (at < source.size) {
    const rest = source.read(at, 65_536);
    const used = rest.findIndex((byte) => byte !== 0);
    if (used >= 0) {
      at += used;
      report(scan, "tar/trailing-bytes", "malformed", `bytes follow its end at ${at}`);
      scan.part("(behind the tar)", sliceSource(source, at, source.size - at));
      return;
    }
    at += rest.length;
    scan.budget.spend(1000);
  }
}

function report(scan: Scan, rule: string, verdict: "malformed" | "dangerous" | "unsupported", words: string): void {
  scan.report({ rule, verdict, atlas: atlas.unsafeArtefact, words });
}

function paxPath(data: ByteSource): string | undefined {
  const text = Buffer.from(data.read(0, 65_536)).toString("utf8");
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1];
}

function leadsOut(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:/.test(path) || path.replaceAll("\\", "/").split("/").includes("..");
}

function checkMember(name: string, kind: string, target: string, data: ByteSource, scan: Scan): void {
  const shown = printable(name, 80);
  if (leadsOut(name))
    report(scan, "tar/path-traversal", "dangerous", `member ${shown} would be unpacked outside of its folder`);
  if (kind === "1" || kind === "2") {
    if (leadsOut(target))
      report(scan, "tar/link", "dangerous", `member ${shown} links to ${printable(target, 80)}, outside of its folder`);
  } else if (kind === "5") return;
  else if (kind === "0" || kind === "\0" || kind === "7") scan.part(name, data);
  else report(scan, "tar/kind", "unsupported", `member ${shown} is no regular file`);
}
