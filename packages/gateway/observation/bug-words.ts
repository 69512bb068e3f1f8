/**
 * What a log says of an error that nobody expected: its kind and where it came from. In: anything thrown. Out: a few
 * words without its message, for the message of a foreign error may quote what it failed on (`JSON.parse` does).
 */
export function bugWords(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const { code } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const where = frames.slice(0, 8).map((frame) => frame.trim());
  return [`${error.name}${code === undefined ? "" : ` ${code}`}`, ...where].join(" ");
}
