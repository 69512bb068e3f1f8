/** What inspection does on a route, and what it does not see there, in words for `cordon status` and the console. */
import { actionWords, defaultTokens, tokenizes, type InspectionSettings } from "@cordon/core/inspection/settings";
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

function judgeWords({ judge }: InspectionSettings): string {
  if (judge === undefined) return "";
  const { url, model, band, sees, onFailure } = judge;
  const what = sees === "everything" ? "texts as they are" : "masked texts";
  return `; ${new URL(url).host} (${model}) is asked about ${what} from ${band.from} to ${band.to} %, fails ${onFailure}`;
}

function tableWords({ table }: InspectionSettings): string {
  if (table === undefined) return "";
  const far = table.distance === undefined ? "" : " and for their distance from the data";
  return `; rows of ${table.columns.length} columns are checked for range and category${far}`;
}

function unseenBy(kind: Route["kind"], { maxBytes }: InspectionSettings): readonly string[] {
  return [
    "images, audio and files are not read: each is a finding, `uninspectable`",
    `bodies larger than ${maxBytes} bytes cannot be inspected`,
    "headers are not inspected",
    ...(kind === "openai" ? ["embedding vectors are not inspected"] : []),
    ...(kind === "http" || kind === "mcp"
      ? ["in streams of unknown JSON events, what is split over events is not joined"]
      : []),
  ];
}
