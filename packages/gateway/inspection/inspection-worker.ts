/**
 * Entry of the thread that inspects long bodies. In: texts, one job at a time. Out: what each built-in detector found in
 * them. It holds nothing but the detectors: ending it loses nothing but the job.
 */
import { parentPort } from "node:worker_threads";
import { isCordonError } from "@cordon/core/errors";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import { encoderLogit } from "@cordon/core/inspection/injection/opinion";
import type { Direction, PartJudgement } from "@cordon/core/inspection/inspect";
import type { Part } from "@cordon/core/inspection/subject";
import { registeredDetectors } from "@cordon/core/inspection/fingerprints/registered";
import type { FromInspector, ToInspector } from "./inspection-thread.ts";

const port = parentPort;
if (port !== null) {
  const say = (message: FromInspector): void => port.postMessage(message);
  // Models are unpacked before the first job's time runs.
  const text = "Ms Tan of 1 Raffles Place asked on Monday whether the rules could be sent to her.";
  for (const detector of builtInSpanDetectors) detector.detect(text);
  for (const detector of builtInPartDetectors) detector.judge({ text, origin: "user" }, "request");
  orUnavailable(() => encoderLogit(text.toLowerCase()));
  // The newest that was sent: its detectors are made once.
  let held = { id: 0, spans: builtInSpanDetectors };
  port.on("message", ({ texts, parts, direction, registered }: ToInspector) => {
    const id = registered?.id ?? 0;
    if (id !== held.id)
      held = {
        id,
        spans: [...builtInSpanDetectors, ...(registered === undefined ? [] : registeredDetectors(registered))],
      };
    const found = orUnavailable(() => ({
      type: "found" as const,
      spans: texts.map((each) => held.spans.map((detector) => detector.detect(each))),
      parts: judgedParts(parts, direction),
    }));
    say(found);
  });
  say({ type: "ready" });
}

/** For each part, what each judge says of it; what asking costs is bounded for all parts together. */
function judgedParts(parts: readonly Part[], direction: Direction): PartJudgement[][] {
  const all = builtInPartDetectors.map(
    (detector) => detector.judgeAll?.(parts, direction) ?? parts.map((part) => detector.judge(part, direction)),
  );
  return parts.map((_, at) => all.map((judged) => judged[at] as PartJudgement));
}

/** What `run` gives, or what it lacks: the next job may not need that. Other errors end the thread. */
function orUnavailable<T>(run: () => T): T | Extract<FromInspector, { type: "unavailable" }> {
  try {
    return run();
  } catch (error) {
    if (!isCordonError(error, "INSPECTION_UNAVAILABLE")) throw error;
    return { type: "unavailable", code: error.code, words: error.message };
  }
}
