/**
 * The child's environment. In: the inherited one, where the endpoint listens, the run's secret. Out: the environment in
 * which OpenAI's and Anthropic's clients reach Cordon without any change, and the names of inherited credentials that
 * were replaced or taken away because they would have let the child go round it.
 */

/** Where the endpoint listens. */
export type EndpointAddress = { readonly port: number } | { readonly socketPath: string };

/** Credentials and addresses of model APIs that client libraries pick up by themselves. */
const bypasses = [
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "OPENAI_API_BASE",
  "OPENAI_ADMIN_KEY",
  "OPENAI_ORG_ID",
  "OPENAI_PROJECT_ID",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_BASE_URL",
  "AZURE_OPENAI_API_KEY",
  "AZURE_OPENAI_ENDPOINT",
] as const;

/** Builds the child's environment; `replaced` names what the parent had set and the child does not get. */
export function childEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  address: EndpointAddress,
  secret: string,
): { readonly env: Record<string, string>; readonly replaced: readonly string[] } {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) env[name] = value;
  const replaced = bypasses.filter((name) => name in env);
  for (const name of replaced) delete env[name];

  // Over a unix socket the name in the URL is only a `Host`; the client must be told of the socket itself.
  const url = "port" in address ? `http://127.0.0.1:${address.port}` : "http://localhost";
  env["OPENAI_BASE_URL"] = `${url}/v1`;
  env["OPENAI_API_KEY"] = secret;
  env["ANTHROPIC_BASE_URL"] = `${url}/anthropic`;
  env["ANTHROPIC_API_KEY"] = secret;
  env["CORDON_URL"] = url;
  env["CORDON_TOKEN"] = secret;
  if ("socketPath" in address) env["CORDON_SOCKET"] = address.socketPath;
  exemptFromProxies(env);
  return { env, replaced };
}

/** A forward proxy must not see the run's secret: loopback goes direct. */
function exemptFromProxies(env: Record<string, string>): void {
  const names = Object.keys(env).map((name) => name.toLowerCase());
  if (!names.some((name) => name === "http_proxy" || name === "all_proxy")) return;
  for (const name of ["NO_PROXY", "no_proxy"])
    env[name] = [...(env[name] ?? "").split(",").filter((entry) => entry !== ""), "127.0.0.1", "localhost"].join(",");
}
