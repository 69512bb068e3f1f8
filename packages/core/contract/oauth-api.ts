/** What the console's API says of programs that act for people. In: nothing. Out: schemas and their types. */
import { z } from "zod";
import { assertion } from "./people-api.ts";

/** What a person is asked, before a program may act for them. */
export const oauthConsentView = z.object({
  client: z.object({
    id: z.string(),
    name: z.string(),
    /** Its tokens are bound to no key. */
    bearer: z.boolean(),
    /** The host that the answer goes to. */
    returnsTo: z.string(),
  }),
  resource: z.object({ uri: z.string(), route: z.string() }),
  scopes: z.array(z.object({ scope: z.string(), words: z.string() })),
  ends: z.number(),
  /** The just-in-time grant that it dies with. */
  grant: z.object({ id: z.string(), reason: z.string() }).optional(),
});

export const oauthApproval = z.strictObject({ assertion });

/** Where the browser goes on. */
export const oauthAnswer = z.object({ location: z.string() });

export const oauthClientView = z.object({
  ...{ id: z.string(), displayName: z.string(), bearer: z.boolean(), redirectUris: z.array(z.string()) },
  ...{ routes: z.array(z.string()), disabled: z.string().optional() },
  /** Who lets it act now, on what. */
  sessions: z.array(
    z.object({
      ...{ id: z.string(), user: z.string(), resource: z.string(), scopes: z.array(z.string()) },
      ...{ authenticatedAt: z.number(), ends: z.number(), grant: z.string().optional() },
    }),
  ),
});

export const oauthClientsResponse = z.object({
  /** Where programs find the authorization server; absent where there is none. */
  issuer: z.string().optional(),
  clients: z.array(oauthClientView),
});

export const oauthClientOrder = z.strictObject({
  id: z.string().min(1).max(2_048),
  reason: z.string().min(1).max(500),
});

export const oauthClientOrdered = z.object({ ended: z.number() });

export type OauthConsentView = z.infer<typeof oauthConsentView>;
export type OauthClientsResponse = z.infer<typeof oauthClientsResponse>;
export type OauthClientView = z.infer<typeof oauthClientView>;
