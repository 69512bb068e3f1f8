/** What inspection does on a route, and what it does not see there, in words for `cordon status` and the console. */
import {
  actionFor,
  actionWords,
  answerLabels,
  defaultTokens,
  tokenizes,
  type InspectionSettings,
  type JudgeSettings,
} from "@cordon/core/inspection/settings";
import type { Route } from "@cordon/core/policy/snapshot";

export function inspectionStatus({ inspection, kind }: Pick<Route, "inspection" | "kind">): {
  readonly inspection: string | undefined;
  readonly unseen: readonly string[];
} {
  if (inspection === undefined)
    return { inspection: undefined, unseen: ["content is recorded by digest, not inspected"] };
  return { inspection: inspectionWords(inspection), unseen: unseenBy(kind, inspection) };
}

function inspectionWords(settings: InspectionSettings): string {
  const { mode, onFailure, wholeAnswer, request, response } = settings;
  const observes = mode === "observe" ? " (observes only)" : "";
  const whole = wholeAnswer === "buffer" ? "held back" : "cut on a verdict";
  const { scope, lifetimeHours } = settings.tokens ?? defaultTokens;
  const inForce = settings.tokens !== undefined || tokenizes(settings);
  const tokens = inForce ? `; tokens open within the ${scope} for ${lifetimeHours} h` : "";
  return (
    `requests${observes}: ${actionWords(request)}; answers: ${actionWords(response)}; ` +
    `whole answers are ${whole}; fails ${onFailure}${tokens}${tableWords(settings)}${judgeWords(settings)}`
  );
}

function judgeWords(settings: InspectionSettings): string {
  const { judge } = settings;
  if (judge === undefined) return "";
  const { url, model, band, sees, onFailure } = judge;
  const what = sees === "everything" ? "texts as they are" : "masked texts";
  const host = new URL(url).host;
  const asked = `; ${host} (${model}) is asked about ${what} from ${band.from} to ${band.to} %, fails ${onFailure}`;
  return asked + answerWords(judge, settings);
}

/** Where the texts of answers go, and what becomes of an answer by each word of the judge's. */
function answerWords({ url, answers, sees }: JudgeSettings, { mode, response }: InspectionSettings): string {
  if (answers === undefined) return "";
  const what = sees === "everything" ? "as they are" : "masked";
  const when =
    mode === "observe" ? "nothing waits" : answers.mode === "buffer" ? "held back until then" : "cut on its word";
  const labels = Object.entries(answerLabels).map(([label, category]) => {
    const facts = { owasp: "", atlas: "", start: 0, end: 0, score: 1 };
    return `${label} ${actionFor(response, { detector: `judge/${label}`, category, ...facts }) ?? "allow"}`;
  });
  return (
    `; answers go to ${new URL(url).host}, ${what}, up to ${answers.maxLength} characters each, ${when} ` +
    `(${labels.join(", ")}), fails ${answers.onFailure}`
  );
}

function tableWords({ table }: InspectionSettings): string {
  if (table === undefined) return "";
  const far = table.distance === undefined ? "" : " and for their distance from the data";
  return `; rows of ${table.columns.length} columns are checked for range and category${far}`;
}

function unseenBy(kind: Route["kind"], { maxBytes, events }: InspectionSettings): readonly string[] {
  return [
    "images, audio and files are not read: each is a finding, `uninspectable`",
    `bodies larger than ${maxBytes} bytes cannot be inspected`,
    "headers are not inspected",
    ...(kind === "openai" ? ["embedding vectors are not inspected"] : []),
    ...(kind === "mcp" || (kind === "http" && events === "apart")
      ? ["events of a stream are read one by one: what is split over several is not joined"]
      : []),
    ...(kind === "http" && events === "joined"
      ? ["in streams of an unknown format, what is split over events is joined by the names of its fields"]
      : []),
  ];
}
