/**
 * A line in the log for each interaction, where somebody asked for that much. In: the log. Out: an observer, or none
 * when the log does not write `debug`: then nothing is spent on it.
 */
import type { LogEvent } from "@cordon/core/observation/log-event";
import type { GatewayObserver } from "@cordon/gateway/observation/observer";

export function passageLog(
  log: ((event: LogEvent) => void) & { readonly enabled?: (level: "debug") => boolean },
): GatewayObserver | undefined {
  if (log.enabled?.("debug") !== true) return undefined;
  return {
    ended(passage) {
      const { id, attempt, method, namespace, route, action, resource, effect, end, status } = passage;
      const ms = Math.round((passage.endedMs - passage.startedMs) * 1000) / 1000;
      log({
        level: "debug",
        event: "interaction",
        words: end === "refused" ? `refused with ${passage.code}` : `${effect} ${action} ${resource}: ${end}`,
        requestId: id,
        ...(passage.code === "" ? {} : { code: passage.code }),
        ...(passage.principal === "" ? {} : { from: passage.principal }),
        facts: { attempt, method, route: `${namespace}/${route}`, status, ms },
      });
    },
  };
}
