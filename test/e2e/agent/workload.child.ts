/**
 * A workload of its own: asks an agent for what its arguments say, and tells what it hears, one JSON value a line.
 *
 *     workload.child.ts SOCKET watch | x509 | bundles | jwt AUDIENCE | jwt-bundles | validate AUDIENCE TOKEN | bare
 */
import { X509Certificate } from "node:crypto";
import { connect } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SpiffeWorkloadAPI, type X509SVIDResponse } from "@cordon/agent/proto/workload";

const [socketPath = "", what = "", ...args] = process.argv.slice(2);
const transport = createGrpcTransport({
  baseUrl: "http://localhost",
  nodeOptions: { createConnection: () => connect(socketPath) },
});
const client = createClient(SpiffeWorkloadAPI, transport);
const options = { headers: what === "bare" ? {} : { "workload.spiffe.io": "true" } };
const say = (event: string, facts: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...facts })}\n`);

try {
  await main();
} catch (error) {
  const { code, rawMessage } = ConnectError.from(error);
  say("refused", { code: Code[code], words: rawMessage });
}
process.exit(0);

async function main(): Promise<void> {
  switch (what) {
    case "watch": // every message until the stream ends, again and again
      for (;;) {
        try {
          for await (const message of client.fetchX509SVID({}, options)) say("svid", described(message));
          say("ended");
        } catch (error) {
          const { code } = ConnectError.from(error);
          say("broken", { code: Code[code] });
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    case "bare":
    case "x509":
      for await (const message of client.fetchX509SVID({}, options)) return say("svid", described(message));
      return;
    case "bundles":
      for await (const { bundles } of client.fetchX509Bundles({}, options))
        return say("bundles", { domains: Object.keys(bundles) });
      return;
    case "jwt":
      return say("jwt", { svids: (await client.fetchJWTSVID({ audience: args }, options)).svids.map(plain) });
    case "jwt-bundles":
      for await (const { bundles } of client.fetchJWTBundles({}, options))
        return say("jwt-bundles", {
          bundles: Object.fromEntries(Object.entries(bundles).map(([k, v]) => [k, Buffer.from(v).toString()])),
        });
      return;
    case "validate": {
      const [audience = "", svid = ""] = args;
      const { spiffeId, claims } = await client.validateJWTSVID({ audience, svid }, options);
      return say("valid", { spiffeId, claims });
    }
    default:
      throw new Error(`what is ${what}?`);
  }
}

function plain({ spiffeId, svid, hint }: { spiffeId: string; svid: string; hint: string }): object {
  return { spiffeId, svid, hint };
}

function described(message: X509SVIDResponse): object {
  return {
    svids: message.svids.map((svid) => {
      const leaf = new X509Certificate(svid.x509Svid);
      return { id: svid.spiffeId, hint: svid.hint, serial: leaf.serialNumber, notAfter: Date.parse(leaf.validTo) };
    }),
    federated: Object.keys(message.federatedBundles),
  };
}
