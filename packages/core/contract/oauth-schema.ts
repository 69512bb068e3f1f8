/**
 * The `oauth` part of `cordon.yaml`. In: what a file says. Out: which programs may act for people, and how, with every
 * default filled in. Without that part Cordon is no authorization server, and no access token is taken anywhere.
 */
import { z } from "zod";
import { isLoopbackHost } from "./addresses.ts";
import { endpointUrlProblem } from "./federation-schema.ts";
import { filePath, name, namespace, reference, text } from "./schema-parts.ts";
import { actions } from "./vocabulary.ts";

/** Where an answer may be sent (RFC 9700, section 2.1; RFC 8252, sections 7.2 and 7.3). */
export function redirectUriProblem(value: string): string | undefined {
  if (value.length > 2_048 || !URL.canParse(value)) return "must be a URL such as `https://app.bank.example/callback`";
  const url = new URL(value);
  if (url.hash !== "" || value.includes("#")) return "must have no fragment";
  if (url.username !== "" || url.password !== "") return "must have no user or password in it";
  if (value.includes("*")) return "must be one address, without wildcards";
  if (url.protocol === "https:") return undefined;
  if (url.protocol === "http:")
    return isLoopbackHost(url.hostname.replace(/^\[(.*)\]$/, "$1"))
      ? undefined
      : "must be `https:`; `http:` is for a loopback address only";
  return "must be `https:`, or `http:` on a loopback address; any program can claim another scheme";
}

const clientSchema = z.strictObject({
  name: name.describe("Unique in its namespace; the client id is `namespace/name`."),
  namespace,
  displayName: z
    .string()
    .regex(/^\P{C}{1,100}$/u, "must be 1 to 100 characters, without control characters")
    .optional()
    .describe("What people see when they are asked. Default: the name."),
  redirectUris: z
    .array(text(redirectUriProblem))
    .min(1)
    .max(16)
    .describe("Where answers are sent, letter for letter; of a loopback address any port will do (RFC 8252)."),
  routes: z
    .array(reference)
    .max(64)
    .default([])
    .describe("Routes that it may ask to use. Empty: any; policy decides each call in any case."),
  bearer: z
    .boolean()
    .default(false)
    .describe(
      "Whether its tokens are bound to no key (DPoP): whoever reads one may use it. Weaker; policy can see it.",
    ),
});

export const tokenIssuerSchema = z.strictObject({
  name: name.refine((value) => value !== "cordon", "`cordon` is our own issuer's").describe("Unique among issuers."),
  issuer: text((value) => {
    if (value.length > 2_048 || !URL.canParse(value)) return "must be a URL such as `https://login.bank.example/oauth`";
    const { protocol, hash, search } = new URL(value);
    return protocol === "https:" && hash === "" && search === ""
      ? undefined
      : "must be `https:`, without query or fragment";
  })
    .meta({ pattern: "^https://" })
    .describe("Its issuer identifier, letter for letter as its tokens say it (`iss`)."),
  jwksUrl: text(endpointUrlProblem)
    .meta({ pattern: "^https://" })
    .describe("Where its keys are published (`jwks_uri` of its metadata)."),
  caFile: filePath.optional().describe("Certificates (PEM) that its server is judged by, instead of the system's."),
  clients: z
    .record(
      z.string().regex(/^[\x21-\x7e]{1,512}$/, "must be a client id of visible ASCII characters"),
      z.strictObject({
        bearer: z
          .boolean()
          .default(false)
          .describe("Whether its tokens are bound to no key: whoever reads one may use it."),
      }),
    )
    .refine((value) => Object.keys(value).length <= 1_000, "at most 1,000 clients")
    .describe("Clients, as its tokens name them (`client_id`), that may act for people here. No other may."),
  scopes: z
    .record(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, "must be a scope"), z.array(z.enum(actions)).max(32))
    .default({})
    .describe("What its scopes let a client do. One that is not here counts as the action of that name, or nothing."),
  maxTokenSeconds: z.int().min(30).max(86_400).default(3_600).describe("The longest that a token of it may live."),
});

export const oauthSchema = z.strictObject({
  issuers: z
    .array(tokenIssuerSchema)
    .max(16)
    .default([])
    .describe(
      "Authorization servers of the company whose access tokens (RFC 9068) count too, for people who signed in through the same issuer (`people.oidc`).",
    ),
  clients: z.array(clientSchema).max(1_000).default([]).describe("Programs that people may let act for them."),
  sessionMinutes: z
    .int()
    .min(1)
    .max(43_200)
    .default(480)
    .describe("How long a program may act after the person's passkey; then they are asked anew."),
  tokenSeconds: z
    .int()
    .min(30)
    .max(300)
    .default(300)
    .describe("Life of an access token; a refresh gives the next one, for as long as the session stands."),
});

export type OauthSettings = z.output<typeof oauthSchema>;
export type OauthClientSettings = z.output<typeof clientSchema>;
