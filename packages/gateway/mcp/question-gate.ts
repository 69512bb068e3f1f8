/**
 * What a server asks of its client, decided before the client hears it. In: a question on its way. Out: whether it may pass,
 * on record either way; and word to the server where it may not. The question is judged by what the route declares and what
 * the protocol forbids, then by policy, then as content that nobody vouches for, and by policy once more with what was found.
 */
import type { JsonObject, JsonValue } from "@cordon/core/contract/strict-json";
import { askedOfClients } from "@cordon/core/mcp/methods";
import { unaskable, type Question } from "@cordon/core/mcp/questions";
import { routeKey, type AccessRequest, type Decision } from "@cordon/core/policy/decision";
import type { McpRoute, Snapshot } from "@cordon/core/policy/snapshot";
import { decideHere, denied, keepsRequest, recordDecision } from "../admission.ts";
import { ContentMeter } from "../content-meter.ts";
import type { Exchange } from "../exchange.ts";
import type { FlowControl } from "../flow/flow-control.ts";
import { Screening } from "../inspection/screening.ts";
import type { GatewayDependencies } from "../ports.ts";
import type { Signals } from "@cordon/core/policy/decision";
import type { Sensed } from "../risk/sensing.ts";
import type { Upstreams } from "../upstream/upstreams.ts";
import { refuseAtServer } from "./refuse-at-server.ts";

export interface QuestionGateDeps extends Pick<
  GatewayDependencies,
  "ledger" | "now" | "inspection" | "content" | "snapshots" | "log"
> {
  readonly signals: (sensed?: Sensed) => Signals;
  readonly flow: Pick<FlowControl, "now">;
  readonly upstreams: Pick<Upstreams, "dispatcher" | "credential">;
}

/** What came of a question: its parameters as they may pass, or JSON-RPC's error in its place. */
export type Put = { readonly params: JsonObject } | { readonly refused: { code: number; message: string } };

export interface QuestionGate {
  /** @throws {CordonError} `LEDGER_UNAVAILABLE`: what cannot be recorded is not asked */
  put(question: Question): Promise<Put>;
  /** Tells the server that a question of its own was refused. */
  refuse(id: JsonValue, error: { code: number; message: string }): void;
}

/** Questions of one answer: a server that asks more than this is not asking. */
const maxQuestions = 64;

/** Sampling has a code of its own for this; the other two have none. MCP 2025-11-25, "Sampling", "Error Handling". */
const refusedCode = (method: string): number => (method === "sampling/createMessage" ? -1 : -32_000);
/** A server need not learn what policy says and why: the record has it. */
const refusedWords = "refused: the client's gateway does not let this server ask that";

export function questionGate(deps: QuestionGateDeps, exchange: Exchange): QuestionGate {
  let asked = 0;

  return {
    async put(question) {
      asked += 1;
      if (asked > maxQuestions) throw new Error(`the server asks more than ${maxQuestions} times in one answer`);
      const { attempt, caller, digestKey, id, namespace, sensed } = exchange.start;
      const snapshot = deps.snapshots.current();
      const access = accessOf(deps.flow.now(exchange), question);
      const decide = (about: AccessRequest): Decision =>
        decideHere(deps.snapshots.current(), about, deps.signals(sensed), deps.now());
      const wrong = unaskable(routeOf(snapshot, access)?.asks, question);
      const first = decide(access);
      const bytes = Buffer.from(JSON.stringify(question.params));
      const seen =
        wrong !== undefined || first.effect === "deny"
          ? {
              access,
              bytes,
              decision: wrong === undefined ? first : denied(first, "mcp-asks", wrong.words),
              findings: [],
            }
          : await inspected(deps, exchange, { access, bytes, decision: first }, decide);
      const meter = new ContentMeter(digestKey, false);
      meter.push(seen.bytes);
      const body = meter.finish();
      if (keepsRequest(seen.decision)) await deps.content.keep(namespace, body.hmac, seen.bytes);
      const { decision, findings } = seen;
      const record = { id, caller, access: seen.access, decision, signals: deps.signals(sensed), body, namespace };
      await recordDecision(deps.ledger, deps.now(), { ...record, findings }, attempt + asked);
      if (seen.decision.effect === "allow")
        return { params: seen.bytes === bytes ? question.params : (JSON.parse(seen.bytes.toString()) as JsonObject) };
      const words = seen.decision.reasons.map((reason) => reason.words).join("; ");
      deps.log({
        level: "warn",
        event: "mcp-question-refused",
        words: `${access.context.rpc ?? ""} of ${access.resource} to ${access.principal}: ${words}`,
        requestId: id,
      });
      return {
        refused: wrong === undefined ? { code: refusedCode(question.method), message: refusedWords } : said(wrong),
      };
    },
    refuse: (id, error) => refuseAtServer(deps, exchange.start, id, error),
  };
}

function said({ code, words }: { readonly code: number; readonly words: string }) {
  return { code, message: words };
}

/** The same caller is asked instead of asking: what it would hand over, by the server's own words. */
function accessOf({ call: _call, also: _also, ...about }: AccessRequest, { method, params }: Question): AccessRequest {
  const { findings: _findings, ...context } = about.context;
  return {
    ...about,
    action: askedOfClients.get(method) ?? "write",
    context: { ...context, rpc: method.slice(0, 128), tool: "" },
    arguments: params,
  };
}

/** As it stands now: what a route declares may have changed since the stream began. */
function routeOf({ routes }: Snapshot, { via }: AccessRequest): McpRoute | undefined {
  const found = routes.find((route) => routeKey(route) === via);
  return found?.kind === "mcp" ? found : undefined;
}

interface Seen {
  readonly access: AccessRequest;
  readonly bytes: Buffer;
  readonly decision: Decision;
  readonly findings?: readonly unknown[];
}

/** Reads a question as what it is: content of a server, on its way to a model or a person. */
async function inspected(
  { inspection }: QuestionGateDeps,
  { start: { subject } }: Exchange,
  { access, bytes, decision: first }: Seen,
  decide: (about: AccessRequest) => Decision,
): Promise<Required<Seen>> {
  const settings = subject.screening?.settings;
  if (inspection === undefined || settings === undefined) return { access, bytes, decision: first, findings: [] };
  const screening = new Screening(settings);
  screening.obey(first);
  screening.askAbout((findings) => {
    const again = decide({ ...access, context: { ...access.context, findings } });
    return again.effect === "deny" ? again : undefined;
  });
  const filter = inspection.openResponse({ ...subject, screening }, { status: 200, contentType: "application/json" });
  if (filter === undefined) return { access, bytes, decision: first, findings: [] };
  const pushed = await filter.push(bytes);
  const last = pushed instanceof Uint8Array ? await filter.end() : pushed;
  filter.close?.();
  const [findings, about] = [filter.findings, screening.seen(access)];
  if (!(pushed instanceof Uint8Array) || !(last instanceof Uint8Array)) {
    const cut = pushed instanceof Uint8Array ? last : pushed;
    const why = "cut" in cut ? cut.cut : "inspection";
    const refused = "decision" in cut && cut.decision !== undefined ? cut.decision : denied(first, "inspection", why);
    return { access: about, bytes, decision: refused, findings };
  }
  const now = decide(about);
  const out = Buffer.concat([pushed, last]);
  return { access: about, bytes: out.equals(bytes) ? bytes : out, decision: now, findings };
}
