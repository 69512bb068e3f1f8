/** The part of the local API about other trust domains, as both of its ends read it. Answers are read leniently. */
import { z } from "zod";

const instant = z.number().int();

/** `POST /v1/federation/refresh`: fetches one bundle now. */
export const federationRefreshRequest = z.strictObject({ trustDomain: z.string().min(1).max(255) });

export const federatedDomainResponse = z.object({
  trustDomain: z.string(),
  url: z.string(),
  profile: z.string(),
  /** Of the bundle in force; absent before the first. */
  sequence: z.number().optional(),
  x509Authorities: z.number().optional(),
  jwtAuthorities: z.number().optional(),
  refreshHintSeconds: z.number().optional(),
  fetchedAt: instant.optional(),
  nextAt: instant.optional(),
  /** Why the last try failed, where it did. */
  problem: z.string().optional(),
});

/** `GET /v1/federation` */
export const federationResponse = z.object({
  trustDomain: z.string(),
  /** Where our own bundle is served. */
  endpoint: z.object({ url: z.string(), profile: z.string(), id: z.string().optional() }).optional(),
  trustDomains: z.array(federatedDomainResponse),
});

export type FederationRefreshRequest = z.infer<typeof federationRefreshRequest>;
export type FederatedDomainResponse = z.infer<typeof federatedDomainResponse>;
export type FederationResponse = z.infer<typeof federationResponse>;
