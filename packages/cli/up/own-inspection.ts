/**
 * Inspection of this process. In: what is registered, and the operator's log. Out: it, and why its encoder cannot be asked where
 * that is so: said in the log when it turns out, at the start or later, and in `cordon status` until it is mended.
 */
import { secretEffects } from "@cordon/control/registry/secret-effects";
import type { ControlPlane } from "@cordon/control/wire";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import type { CordonError } from "@cordon/core/errors";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import { encoderProblem } from "@cordon/core/inspection/encoder/deployed";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { openInspectionThread } from "@cordon/gateway/inspection/inspection-thread";
import { openJudge } from "@cordon/gateway/inspection/judge";
import { openInspection } from "@cordon/gateway/inspection/open-inspection";
import { withRegistered } from "@cordon/gateway/inspection/rules";
import type { GatewayEvent, Inspection } from "@cordon/gateway/ports";

export interface OwnInspectionOptions {
  /** Looks for these instead of what is built in; for tests. */
  readonly spanDetectors: readonly SpanDetector[] | undefined;
  readonly registered: ControlPlane["registered"];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (event: GatewayEvent) => void;
}

export interface OwnInspection extends AsyncDisposable {
  readonly inspection: Inspection;
  /** In words, with the remedy. */
  encoderProblem(): string | undefined;
}

export function openOwnInspection({ spanDetectors, registered, env, log }: OwnInspectionOptions): OwnInspection {
  let why: string | undefined;
  const onUnavailable = ({ code, message }: CordonError): void => {
    if (why === message) return;
    why = message;
    log({ level: "error", event: "inspection-unavailable", words: message, code });
  };
  const atStart = encoderProblem();
  if (atStart !== undefined) onUnavailable(atStart);
  const builtIn = { spans: spanDetectors ?? builtInSpanDetectors, parts: builtInPartDetectors };
  const detectors = withRegistered(builtIn, () => registered.current);
  // A test's own detectors cannot be sent to a thread.
  const thread = spanDetectors === undefined ? openInspectionThread({ onUnavailable }) : undefined;
  return {
    inspection: openInspection({
      judge: openJudge({ resolveSecret: (reference) => resolveSecret(reference, secretEffects(env)) }),
      ...(thread === undefined ? {} : { thread }),
      get detectors() {
        return detectors();
      },
      monotonicMs: () => performance.now(),
    }),
    encoderProblem: () => (why = why === undefined ? undefined : encoderProblem()?.message),
    [Symbol.asyncDispose]: async () => void (await thread?.[Symbol.asyncDispose]()),
  };
}
