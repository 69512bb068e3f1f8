/** One thing that a check found wrong, where it is, and what to do about it. */
export interface Violation {
  /** Relative to the repository root. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** `file:line: message`, as editors and terminals follow it. */
export function describeViolation({ file, line, message }: Violation): string {
  return `${file}:${line}: ${message}`;
}
