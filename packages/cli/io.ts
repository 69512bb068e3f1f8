/** Where a command writes: the answer to `stdout`, progress and complaints to `stderr`. Text ends its own lines. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}
