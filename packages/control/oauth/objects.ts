/**
 * OAuth as the store keeps it. In: stored objects. Out: whose access tokens count (kind `token-issuer`), and which programs may
 * act for people (`oauth-client`), with what was decided against them (`disabled-client`). A client is `namespace/name`;
 * one that is known by its metadata document has a name made of that document's URL.
 */
import { z } from "zod";
import { actions, type Namespace } from "@cordon/core/contract/vocabulary";
import type { OauthClient, TokenIssuer } from "@cordon/core/oauth/token-issuer";
import { systemNamespace } from "../keys/key-vault.ts";
import { qualifiedNameOf, readValue } from "../registry/objects.ts";
import type { ObjectKey, StoredObject } from "../store/state-store.ts";

export const tokenIssuerKind = "token-issuer";
export const foreignIssuerKind = "foreign-issuer";
export const oauthClientKind = "oauth-client";
export const disabledClientKind = "disabled-client";

const foreignPart = z.strictObject({
  clients: z.record(z.string(), z.strictObject({ bearer: z.boolean() })),
  scopes: z.record(z.string(), z.array(z.enum(actions))),
});

export const tokenIssuerValue = z.strictObject({
  issuer: z.string().min(1).max(2_048),
  keys: z
    .array(
      z.strictObject({ kid: z.string(), jwk: z.record(z.string(), z.string()), createdAt: z.int().exactOptional() }),
    )
    .max(64),
  maxLifetimeSeconds: z.int().positive(),
  foreign: foreignPart.exactOptional(),
});

/** An authorization server that is not ours, as the configuration names it. Its keys become a `token-issuer`. */
export const foreignIssuerValue = z.strictObject({
  issuer: z.string().min(1).max(2_048),
  jwksUrl: z.string().min(1).max(2_048),
  caFile: z.string().exactOptional(),
  maxLifetimeSeconds: z.int().positive(),
  ...foreignPart.shape,
});

export const oauthClientValue = z.strictObject({
  displayName: z.string(),
  redirectUris: z.array(z.string()).min(1),
  /** `namespace/name` of routes; empty: any. */
  routes: z.array(z.string()),
  bearer: z.boolean(),
  /** Its client id, where it is known by a metadata document. */
  metadataUrl: z.string().exactOptional(),
});

export const disabledClientValue = z.strictObject({ reason: z.string().min(1).max(500), at: z.int(), by: z.string() });

export type ForeignIssuerValue = z.output<typeof foreignIssuerValue>;
export type TokenIssuerValue = z.output<typeof tokenIssuerValue>;
export type OauthClientValue = z.output<typeof oauthClientValue>;

/** Cordon's own authorization server. */
export const ownIssuerKey: ObjectKey = { kind: tokenIssuerKind, namespace: systemNamespace, name: "cordon" };

export function clientKey(of: { readonly namespace: Namespace; readonly name: string }): ObjectKey {
  return { kind: oauthClientKind, namespace: of.namespace, name: of.name };
}

/** What a client calls itself. */
export function clientIdOf(object: Pick<ObjectKey, "namespace" | "name">, value: OauthClientValue): string {
  return value.metadataUrl ?? qualifiedNameOf(object);
}

export function tokenIssuersFrom(objects: readonly StoredObject[]): ReadonlyMap<string, TokenIssuer> {
  return new Map(
    objects.map((object) => {
      const { keys, ...value } = readValue(tokenIssuerValue, object);
      const issuer = Object.freeze({ ...value, keys: keys.map(({ kid, jwk }) => ({ kid, jwk })) });
      return [issuer.issuer, issuer];
    }),
  );
}

export function clientsFrom(
  objects: readonly StoredObject[],
  disabled: readonly StoredObject[],
): ReadonlyMap<string, OauthClient> {
  const orders = new Map(
    disabled.map((object) => [qualifiedNameOf(object), readValue(disabledClientValue, object).reason]),
  );
  return new Map(
    objects.map((object) => {
      const value = readValue(oauthClientValue, object);
      const id = clientIdOf(object, value);
      const { namespace } = object;
      const { displayName, bearer, redirectUris, routes } = value;
      const why = orders.get(qualifiedNameOf(object));
      return [
        id,
        Object.freeze({
          id,
          namespace,
          displayName,
          bearer,
          redirectUris,
          routes,
          ...(why !== undefined && { disabled: why }),
        }),
      ];
    }),
  );
}
