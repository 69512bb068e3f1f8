/** What `cordon doctor` says. Each check returns findings (faults, with a remedy) and notes (what it could not look at). */

export type CheckName =
  | "runtime"
  | "configuration"
  | "secrets"
  | "state"
  | "disk"
  | "store"
  | "keys"
  | "checkpoints"
  | "ports"
  | "socket"
  | "clock"
  | "inspection"
  | "running"
  | "upstreams";

export interface Finding {
  readonly check: CheckName;
  /** What is wrong, in one sentence. */
  readonly what: string;
  /** The file, address or field that it is about. */
  readonly where: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Something that could not be looked at, and why. It is not a fault, and not a clean bill either. */
export interface Note {
  readonly check: CheckName;
  readonly words: string;
}

export interface Examined {
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
}

export const nothingFound: Examined = Object.freeze({ findings: Object.freeze([]), notes: Object.freeze([]) });

/** The findings among `maybe`, and no notes. */
export function findings(...maybe: readonly (Finding | undefined)[]): Examined {
  return { findings: maybe.filter((each) => each !== undefined), notes: [] };
}

export function together(parts: readonly Examined[]): Examined {
  return { findings: parts.flatMap((part) => part.findings), notes: parts.flatMap((part) => part.notes) };
}
