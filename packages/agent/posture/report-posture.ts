/**
 * Reports this machine's posture to the control plane, at the start and every quarter of an hour. In: the link, a way to
 * measure. Out: reports. A node that is no enrolled device is told so and stays silent until it has started anew.
 */
import { z } from "zod";
import type { PostureFacts } from "@cordon/core/contract/device-api";
import { isCordonError } from "@cordon/core/errors";
import type { ControlLink } from "../node/control-link.ts";

export interface ReportOptions {
  readonly link: () => ControlLink;
  readonly measure: () => Promise<PostureFacts>;
  readonly say: (words: string) => void;
  readonly everyMs?: number;
}

const answer = z.looseObject({});
const quarterHourMs = 900_000;

export function reportPosture({ link, measure, say, everyMs = quarterHourMs }: ReportOptions): Disposable {
  let failing = false;
  const report = async (): Promise<void> => {
    try {
      const body = await measure();
      await link().call({ method: "POST", path: "/v1/node/posture", body, schema: answer });
      if (failing) say("this device's posture is reported again");
      failing = false;
    } catch (error) {
      // Most nodes are servers, not devices; older control planes know no posture.
      if (isCordonError(error, "ACCESS_DENIED") || isCordonError(error, "ROUTE_UNKNOWN")) return;
      if (!failing) say(`this device's posture cannot be reported: ${(error as Error).message}`);
      failing = true;
    }
  };
  void report();
  const timer = setInterval(() => void report(), everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
