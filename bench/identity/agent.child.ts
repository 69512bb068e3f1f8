/** An agent that says what it holds once it holds everything. In: URL, folder, how many; the join token on stdin. */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { openAgent } from "@cordon/agent/agent";

const [controlUrl = "", folder = "", count = "0"] = process.argv.slice(2);
const token = await text(process.stdin);
const startedAt = performance.now();
const agent = await openAgent({
  controlUrl,
  folder: join(folder, "node"),
  socketPath: join(folder, "agent.sock"),
  proof: { kind: "join-token", token },
  say: (words) => void process.stderr.write(`${words}\n`),
});
while (agent.held() < Number(count)) await sleep(20);
const allAfterMs = performance.now() - startedAt;
await sleep(1_000);
globalThis.gc?.();
await sleep(200);
const { rss, heapUsed, external } = process.memoryUsage();
const mebi = 2 ** 20;
process.stdout.write(
  `${JSON.stringify({ residentMiB: rss / mebi, heapMiB: (heapUsed + external) / mebi, allAfterMs })}\n`,
);
await sleep(60_000);
