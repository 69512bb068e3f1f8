/** Goes on with a value when it is there: at once where it is no promise, so that what waits for nothing stays synchronous. */
import type { MayWait } from "@cordon/core/flow/sessions";

export function onceDone<T, R>(value: MayWait<T>, goOn: (value: T) => MayWait<R>): MayWait<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
