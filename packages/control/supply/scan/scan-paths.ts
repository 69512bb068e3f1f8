/**
 * Scans files and folders. In: paths. Out: a report for each file, in order. A folder is walked; links inside it to
 * files are followed, links to folders are not and say so. Files that a loader opens beside a scanned one are scanned too.
 */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { openFileSource } from "./bytes/file-source.ts";
import { scanSource, type ScanOptions } from "./scan-source.ts";
import { atlas, type FileReport } from "./verdict.ts";

/** Folders that version control keeps for itself. */
const skippedFolders = new Set([".git", ".hg", ".svn"]);
const maxFiles = 1_000_000;

export interface PathsOptions extends ScanOptions {
  /** Called before each file. */
  readonly onFile?: (path: string, index: number, total: number) => void;
}

/**
 * @throws {CordonError} `USAGE` for a path that cannot be read: not being able to look is no verdict
 */
export function* scanPaths(paths: readonly string[], options: PathsOptions): Generator<FileReport, void> {
  const queue = paths.flatMap((path) => listFiles(path));
  const raw = new Set<string>();
  const held: FileReport[] = [];
  const queued = new Set(queue.map(({ path }) => path));
  for (let index = 0; index < queue.length; index++) {
    const entry = queue[index];
    if (entry === undefined) break;
    options.onFile?.(entry.path, index, queue.length);
    if (entry.link) {
      yield linkReport(entry.path);
      continue;
    }
    using source = openFileSource(entry.path);
    const report = scanSource(entry.path, source, options);
    for (const name of report.rawFiles) raw.add(join(dirname(entry.path), name));
    // Whether a file without any format is raw numbers is known when those beside it have been read.
    if (isUnknown(report)) held.push(report);
    else yield report;
    for (const name of report.requires) {
      const beside = join(dirname(entry.path), name);
      if (queued.has(beside) || !isFile(beside)) continue;
      queued.add(beside);
      queue.push({ path: beside, link: false });
    }
  }
  for (const report of held) yield raw.has(report.path) ? rawReport(report) : report;
}

function isUnknown(report: FileReport): boolean {
  return report.findings.every(({ rule }) => rule === "content/unknown") && report.findingCount > 0;
}

/** A model beside it reads these bytes as numbers, and nothing else about them is known. */
function rawReport(report: FileReport): FileReport {
  return { ...report, format: "raw-numbers", verdict: "proven-safe", findings: [], findingCount: 0 };
}

interface Listed {
  readonly path: string;
  /** A link to a folder. */
  readonly link: boolean;
}

function listFiles(path: string): Listed[] {
  let kind;
  try {
    kind = statSync(path);
  } catch (cause) {
    throw new CordonError("USAGE", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (!kind.isDirectory()) return [{ path, link: false }];
  const found: Listed[] = [];
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name)) folders.push(inside);
      } else if (entry.isSymbolicLink() && isFolder(inside)) found.push({ path: inside, link: true });
      else if (entry.isFile() || entry.isSymbolicLink()) found.push({ path: inside, link: false });
      if (found.length > maxFiles)
        throw new CordonError("USAGE", `${path} holds more than ${maxFiles} files; scan its folders one by one`);
    }
  }
  return found;
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function linkReport(path: string): FileReport {
  return {
    path,
    sizeBytes: 0,
    format: "link",
    verdict: "unsupported",
    findings: [
      {
        rule: "file/folder-link",
        verdict: "unsupported",
        atlas: atlas.unsafeArtefact,
        words: "it is a link to a folder, which is not followed; scan that folder itself",
      },
    ],
    findingCount: 1,
    requires: [],
    rawFiles: [],
  };
}
