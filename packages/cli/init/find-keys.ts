/**
 * Which model APIs have a key in the environment? In: the environment. Out: what to refer to, by the variable's name. The
 * value is looked at only for whether it is there; it is never returned.
 */
export interface KnownApi {
  /** Name of the component and upstream that it becomes. */
  readonly name: string;
  readonly title: string;
  readonly variable: string;
  readonly kind: "openai" | "anthropic";
  readonly url: string;
  readonly credential: { readonly header: string; readonly prefix: string };
  /** Models to start with. The API is not asked which there are: that would send the key before anybody agreed to it. */
  readonly models: readonly string[];
}

export const knownApis: readonly KnownApi[] = [
  {
    name: "openai",
    title: "OpenAI",
    variable: "OPENAI_API_KEY",
    kind: "openai",
    url: "https://api.openai.com/v1",
    credential: { header: "authorization", prefix: "Bearer " },
    models: ["gpt-5.5", "gpt-5.4-mini", "text-embedding-3-small"],
  },
  {
    name: "anthropic",
    title: "Anthropic",
    variable: "ANTHROPIC_API_KEY",
    kind: "anthropic",
    url: "https://api.anthropic.com",
    credential: { header: "x-api-key", prefix: "" },
    models: ["claude-sonnet-5-5", "claude-haiku-5-5"],
  },
];

export function findKeys(env: Readonly<Record<string, string | undefined>>): KnownApi[] {
  return knownApis.filter(({ variable }) => (env[variable] ?? "") !== "");
}
