/**
 * How a tunnel is opened, on a connection on which both ends have proved themselves: one question, one answer, then bytes
 * of whatever protocol. In: values. Out: their bytes; and back, bounded and strict. Both hops speak it: client to
 * gateway, gateway to the server's end.
 *
 * A message is its length in two bytes, most significant first, then JSON.
 */
import { z } from "zod";
import { CordonError } from "../errors.ts";
import { maxDelegationLength } from "../identity/delegation.ts";
import { maxEgressTargetLength } from "./egress-schema.ts";
import { parseStrictJson } from "./strict-json.ts";

/** The application protocol (ALPN) of tunnels. */
export const tunnelProtocol = "cordon-tunnel/1";
export const maxTunnelMessageBytes = 4096;

/** `tunnel` is `namespace/name`. `renew` is the id of an open tunnel that this connection proves anew, and carries nothing. */
export const tunnelQuestion = z.strictObject({
  v: z.literal(1),
  tunnel: z.string().regex(/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/, "must be `namespace/name`"),
  /** Of the interaction, from the gateway to the server's end. */
  id: z.string().max(128).optional(),
  renew: z.string().max(128).optional(),
  /** Lets the workload that asks act for a person. */
  delegation: z.string().max(maxDelegationLength).optional(),
});

/** Asks for a destination outside: `egress` is the target of a CONNECT, `HOST:PORT`. `renew` as for tunnels. */
export const egressQuestion = z.strictObject({
  v: z.literal(1),
  egress: z.string().min(1).max(maxEgressTargetLength),
  renew: z.string().max(128).optional(),
  delegation: z.string().max(maxDelegationLength).optional(),
});

/** What a gateway is asked. */
export const gatewayQuestion = z.union([tunnelQuestion, egressQuestion]);

export const tunnelAnswer = z.union([
  z.strictObject({ v: z.literal(1), ok: z.literal(true), id: z.string().max(128) }),
  z.strictObject({
    v: z.literal(1),
    ok: z.literal(false),
    code: z.string().max(64),
    words: z.string().max(3000),
    id: z.string().max(128),
  }),
]);

export type TunnelQuestion = z.infer<typeof tunnelQuestion>;
export type EgressQuestion = z.infer<typeof egressQuestion>;
export type TunnelAnswer = z.infer<typeof tunnelAnswer>;

export function encodeTunnelMessage(message: TunnelQuestion | EgressQuestion | TunnelAnswer): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  if (body.byteLength > maxTunnelMessageBytes) throw malformed("it is too long");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.byteLength);
  return Buffer.concat([length, body]);
}

/**
 * Takes one message off the front of what has arrived.
 *
 * @returns the message and what came behind it; `undefined` while it is not whole
 * @throws {CordonError} `REQUEST_MALFORMED`
 */
export function takeTunnelMessage<T>(
  arrived: Buffer,
  schema: z.ZodType<T>,
): { readonly message: T; readonly rest: Buffer } | undefined {
  if (arrived.byteLength < 2) return undefined;
  const length = arrived.readUInt16BE(0);
  if (length > maxTunnelMessageBytes) throw malformed("it is too long");
  if (arrived.byteLength < 2 + length) return undefined;
  const parsed = schema.safeParse(parseJson(arrived.subarray(2, 2 + length)));
  if (!parsed.success) throw malformed(parsed.error.issues[0]?.message ?? "its shape is not known");
  return { message: parsed.data, rest: arrived.subarray(2 + length) };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return parseStrictJson(bytes, { depth: 2, names: 16 });
  } catch {
    throw malformed("it is not JSON");
  }
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the tunnel's opening message is refused: ${why}`);
}
