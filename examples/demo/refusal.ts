/** A refusal in words. In: the status and body of an answer. Out: lines for a terminal. */

/** Reads the message, and the reasons where the answer gives any, from an OpenAI-shaped, Anthropic-shaped or plain error. */
export function explainRefusal(status: number, body: string): string {
  const found = parse(body);
  const error = objectOf(found["error"]) ?? found;
  const message = typeof error["message"] === "string" ? error["message"] : body.slice(0, 500);
  const reasons = [error["reasons"], objectOf(error["cordon"])?.["reasons"], objectOf(found["cordon"])?.["reasons"]]
    .flatMap((list) => (Array.isArray(list) ? (list as readonly unknown[]) : []))
    .map((reason) => objectOf(reason)?.["words"] ?? reason)
    .filter((words): words is string => typeof words === "string" && !message.includes(words));
  const verdict = status === 401 || status === 403 ? "REFUSED" : "FAILED";
  return [`${verdict} (${status}): ${message}`, ...reasons.map((words) => `  because ${words}`)].join("\n");
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(body)) ?? {};
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
