/** Values of Cedar's extension types; their functions are in extensions.ts, their parsers beside it. */
export type ExtensionValue =
  /** Ten-thousandths, in 64 bits. */
  | { readonly kind: "decimal"; readonly amount: bigint }
  /** Milliseconds since 1970-01-01T00:00:00Z, in 64 bits. */
  | { readonly kind: "datetime"; readonly amount: bigint }
  /** Milliseconds, in 64 bits. */
  | { readonly kind: "duration"; readonly amount: bigint }
  | IpRange;

/** An address with its prefix length, or a range of addresses, as Cedar has one type for both. */
export interface IpRange {
  readonly kind: "ipaddr";
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}
