/** What of the outside is reached through a gateway. In: the link to it. Out: its own answer. */
import { request } from "undici";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { EgressGateway } from "../node/node-state.ts";
import type { GatewayLink } from "./gateway-link.ts";

const offered = z.object({ egress: z.boolean(), interception: z.string().max(65_536).optional() });
const maxBytes = 131_072;

/** @throws {CordonError} `UPSTREAM_UNREACHABLE` where it does not say */
export async function askEgress(link: GatewayLink): Promise<Pick<EgressGateway, "egress" | "interception">> {
  const { statusCode, body } = await request(`${link.origin}/.cordon/egress`, { dispatcher: await link.dispatcher() });
  let text = "";
  for await (const chunk of body) {
    text += String(chunk);
    if (text.length > maxBytes) break;
  }
  const parsed = offered.safeParse(statusCode === 200 ? JSON.parse(text) : undefined);
  if (parsed.success) return parsed.data;
  throw new CordonError(
    "UPSTREAM_UNREACHABLE",
    `the gateway at ${link.origin} does not say what it reaches (${statusCode})`,
  );
}
