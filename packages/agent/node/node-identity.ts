/**
 * The agent's own identity. In: a state folder, the control plane's address, and how the node proves itself. Out: an SVID
 * that is kept fresh, and the bundle to judge the control plane by.
 *
 * Key, SVID and bundle are kept in the folder (0700, files 0600), so that a restarted agent needs no second join token.
 * The key is the one that the node enrolled with, for as long as it is enrolled: that is what lets a machine which slept
 * past its SVID's end renew by itself, and what `cordon identity evict` withdraws.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { agentSvidResponse, nodeBundleResponse, type AgentSvidResponse } from "@cordon/core/contract/node-api";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseBundle, serializeBundle } from "@cordon/core/identity/bundle";
import { makeCsr } from "@cordon/core/identity/csr";
import { controlPlaneId, nodeOfAgent } from "@cordon/core/identity/node-id";
import { parseTrustDomain, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, toPem } from "@cordon/core/identity/tls";
import { readX509Svid, verifyX509Svid, type IdentityTrust } from "@cordon/core/identity/x509-svid";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { Clocks } from "../run/identity.ts";
import { openControlLink, type ControlLink } from "./control-link.ts";
import { derOf, evidenceOf, trustedPart, type NodeProof } from "./node-evidence.ts";
import type { NodeFolder } from "./node-folder.ts";

const generate = promisify(generateKeyPair);

export interface NodeIdentityOptions {
  readonly url: URL;
  readonly folder: NodeFolder;
  /** Needed once, to enrol. */
  readonly proof: NodeProof | undefined;
  readonly clocks: Clocks;
}

export interface NodeIdentity extends AsyncDisposable {
  readonly node: string;
  readonly trustDomain: TrustDomain;
  readonly link: ControlLink;
  current(): X509Svid;
  /** When it should be renewed: at half of its life. */
  readonly dueInMs: () => number;
  renew(): Promise<void>;
  /** Takes over a newer bundle of our own trust domain. */
  adopt(bundle: TrustBundle): Promise<void>;
}

export const nothingRevoked = { certificates: new Set<never>(), keys: new Set<never>(), workloads: new Set<never>() };

