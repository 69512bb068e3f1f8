/**
 * The token that Google Compute Engine's metadata server signs for this machine. In: the audience. Out: the token. The
 * server is link-local and answers this machine alone; `GCE_METADATA_HOST` names another, as Google's own clients have it.
 */
import { request } from "node:http";
import { CordonError } from "@cordon/core/errors";

const timeoutMs = 5_000;
const maxBytes = 16_384;

/** @throws {CordonError} `UPSTREAM_UNREACHABLE` */
export function askMetadataServer(audience: string, host = "metadata.google.internal"): Promise<string> {
  const path = "/computeMetadata/v1/instance/service-accounts/default/identity";
  const url = `http://${host}${path}?audience=${encodeURIComponent(audience)}&format=full`;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new CordonError("UPSTREAM_UNREACHABLE", `the metadata server at ${host} gave no identity token: ${why}`));
    const asked = request(url, { headers: { "Metadata-Flavor": "Google" }, timeout: timeoutMs }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) asked.destroy(new Error("its answer is too long"));
        else chunks.push(chunk);
      });
      answer.once("error", (error) => fail(error.message));
      answer.once("end", () => {
        // A captive portal or a proxy answers too; the metadata server says that it is one.
        if (answer.statusCode !== 200) return fail(`it answered ${answer.statusCode}`);
        if (answer.headers["metadata-flavor"] !== "Google") return fail("whoever answered is not the metadata server");
        resolve(Buffer.concat(chunks).toString("latin1").trim());
      });
    });
    asked.once("timeout", () => asked.destroy(new Error(`it was silent for ${timeoutMs} ms`)));
    asked.once("error", (error) => fail(error.message));
    asked.end();
  });
}
