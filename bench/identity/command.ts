/**
 * `npm run bench -- identity [--quick]`: what identity costs. In: nothing. Out: figures on the screen, part by part; each
 * part stands alone. No part is a test: what must hold is in the rooms' own tests.
 */
import { machine } from "../gateway/machine.ts";
import { measureAgentMemory } from "./agent-memory.ts";
import { measureTunnels } from "./tunnels.ts";
import { measureHandshakes } from "./handshakes.ts";
import { measureIssuance } from "./issuance.ts";
import { measurePropagation } from "./propagation.ts";

/** Each prints its own lines. */
const parts: readonly ((quick: boolean) => Promise<void>)[] = [
  measureIssuance,
  measureHandshakes,
  measurePropagation,
  measureAgentMemory,
  measureTunnels,
];

export async function benchIdentity(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const { processor, cores, node, kernel } = machine();
  process.stdout.write(`${processor}, ${cores} cores, Node ${node}, Linux ${kernel}\n`);
  for (const part of parts) await part(quick);
}