/** Loads the identity from the folder, or enrols. @throws {CordonError} */
export async function openNodeIdentity(options: NodeIdentityOptions): Promise<NodeIdentity> {
  const { url, folder, clocks } = options;
  const kept = await loadKept(folder);
  let { svid, bundle } = kept ?? (await enrol(options));
  if (kept === undefined) await keep(folder, svid, bundle);
  const { trustDomain } = bundle;
  const node = nodeOfAgent(svid.id, trustDomain);
  if (node === undefined) throw new CordonError("SVID_INVALID", `${svid.id} is not the id of a node's agent`);
  const trust = (): IdentityTrust => ({ bundles: new Map([[trustDomain, bundle]]), revocations: nothingRevoked });
  const link = openControlLink({
    url,
    svid: () => svid,
    judge: (socket) => void authenticatePeer(socket, trust(), clocks.wall(), { expected: controlPlaneId(trustDomain) }),
  });
  let issuedAt = clocks.wall();
  let issuedMonotonic = clocks.monotonic();

  return {
    node,
    trustDomain,
    link,
    current: () => svid,
    dueInMs: () => {
      const halfLifeMs = (svid.notAfter - issuedAt) / 2;
      // Whichever clock says so first: the wall's may be set back, the other may stand still in a sleep.
      return Math.min(issuedAt + halfLifeMs - clocks.wall(), issuedMonotonic + halfLifeMs - clocks.monotonic());
    },
    async renew() {
      const csr = await makeCsr(svid.key);
      const answer = await link.call({
        method: "POST",
        path: "/v1/nodes/renew",
        schema: agentSvidResponse,
        body: { csr },
      });
      const renewed = accept(answer, svid.key, bundle, clocks);
      if (renewed.svid.id !== svid.id)
        throw new CordonError("SVID_INVALID", `the control plane renewed another identity than ${svid.id}`);
      ({ svid, bundle } = renewed);
      issuedAt = clocks.wall();
      issuedMonotonic = clocks.monotonic();
      await keep(folder, svid, bundle);
    },
    async adopt(next) {
      if (next.sequence === bundle.sequence) return;
      bundle = next;
      await folder.write("bundle.json", Buffer.from(serializeBundle(bundle)).toString("utf8"));
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

interface Kept {
  readonly svid: X509Svid;
  readonly bundle: TrustBundle;
}

/** First contact: know the control plane by what we were told of it, then prove who we are. */
async function enrol({ url, proof, clocks, folder }: NodeIdentityOptions): Promise<Kept> {
  if (proof === undefined)
    throw new CordonError(
      "USAGE",
      `this node is not enrolled yet (nothing in ${folder.path}): start the agent with --join-token-file, ` +
        "--x509-cert, --kubernetes-token or --gce",
    );
  const bundle = await firstBundle(url, proof, clocks);
  const { privateKey } = await generate("ec", { namedCurve: "P-256" });
  const csr = await makeCsr(privateKey);
  const attestation = await evidenceOf(proof, bundle.trustDomain, csr);
  await using link = openControlLink({ url, svid: () => undefined, judge: judgeBy(bundle, clocks) });
  const body = { attestation, csr };
  const answer = await link.call({ method: "POST", path: "/v1/nodes/attest", schema: agentSvidResponse, body });
  return accept(answer, privateKey, bundle, clocks);
}

/** The bundle as offered, less whatever we were not told to trust; the offering peer must be certified by it. */
async function firstBundle(url: URL, proof: NodeProof, clocks: Clocks): Promise<TrustBundle> {
  await using stranger = openControlLink({ url, svid: () => undefined, judge: () => undefined });
  const offered = await stranger.call({ method: "GET", path: "/v1/bundle", schema: nodeBundleResponse });
  if (offered === undefined) throw new CordonError("CONTROL_UNREACHABLE", `${url.origin} offers no bundle`);
  const bundle = await trustedPart(proof, readBundle(parseTrustDomain(offered.trustDomain), offered.bundle));
  await using known = openControlLink({ url, svid: () => undefined, judge: judgeBy(bundle, clocks) });
  await known.call({ method: "GET", path: "/v1/bundle", schema: nodeBundleResponse });
  return bundle;
}

function judgeBy(bundle: TrustBundle, clocks: Clocks) {
  const trust = { bundles: new Map([[bundle.trustDomain, bundle]]), revocations: nothingRevoked };
  const expected = controlPlaneId(bundle.trustDomain);
  return (socket: Parameters<typeof authenticatePeer>[0]) =>
    void authenticatePeer(socket, trust, clocks.wall(), { expected });
}

/** Reads an answer, which came from a peer that our bundle vouched for, as a peer of ours would judge it. */
function accept(answer: AgentSvidResponse | undefined, key: KeyObject, trusted: TrustBundle, clocks: Clocks): Kept {
  if (answer === undefined) throw new CordonError("SVID_INVALID", "the control plane issued nothing");
  const { trustDomain } = trusted;
  const chain = derOf(answer.chain);
  const bundle = readBundle(trustDomain, answer.bundle);
  const trust = { bundles: new Map([[trustDomain, bundle]]), revocations: nothingRevoked };
  const verified = verifyX509Svid(chain, trust, clocks.wall());
  const { leaf } = readX509Svid(chain);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  if (verified.id !== answer.id || Buffer.compare(publicKey, leaf.publicKeyInfo) !== 0)
    throw new CordonError("SVID_INVALID", "the control plane issued an SVID for another key or name than was asked");
  return { svid: { id: verified.id, chain, key, notBefore: leaf.notBefore, notAfter: verified.notAfter }, bundle };
}

/** A bundle document as it came in an answer. @throws {CordonError} `SVID_UNTRUSTED` */
export function readBundle(trustDomain: TrustDomain, document: unknown): TrustBundle {
  return parseBundle(trustDomain, Buffer.from(JSON.stringify(document)));
}

async function keep(folder: NodeFolder, svid: X509Svid, bundle: TrustBundle): Promise<void> {
  await folder.write("key.pem", svid.key.export({ type: "pkcs8", format: "pem" }).toString());
  await folder.write("bundle.json", Buffer.from(serializeBundle(bundle)).toString("utf8"));
  // The SVID last: it is what says that the others are there.
  await folder.write("svid.pem", svid.chain.map(toPem).join(""));
}

/** What was kept; it may have expired. `undefined` when nothing was. @throws {CordonError} when it cannot be read */
async function loadKept(folder: NodeFolder): Promise<Kept | undefined> {
  const [keyText, chainText, bundleText] = await Promise.all([
    folder.read("key.pem"),
    folder.read("svid.pem"),
    folder.read("bundle.json"),
  ]);
  if (keyText === undefined || chainText === undefined || bundleText === undefined) return undefined;
  try {
    const chain = derOf(chainText);
    const { id, leaf } = readX509Svid(chain);
    const key = createPrivateKey(keyText);
    const trustDomain = parseTrustDomain(id.slice("spiffe://".length).split("/")[0] ?? "");
    return {
      svid: { id, chain, key, notBefore: leaf.notBefore, notAfter: leaf.notAfter },
      bundle: parseBundle(trustDomain, Buffer.from(bundleText)),
    };
  } catch (cause) {
    const why = isCordonError(cause) ? cause.message : "the key cannot be read";
    throw new CordonError("USAGE", `${folder.path} does not hold a node's identity (${why}); empty it and enrol anew`, {
      cause,
    });
  }
}
