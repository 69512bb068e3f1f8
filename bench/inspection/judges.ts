/**
 * Who is compared: Cordon, and packages of npm that do the same offline. In: nothing. Out: judges that say of a text whether
 * they would block it. A peer that is not installed is named with the way to install it.
 */
import { existsSync } from "node:fs";
import { builtInInspection } from "@cordon/core/inspection/detectors";
import { doubtingInjectionDetector } from "@cordon/core/inspection/injection/model";
import { inspect } from "@cordon/core/inspection/inspect";
import type { InspectionText } from "@cordon/core/inspection/subject";

export interface Judge {
  readonly name: string;
  /** @param origin who wrote it: `untrusted` is a tool's result, for who tells the difference */
  blocks(text: string, origin?: "user" | "untrusted"): boolean | Promise<boolean>;
  /** Whether it asks its encoder, which takes milliseconds: who has none says nothing. */
  asks?(text: string, origin: "user" | "untrusted"): boolean;
}

export interface MissingPeer {
  readonly name: string;
  readonly reason: string;
}

const install = "npm install --prefix bench/inspection/peers --ignore-scripts";

/** Everything that `cordon inspect --direction request` runs. */
export function cordonJudge(): Judge {
  const options = builtInInspection("request");
  return { name: "cordon", blocks: (text, origin) => inspect(itemOf(text, origin), options).verdict === "block", asks };
}

/** Cordon's injection detectors alone: what the peers below do. */
export function cordonInjectionJudge(): Judge {
  const { partDetectors } = builtInInspection("request");
  const options = { direction: "request", partDetectors, spanDetectors: [] } as const;
  return {
    name: "cordon injection",
    blocks: (text, origin) => inspect(itemOf(text, origin), options).verdict === "block",
  };
}

/** Everything too, but the encoder is elsewhere, as in the gateway. Out: a judge that says whether a text is in doubt. */
export function cordonElsewhere(origin: "user" | "untrusted"): (text: string) => boolean {
  const { partDetectors, ...options } = builtInInspection("request");
  let doubted = false;
  const doubting = doubtingInjectionDetector(() => (doubted = true));
  const all = partDetectors.map((each) => (each.name === doubting.name ? doubting : each));
  return (text) => {
    doubted = false;
    inspect(itemOf(text, origin), { ...options, partDetectors: all });
    return doubted;
  };
}

function asks(text: string, origin: "user" | "untrusted"): boolean {
  let doubted = false;
  doubtingInjectionDetector(() => (doubted = true)).judge({ text, origin }, "request");
  return doubted;
}

function itemOf(text: string, origin: "user" | "untrusted" = "user"): InspectionText {
  const asked = { role: "user", content: "Summarise this." };
  return origin === "user" ? { text } : { messages: [asked, { role: "tool", content: text }] };
}

interface Peer {
  readonly name: string;
  readonly module: string;
  readonly judge: (exports: Readonly<Record<string, unknown>>) => Judge["blocks"];
}

type Check = (text: string) => Promise<{ readonly allowed: boolean }>;
type Guard = (
  messages: readonly { role: string; content: string }[],
) => Promise<readonly { readonly passed: boolean }[]>;

const peers: readonly Peer[] = [
  {
    name: "@andersmyrmel/vard",
    module: "@andersmyrmel/vard/dist/index.js",
    judge: ({ default: vard }) => {
      const { safe } = vard as { safe: (text: string) => { readonly safe: boolean } };
      return (text) => !safe(text).safe;
    },
  },
  {
    name: "llm_guardrail",
    module: "llm_guardrail/index.js",
    judge: ({ checkInjection, checkJailbreak }) => {
      const [injection, jailbreak] = [checkInjection as Check, checkJailbreak as Check];
      return async (text) => !(await injection(text)).allowed || !(await jailbreak(text)).allowed;
    },
  },
  {
    name: "hai-guardrails (pattern)",
    module: "@presidio-dev/hai-guardrails/dist/index.js",
    judge: ({ injectionGuard }) => {
      const make = injectionGuard as (a: object, b: object) => Guard;
      const guard = make({ roles: ["user"] }, { mode: "pattern", threshold: 0.5 });
      return async (content) => !(await guard([{ role: "user", content }])).every(({ passed }) => passed);
    },
  },
];

/** The peers that are installed, and why the others are not compared. Whoever loads them ends the process: one leaves a worker. */
export async function loadPeers(): Promise<{ judges: Judge[]; missing: MissingPeer[] }> {
  // hai-guardrails starts it at a path of its build machine; that failure is not ours to die of.
  process.on("uncaughtException", (error) => {
    if (!String(error).includes("piscina")) throw error;
  });
  const judges: Judge[] = [];
  const missing: MissingPeer[] = [
    { name: "@openai/guardrails", reason: "its injection and jailbreak checks ask a hosted model" },
    { name: "openredaction", reason: "finds personal data, not injection" },
  ];
  for (const { name, module, judge } of peers) {
    const url = new URL(`./peers/node_modules/${module}`, import.meta.url);
    if (!existsSync(url)) {
      missing.push({ name, reason: `not installed: ${install}` });
      continue;
    }
    try {
      judges.push({ name, blocks: judge((await import(url.href)) as Readonly<Record<string, unknown>>) });
    } catch (error) {
      missing.push({ name, reason: `does not load: ${(error as Error).message.split("\n")[0] ?? ""}` });
    }
  }
  return { judges, missing };
}
