/** Liveness and readiness, as `/healthz` and `/readyz` answer them. In: what keeps it from being ready. Out: handlers. */
import type { OperationsHandlers } from "./listener.ts";

/**
 * `/healthz` answers as long as this process does; `/readyz` is 503 with the problems while calls should go elsewhere.
 *
 * @param problems what stands in the way right now; none means ready
 */
export function probeHandlers(problems: () => readonly string[]): OperationsHandlers {
  return {
    "/healthz": () => ({ status: 200, contentType: "application/json", body: '{"alive":true}\n' }),
    "/readyz": () => {
      const found = problems();
      const body = `${JSON.stringify({ ready: found.length === 0, problems: found })}\n`;
      return { status: found.length === 0 ? 200 : 503, contentType: "application/json", body };
    },
  };
}
