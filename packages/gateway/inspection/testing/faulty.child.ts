/** A thread that inspects nothing: it does what the first text says. For the tests of what comes of that. */
import { parentPort } from "node:worker_threads";
import type { FromInspector, ToInspector } from "../inspection-thread.ts";

const port = parentPort;
if (port !== null) {
  port.on("message", ({ texts, parts }: ToInspector) => {
    const [order = ""] = texts;
    if (order === "hang") for (;;);
    if (order === "throw") throw new Error("the detector crashed");
    if (order === "exit") process.exit(3);
    if (order === "eat") {
      const held: string[][] = [];
      for (;;) held.push(Array.from({ length: 10_000 }, (_, at) => `${held.length} ${at}`));
    }
    const spans = texts.map(() => [[]]);
    port.postMessage({ type: "found", spans, parts: parts.map(() => []) } satisfies FromInspector);
  });
  port.postMessage({ type: "ready" } satisfies FromInspector);
}
