/**
 * The assistant's only way out: one base URL and one token, as `cordon run` puts them into the environment. In: a path.
 * Out: the answer's text; or the refusal, in words that the model can read.
 */
import { explainRefusal } from "../refusal.ts";

export interface Reach {
  readonly base: string;
  readonly token: string;
  /** The conversation that calls belong to; the registry trusts the assistant's program to say so. */
  readonly session?: string;
}

export interface Reply {
  readonly ok: boolean;
  readonly text: string;
}

/** Longest answer that is read, in characters; tools are for short facts. */
const maxCharacters = 200_000;
const timeoutMs = 30_000;

/** @throws when the environment does not hold what `cordon run` sets */
export function reachFromEnvironment(env: Readonly<Record<string, string | undefined>>): Reach {
  const base = env["CORDON_URL"];
  const token = env["CORDON_TOKEN"];
  if (base === undefined || token === undefined)
    throw new Error("CORDON_URL and CORDON_TOKEN are not set. Start this with: cordon run --as COMPONENT -- node ...");
  return { base, token };
}

export async function call(
  { base, token, session }: Reach,
  path: string,
  options: {
    readonly method?: string;
    readonly json?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Reply> {
  const response = await fetch(`${base}${path}`, {
    method: options.method ?? "GET",
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      authorization: `Bearer ${token}`,
      ...(session === undefined ? {} : { "cordon-session": session }),
      ...(options.json === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
  });
  const text = (await response.text()).slice(0, maxCharacters);
  return response.ok ? { ok: true, text } : { ok: false, text: explainRefusal(response.status, text) };
}

/** The same, for a program: a refusal ends it. */
export async function callOrExit(
  reach: Reach,
  path: string,
  options: Parameters<typeof call>[2] = {},
): Promise<string> {
  const reply = await call(reach, path, options);
  if (reply.ok) return reply.text;
  console.error(reply.text);
  process.exit(1);
}
