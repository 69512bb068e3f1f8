/** Request ids: unique across runs by a random prefix, in order within one. In: nothing. Out: the next id. */
import { randomBytes } from "node:crypto";

export function requestIds(): () => string {
  const run = randomBytes(8).toString("hex");
  let count = 0;
  return () => `${run}-${(++count).toString(36)}`;
}
