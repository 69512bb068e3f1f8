/**
 * A conversation at the gateway of which every message of the user is in doubt. In: texts in doubt. Out: how long its inspection
 * takes when nothing of it was seen before, when it is sent again, and with a turn more; and whether it was refused for time.
 */
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import { openInspectionThread } from "@cordon/gateway/inspection/inspection-thread";
import { openInspection } from "@cordon/gateway/inspection/open-inspection";
import { contentOf } from "@cordon/gateway/inspection/request-content";
import { Screening } from "@cordon/gateway/inspection/screening";
import { percentile } from "../gateway/statistics.ts";

const messages = 40;
const who = "spiffe://bench.example/agent/a" as SpiffeId;
const where = { api: "openai", path: "/chat/completions", contentType: "application/json" } as const;
/** The last of these is a turn that the others were without. */
const turns = ["first seen", "sent again", "sent again", "a turn more"] as const;

export async function measureConversation(doubted: readonly string[], times: number): Promise<unknown[]> {
  const said = [...new Set(doubted)].filter(({ length }) => length >= 200 && length <= 600).slice(0, messages + 1);
  if (said.length <= messages)
    throw new Error(`only ${said.length} texts of a usual length are in doubt: give more texts`);
  const settings = inspectionSettings(inspectionSchema.parse({}));
  const spent = turns.map((): number[] => []);
  const refused = turns.map(() => 0);
  for (let time = 0; time < times; time++) {
    // A thread of its own has seen nothing; it is started with a text that is in no doubt.
    await using thread = openInspectionThread();
    await thread.inspect({ direction: "request", texts: ["Hello"], parts: [] }, 60_000, who);
    const detectors = { spans: builtInSpanDetectors, parts: builtInPartDetectors };
    const inspection = openInspection({ detectors, thread, monotonicMs: () => performance.now() });
    for (const [at, turn] of turns.entries()) {
      const conversation = said.slice(0, turn === "a turn more" ? messages + 1 : messages).flatMap((content) => [
        { role: "user", content },
        { role: "assistant", content: "I see. What else?" },
      ]);
      const content = contentOf(
        Buffer.from(JSON.stringify({ model: "m", messages: conversation })),
        undefined,
        where.contentType,
      );
      const subject = { screening: new Screening(settings), requestId: "r", principal: who, resource: who, ...where };
      const from = performance.now();
      try {
        inspection.inspectRequest(subject, content);
        await inspection.closer?.(subject, content);
      } catch {
        refused[at] = (refused[at] ?? 0) + 1;
      }
      spent[at]?.push(performance.now() - from);
    }
  }
  process.stdout.write(
    `\na conversation of ${said.length - 1} messages in doubt at the gateway (budget ${settings.timeBudgetMs} ms)\n`,
  );
  return turns.map((turn, at) => {
    const [p50, most] = [percentile(spent[at] ?? [], 50), percentile(spent[at] ?? [], 100)];
    process.stdout.write(
      `  ${turn.padEnd(12)} ${p50.toFixed(0).padStart(6)} ms (most ${most.toFixed(0)}), refused ${refused[at]} of ${times}\n`,
    );
    return { turn, p50, most, refused: refused[at], times };
  });
}
