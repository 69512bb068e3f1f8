/**
 * SVIDs issued a second on one thread, beside what their signatures alone cost: by node:crypto here, and by
 * `openssl speed`. In: how long. Out: figures on the screen. An issued X.509-SVID is a signing request verified, a
 * certificate built and signed, and the whole chain verified as a peer would; a state that is read from disk each time.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "@cordon/control/authority/authority";
import { openKeyVault } from "@cordon/control/keys/key-vault";
import { openRootKey } from "@cordon/control/keys/root-key";
import { openStateStore } from "@cordon/control/store/open-state-store";
import { makeCsr } from "@cordon/core/identity/csr";
import { parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";

const concurrency = 8;

export async function measureIssuance(quick: boolean): Promise<void> {
  const seconds = quick ? 1 : 5;
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const store = closing.use(await openStateStore(`sqlite:${join(folder, "cordon.db")}`));
  const vault = openKeyVault({
    store,
    rootKey: await openRootKey({ file: "root.key" }, { stateFolder: folder }),
    now: Date.now,
  });
  const authority = await openAuthority({
    vault,
    store,
    trustDomain: parseTrustDomain("bench.example"),
    now: Date.now,
  });
  const id = parseSpiffeId("spiffe://bench.example/ns/default/agent/assistant");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const csr = await makeCsr(privateKey);
  const text = Buffer.alloc(400, 1);

  const signatures = await rateOf(seconds, async () => void sign("sha256", text, privateKey));
  const x509 = await rateOf(seconds, () => authority.issueX509Svid({ id, key: { csr } }));
  const jwt = await rateOf(seconds, () => authority.issueJwtSvid({ id, audience: "x" }));
  const openssl = opensslSignatures(seconds);
  const line = (what: string, rate: number): string =>
    `  ${what.padEnd(34)} ${rate.toFixed(0).padStart(7)} a second, ${(rate / signatures).toFixed(3)} of a signature's\n`;
  process.stdout.write(`issuance, one process, ${concurrency} requests at a time\n`);
  process.stdout.write(line("ECDSA P-256 signatures, node:crypto", signatures));
  if (openssl === undefined) process.stdout.write("  openssl speed: not installed, not measured\n");
  else process.stdout.write(line("ECDSA P-256 signatures, openssl", openssl));
  process.stdout.write(line("X.509-SVIDs", x509));
  process.stdout.write(line("JWT-SVIDs", jwt));
}

async function rateOf(seconds: number, work: () => Promise<unknown>): Promise<number> {
  await Promise.all(Array.from({ length: concurrency * 10 }, work)); // warm
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (; performance.now() < until; done++) await work();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (done * 1000) / (performance.now() - startedAt);
}

/** Signatures a second by `openssl speed`, on one thread; `undefined` where it is not installed. */
function opensslSignatures(seconds: number): number | undefined {
  const { stdout, error } = spawnSync("openssl", ["speed", "-seconds", String(seconds), "ecdsap256"], {
    encoding: "utf8",
  });
  if (error !== undefined) return undefined;
  const fields = /256 bits ecdsa \(nistp256\)\s+\S+s\s+\S+s\s+([\d.]+)/.exec(stdout);
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}
