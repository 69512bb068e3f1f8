/**
 * Admissions in the store, and the question that identity and routes ask of them. In: signed admissions. Out: objects of
 * kind `admission`, and whether a digest is admitted now: by the model's root digest, or by the digest of one of its
 * weights files, which is what an agent measures. Withdrawing takes effect with the revision that it makes.
 */
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { isCordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { ObjectKey, StateStore } from "../../store/state-store.ts";
import { weightsName } from "../cards/read-card.ts";
import { verifyAdmission, type Admission } from "./document.ts";

const kind = "admission";

const admissionValue = z.strictObject({
  /** The envelope as it was signed. */
  document: z.string().min(1).max(1_000_000),
  withdrawn: z.strictObject({ at: z.int(), reason: z.string().min(1) }).exactOptional(),
});

/** One object a model: its name is a prefix of the root digest, long enough to be its own. */
function keyOf(rootDigest: string, namespace: Namespace): ObjectKey {
  return { kind, namespace, name: `sha256-${rootDigest.slice(0, 56)}` };
}

/** Records an admission. @throws {CordonError} `SIGNATURE_INVALID` for one that does not stand now; the store's own errors */
export async function recordAdmission(
  store: StateStore,
  document: string,
  options: { readonly key: KeyObject; readonly namespace: Namespace; readonly actor: string; readonly now: Instant },
): Promise<Admission> {
  const admission = verifyAdmission(Buffer.from(document), options.key, options.now);
  await store.transact(options.actor, options.now, (transaction) =>
    transaction.put(keyOf(admission.rootDigest, options.namespace), { document }, "api"),
  );
  return admission;
}

/** Withdraws a model's admission; true when there was one. */
export async function withdrawAdmission(
  store: StateStore,
  rootDigest: string,
  options: { readonly namespace: Namespace; readonly actor: string; readonly now: Instant; readonly reason: string },
): Promise<boolean> {
  const key = keyOf(rootDigest, options.namespace);
  const { result } = await store.transact(options.actor, options.now, async (transaction) => {
    const object = await transaction.get(key);
    const value = object === undefined ? undefined : admissionValue.parse(object.value);
    if (value === undefined || value.withdrawn !== undefined) return false;
    await transaction.put(key, { ...value, withdrawn: { at: options.now, reason: options.reason } }, "api");
    return true;
  });
  return result;
}

export type AdmittedAnswer = { readonly admitted: true } | { readonly admitted: false; readonly words: string };

/**
 * Answers whether a model is admitted, from the store as it is at that moment. It has the shape of `ModelAdmission` of the
 * node API, so that it can stand where declarations are believed today.
 *
 * @param key whoever may admit: every document is verified each time it is asked about
 */
export function registryAdmission(
  store: StateStore,
  key: KeyObject,
  clock: () => Instant,
): { readonly admitted: (digest: string) => Promise<AdmittedAnswer> } {
  return {
    async admitted(digest) {
      const wanted = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
      if (wanted === undefined) return { admitted: false, words: `${digest} is no digest` };
      let words = "nobody admitted it";
      for (const object of await store.list(kind)) {
        const parsed = admissionValue.safeParse(object.value);
        if (!parsed.success) continue; // not readable admits nobody
        const { document, withdrawn } = parsed.data;
        const judged = tryVerify(document, key, clock());
        if (!names(judged.admission ?? judged.expired, wanted)) continue;
        if (withdrawn !== undefined) words = `its admission was withdrawn: ${withdrawn.reason}`;
        else if (judged.admission !== undefined) return { admitted: true };
        else words = judged.words;
      }
      return { admitted: false, words };
    },
  };
}

function names(admission: Pick<Admission, "rootDigest" | "files"> | undefined, digest: string): boolean {
  if (admission === undefined) return false;
  return (
    admission.rootDigest === digest ||
    Object.entries(admission.files).some(([path, sha256]) => sha256 === digest && weightsName.test(path))
  );
}

interface Judged {
  readonly admission?: Admission;
  /** What it was about, where only its time is over. */
  readonly expired?: Pick<Admission, "rootDigest" | "files">;
  readonly words: string;
}

function tryVerify(document: string, key: KeyObject, now: Instant): Judged {
  const bytes = Buffer.from(document);
  try {
    return { admission: verifyAdmission(bytes, key, now), words: "" };
  } catch (error) {
    if (!isCordonError(error, "SIGNATURE_INVALID")) throw error;
    const words = error.message;
    try {
      const payload: unknown = JSON.parse(
        Buffer.from((JSON.parse(document) as { payload: string }).payload, "base64").toString(),
      );
      const at = (payload as { predicate: { decidedAt: string } }).predicate.decidedAt;
      return { expired: verifyAdmission(bytes, key, Date.parse(at)), words };
    } catch {
      return { words };
    }
  }
}
