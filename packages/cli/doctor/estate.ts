/**
 * What the checks look at. In: the path of a configuration, and this machine. Out: the loaded configuration with its
 * folders, and what the running control plane says of itself, where one runs.
 */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";
import { loadConfiguration } from "@cordon/control/registry/load-configuration";
import type { Configuration } from "@cordon/core/contract/configuration";
import type { Instant } from "@cordon/core/instant";
import type { Status } from "../status/status.ts";

/** This machine, as far as the checks read it; tests bring a broken one. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  readonly nodeVersion: string;
  /** Room on the file system that holds `path`. */
  readonly room: (path: string) => Promise<Room>;
}

export interface Room {
  readonly freeBytes: number;
  readonly freeFiles: number;
  /** 0 where the file system does not count files. */
  readonly files: number;
}

export const thisMachine: Machine = {
  env: process.env,
  now: Date.now,
  monotonicMs: () => performance.now(),
  nodeVersion: process.versions.node,
  async room(path) {
    const { bavail, bsize, ffree, files } = await statfs(path);
    return { freeBytes: bavail * bsize, freeFiles: ffree, files };
  },
};

export interface Estate {
  readonly path: string;
  /** Relative paths of the configuration start here. */
  readonly folder: string;
  readonly configuration: Configuration;
  readonly stateFolder: string;
  readonly socketPath: string;
  /** Absent where no control plane answers on the socket; `whyNot` says why. */
  readonly running: { readonly status: Status; readonly client: ControlClient } | undefined;
  readonly whyNot: string;
}

/** @throws {CordonError} `CONFIG_INVALID`, `CONFIG_UNREADABLE` */
export async function readEstate(path: string): Promise<Estate> {
  const { configuration, folder } = await loadConfiguration(path);
  const stateFolder = resolve(folder, configuration.state);
  const socketPath = join(stateFolder, "control.sock");
  const client = controlClient(socketPath, { timeoutMs: 3_000 });
  let status: Status | undefined;
  let whyNot = "";
  try {
    status = (await client.status()) as unknown as Status;
  } catch (error) {
    whyNot = (error as Error).message;
  }
  const running = status === undefined ? undefined : { status, client };
  return { path, folder, configuration, stateFolder, socketPath, running, whyNot };
}

/** The path itself, or the nearest folder above it that exists. */
export function nearestExisting(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
