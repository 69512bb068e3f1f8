/**
 * The `tunnels` of `cordon.yaml`: any TCP protocol, between components, through the gateway. In: an item. Out: its checked
 * form. What a tunnel carries is opaque: who may open it is decided, its bytes are counted, its content is not seen.
 */
import { z } from "zod";
import { parseListenAddress } from "./addresses.ts";
import { isNodeName } from "./registration-schema.ts";
import { text } from "./schema-parts.ts";
import { actions, isName } from "./vocabulary.ts";

const reference = text((value) => {
  const parts = value.split("/");
  return parts.length <= 2 && parts.every(isName) ? undefined : "must be `name`, or `namespace/name`";
});
const name = text((value) =>
  isName(value) ? undefined : "must be lower-case letters, digits and inner hyphens, at most 63 characters",
);

export const tunnelSchema = z.strictObject({
  name: name.describe("Unique among the tunnels of its namespace."),
  namespace: name.default("default").describe("The team's space that this belongs to."),
  resource: reference.describe("The component that policy decides on, and that must answer at `address` by its SVID."),
  action: z
    .enum(actions)
    .default("write")
    .describe("The action that a connection stands for. What is carried is not seen, so it is the most it could be."),
  address: text((value) => (parseDialAddress(value) === undefined ? "must be `HOST:PORT`" : undefined)).describe(
    "`HOST:PORT` of the server's end, `cordon tunnel serve`.",
  ),
  connectMs: z.int().min(100).max(60_000).default(5_000).describe("For the connection to the server's end."),
  idleMs: z
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(3_600_000)
    .describe("A connection that carries nothing either way for longer is closed."),
});

/** `HOST:PORT`, where HOST is a DNS name or an IP address; `undefined` for anything else. */
export function parseDialAddress(value: string): { readonly host: string; readonly port: number } | undefined {
  const parsed = parseListenAddress(value);
  if ("ok" in parsed) return parsed.ok.port === 0 ? undefined : parsed.ok;
  const [, host = "", digits = ""] = /^([a-z0-9.-]{1,253}):([1-9][0-9]{0,4})$/.exec(value) ?? [];
  // A name that ends in a number is an address in disguise (URL Standard, "ends in a number").
  if (!isNodeName(host) || /(?:^|\.)[0-9]+$/.test(host) || Number(digits) > 65_535) return undefined;
  return { host, port: Number(digits) };
}

export type TunnelSettings = z.output<typeof tunnelSchema>;
