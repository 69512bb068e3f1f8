/**
 * The child's environment. In: the inherited one, where the endpoint listens, the run's secret. Out: the environment in
 * which OpenAI's and Anthropic's clients reach Cordon without any change, and the names of inherited credentials that
 * were replaced or taken away because they would have let the child go round it.
 */

import type { AccessKey } from "@cordon/core/s3/sigv4";
import { proxyUser } from "./egress-proxy.ts";
import { s3Path } from "./s3-caller.ts";

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

/** Where AWS's clients find credentials and addresses, when the run leads them to S3. */
const awsBypasses = [
  ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"],
  ...["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
  ...[
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  ],
  ...["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"],
] as const;

/** What clients take proxies from, and what leads round them. */
const proxyBypasses = [
  ...["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"],
  "NODE_USE_ENV_PROXY",
] as const;

/**
 * Builds the child's environment; `egress` says whether the endpoint is a proxy too, or the port of one; `replaced` names
 * what the parent had set and the child does not get.
 */
export function childEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  address: EndpointAddress,
  secret: string,
  s3?: AccessKey,
  egress: boolean | number = false,
): { readonly env: Record<string, string>; readonly replaced: readonly string[] } {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) env[name] = value;
  const own = "port" in address ? address.port : undefined;
  const outside = typeof egress === "number" ? egress : egress ? own : undefined;
  const left = [...bypasses, ...(s3 ? awsBypasses : []), ...(outside === undefined ? [] : proxyBypasses)];
  const replaced = left.filter((name) => name in env);
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
  if (s3 !== undefined) {
    // Other services of AWS are asked for at the endpoint too, and refused there: the keys are good for nothing else.
    Object.assign(env, { AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_S3: `${url}${s3Path}`, AWS_REGION: "us-east-1" });
    env["AWS_ACCESS_KEY_ID"] = s3.accessKeyId;
    env["AWS_SECRET_ACCESS_KEY"] = s3.secretAccessKey;
    env["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  if (outside !== undefined) {
    Object.assign(env, proxyVariables(outside, secret));
  }
  exemptFromProxies(env);
  return { env, replaced };
}

/** What programs find a proxy of ours by. */
export function proxyVariables(port: number, secret: string, host = "127.0.0.1"): Record<string, string> {
  const proxy = `http://${proxyUser}:${secret}@${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    ...Object.fromEntries(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"].map((name) => [name, proxy])),
    NODE_USE_ENV_PROXY: "1", // Node's own fetch looks at none of them without it
  };
}

/** A forward proxy must not see the run's secret: loopback goes direct. */
function exemptFromProxies(env: Record<string, string>): void {
  const names = Object.keys(env).map((name) => name.toLowerCase());
  if (!names.some((name) => name === "http_proxy" || name === "all_proxy")) return;
  for (const name of ["NO_PROXY", "no_proxy"])
    env[name] = [...(env[name] ?? "").split(",").filter((entry) => entry !== ""), "127.0.0.1", "localhost"].join(",");
}
