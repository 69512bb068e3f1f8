/**
 * Makes a service mesh's own authority under ours. In: which mesh, and a folder. Out: files in the layout that the mesh
 * reads. The private key is made here; what crosses the socket is a request for its public half.
 *
 * Istio reads a secret `cacerts` (istio.io, "Plug in CA Certificates"); Linkerd takes `--identity-trust-anchors-file`,
 * `--identity-issuer-certificate-file` and `--identity-issuer-key-file`, and wants P-256.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import { makeCsr } from "@cordon/core/identity/csr";

export interface MeshExport {
  readonly mesh: "istio" | "linkerd";
  readonly name: string;
  readonly folder: string;
  readonly days: number;
}

export async function exportMesh(client: Pick<ControlClient, "delegateAuthority">, request: MeshExport) {
  const { mesh, name, folder, days } = request;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const answer = await client.delegateAuthority({ name, csr: await makeCsr(key), ttlSeconds: days * 86_400 });
  const pem = key.export({ type: mesh === "istio" ? "pkcs8" : "sec1", format: "pem" }).toString();
  const first = /^-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/.exec(answer.chain)?.[0] ?? "";
  const layout: Readonly<Record<string, string>> =
    mesh === "istio"
      ? {
          "ca-cert.pem": first,
          "ca-key.pem": pem,
          "root-cert.pem": answer.root,
          "cert-chain.pem": answer.chain + answer.root,
        }
      : { "ca.crt": answer.root, "issuer.crt": answer.chain, "issuer.key": pem };
  const files: string[] = [];
  for (const [file, text] of Object.entries(layout)) {
    const path = join(folder, file);
    const mode = text === pem ? 0o600 : 0o644;
    await writeFile(path, text, { mode, flag: "wx" }).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CordonError("USAGE", `${path} cannot be written: ${why}. Choose an empty folder.`, { cause });
    });
    files.push(path);
  }
  return { id: answer.id, keyFingerprint: answer.keyFingerprint, notAfter: answer.notAfter, files };
}
