/** Our bundle's endpoint as the configuration has it. In: the control plane and its SVID. Out: a server, or nothing. */
import { resolve } from "node:path";
import { openBundleEndpoint, type BundleEndpoint } from "@cordon/control/federation/bundle-endpoint";
import type { ControlPlane } from "@cordon/control/wire";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import type { IdentitySource } from "@cordon/core/identity/svid";

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openConfiguredEndpoint(
  { configuration, authority }: ControlPlane,
  identity: IdentitySource,
  folder: string,
  onProblem: (error: unknown) => void,
): Promise<BundleEndpoint | undefined> {
  const endpoint = configuration.federation?.endpoint;
  if (endpoint === undefined) return undefined;
  const listen = parseListenAddress(endpoint.listen);
  if ("problem" in listen) throw new CordonError("CONFIG_INVALID", `\`federation.endpoint.listen\` ${listen.problem}`);
  const { tls, path } = endpoint;
  const place = (file: string): string => resolve(folder, file);
  const proof =
    tls === undefined ? { identity } : { files: { certFile: place(tls.certFile), keyFile: place(tls.keyFile) } };
  return openBundleEndpoint({ listen: listen.ok, path, bundle: () => authority.bundle(), proof, onProblem });
}
