/**
 * The part of the local API about tokens: values sealed and tokens opened for a component, as policy lets it; and of the
 * console's, for a person who is signed in. Both ends read it. Answers are read leniently.
 */
import { z } from "zod";
import { findingCategories } from "../inspection/finding.ts";
import { defaultTokens, tokenScopes } from "../inspection/settings.ts";
import { maxTokenLength } from "../inspection/redaction/token-format.ts";
import { isName } from "./vocabulary.ts";

/** Values or tokens in one request: what it costs, and what one entry of the ledger stands for, is bounded. */
export const maxTokensAtOnce = 512;
/** Longest body of a request; 512 values of the longest kind, escaped, are 430 KiB. */
export const maxTokenRequestBytes = 512 * 1024;
/** The same of a person, to the console, whose bodies are shorter. */
export const maxPersonTokensAtOnce = 32;
const maxValueLength = 256;

const reference = z.string().min(1).max(2048);
const whose = {
  /** Who asks: tokens are this component's, and policy decides for it. */
  principal: reference,
  /** On what: what policy decides about. */
  resource: reference,
  /** Whose key it is: the principal's own namespace. */
  namespace: z.string().refine(isName, { error: "no namespace is called so" }),
  scope: z.enum(tokenScopes),
};

/** `POST /v1/tokens/seal` */
export const sealRequest = z.strictObject({
  ...whose,
  lifetimeHours: z.number().int().min(1).max(8784).default(defaultTokens.lifetimeHours),
  values: z
    .array(
      // What kind of thing it is, in a detector's words; its category; the value. No names, of which a body may hold few.
      z.tuple([
        z.string().regex(/^[a-z0-9-]{1,40}\/[a-z0-9-]{1,80}$/),
        z.enum(findingCategories),
        z.string().min(1).max(maxValueLength),
      ]),
    )
    .min(1)
    .max(maxTokensAtOnce),
});
/** `null` where a value is too long for a token, or is none that comes back as it was. */
export const sealResponse = z.object({ id: z.string(), tokens: z.array(z.string().nullable()) });

/** Why a token stays closed. */
export const tokenRefusals = ["expired", "scope", "namespace", "unknown"] as const;
export type TokenRefusal = (typeof tokenRefusals)[number];

/** `POST /v1/tokens/open` */
export const openRequest = z.strictObject({
  ...whose,
  tokens: z.array(z.string().min(1).max(maxTokenLength)).min(1).max(maxTokensAtOnce),
});
export const openResponse = z.object({
  id: z.string(),
  values: z.array(z.union([z.object({ value: z.string() }), z.object({ refused: z.enum(tokenRefusals) })])),
});

/** `POST /v1/tokens/seal` and `/open` at the console: whoever signed the request asks, and for nobody else. */
export const personSealRequest = sealRequest.omit({ principal: true });
export const personOpenRequest = openRequest.omit({ principal: true });

export type PersonSealRequest = z.output<typeof personSealRequest>;
export type PersonOpenRequest = z.output<typeof personOpenRequest>;
export type SealRequest = z.input<typeof sealRequest>;
export type SealResponse = z.infer<typeof sealResponse>;
export type OpenRequest = z.input<typeof openRequest>;
export type OpenResponse = z.infer<typeof openResponse>;
