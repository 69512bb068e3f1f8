/**
 * Admissions in the store, and the question that identity and routes ask of them. In: signed admissions. Out: objects of
 * kind `admission`, and whether a digest is admitted now: by the model's root digest, or by the digest of one of its
 * weights files, which is what an agent measures. Withdrawing takes effect with the revision that it makes.
 */
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { ModelStanding } from "@cordon/core/policy/snapshot";
import { contentDigest } from "@cordon/core/supply/content-digest";
import { digestOf } from "../../store/record-changes.ts";
import type { ObjectKey, StateStore, StoredObject } from "../../store/state-store.ts";
import { weightsName } from "../cards/read-card.ts";
import { verifyAdmission, type Admission } from "./document.ts";

export const admissionKind = "admission";

const admissionValue = z.strictObject({
  /** The envelope as it was signed. */
  document: z.string().min(1).max(1_000_000),
  withdrawn: z.strictObject({ at: z.int(), reason: z.string().min(1) }).exactOptional(),
});

/** One object a model: its name is a prefix of the root digest, long enough to be its own. */
function keyOf(rootDigest: string, namespace: Namespace): ObjectKey {
  return { kind: admissionKind, namespace, name: `sha256-${rootDigest.slice(0, 56)}` };
}

/** What a write did: for the ledger, and for whoever asked. */
export interface AdmissionChange {
  readonly revision: Revision;
  readonly objects: ChangeEntry["objects"];
}

interface WriteOptions {
  /** Whoever may admit. */
  readonly key: KeyObject;
  readonly actor: string;
  readonly now: Instant;
}

/**
 * Records an admission.
 *
 * @param options.names the digest that it must be about: of the model, or of one of its weights files; `sha256:` and hex
 * @throws {CordonError} `SIGNATURE_INVALID` for one that does not stand now; `ACCESS_DENIED` for one about another model,
 *   or decided no later than a withdrawal of the same model: what was withdrawn has to be decided again
 */
export async function recordAdmission(
  store: Pick<StateStore, "transact">,
  document: string,
  options: WriteOptions & { readonly namespace: Namespace; readonly names?: string },
): Promise<AdmissionChange & { readonly admission: Admission }> {
  const admission = verifyAdmission(Buffer.from(document), options.key, options.now);
  if (options.names !== undefined && !digestsOf(admission).includes(options.names))
    throw new CordonError(
      "ACCESS_DENIED",
      `the admission is about sha256:${admission.rootDigest}, and the component states ${options.names}, which is neither ` +
        "that model nor one of its weights files",
    );
  const key = keyOf(admission.rootDigest, options.namespace);
  const value = { document };
  const { revision } = await store.transact(options.actor, options.now, async (transaction) => {
    for (const object of await transaction.list(admissionKind)) {
      const { withdrawn } = admissionValue.parse(object.value);
      if (withdrawn === undefined || object.name !== key.name || admission.decidedAt > withdrawn.at) continue;
      throw new CordonError(
        "ACCESS_DENIED",
        `this model was withdrawn after the admission was decided (${withdrawn.reason}): decide again, with ` +
          "`cordon model admit`",
      );
    }
    await transaction.put(key, value, "api");
  });
  return { admission, revision, objects: [{ op: "put", ...key, sha256: digestOf(value) }] };
}

/** Withdraws every admission that a digest stands on, in all namespaces; `undefined` when there is none. */
export async function withdrawAdmissions(
  store: Pick<StateStore, "transact">,
  digest: string,
  options: WriteOptions & { readonly reason: string },
): Promise<AdmissionChange | undefined> {
  const withdrawn = { at: options.now, reason: options.reason };
  const { revision, result } = await store.transact(options.actor, options.now, async (transaction) => {
    const objects: ChangeEntry["objects"][number][] = [];
    for (const object of await transaction.list(admissionKind)) {
      const value = admissionValue.parse(object.value);
      const { admission } = judgedObject(object, options.key);
      if (value.withdrawn !== undefined || admission === undefined || !digestsOf(admission).includes(digest)) continue;
      const key = { kind: admissionKind, namespace: object.namespace, name: object.name };
      await transaction.put(key, { ...value, withdrawn }, "api");
      objects.push({ op: "put", ...key, sha256: digestOf({ ...value, withdrawn }) });
    }
    return objects;
  });
  return result.length === 0 ? undefined : { revision, objects: result };
}

/**
 * How each digest stands that an admission names, from the store's objects. Times are the reader's to compare: an admission
 * whose time is over is still here, with its end.
 *
 * @param key whoever may admit. Each object's signature is verified once, when it is first seen
 */
export function admissionsFrom(objects: readonly StoredObject[], key: KeyObject): ReadonlyMap<string, ModelStanding> {
  const standings = new Map<string, ModelStanding>();
  const judged = objects.map((object) => judgedObject(object, key));
  // Of several withdrawals of one digest the latest is told.
  for (const { admission, withdrawn } of judged.toSorted((a, b) => (a.withdrawn?.at ?? 0) - (b.withdrawn?.at ?? 0))) {
    if (admission === undefined) continue; // not readable, or not signed by that key, admits nobody
    const standing: ModelStanding =
      withdrawn === undefined
        ? { validUntil: admission.validUntil, content: contentOf(admission) }
        : { refused: `its admission was withdrawn: ${withdrawn.reason}` };
    for (const digest of digestsOf(admission)) {
      standings.set(digest, better(standings.get(digest), standing));
    }
  }
  return standings;
}

/** Of two admissions of one digest the longer one counts; what either covers is covered. */
function better(one: ModelStanding | undefined, other: ModelStanding): ModelStanding {
  if (one === undefined) return other;
  const [long, short] = endOf(other) >= endOf(one) ? [other, one] : [one, other];
  if (!("validUntil" in long) || !("validUntil" in short)) return long;
  return { ...long, content: [...new Set([...(long.content ?? []), ...(short.content ?? [])])] };
}

/** Admissions that stand now: signed by that key, not withdrawn, not over. */
export function standingAdmissions(
  objects: readonly StoredObject[],
  key: KeyObject,
  now: Instant,
): readonly Admission[] {
  return objects.flatMap((object) => {
    const { admission, withdrawn } = judgedObject(object, key);
    return admission === undefined || withdrawn !== undefined || now >= admission.validUntil ? [] : [admission];
  });
}

function endOf(standing: ModelStanding): number {
  return "validUntil" in standing ? standing.validUntil : -Infinity;
}

interface JudgedObject {
  readonly key: KeyObject;
  readonly admission?: Admission;
  readonly withdrawn?: { readonly at: Instant; readonly reason: string } | undefined;
}

/** Stored objects are immutable: what each says is verified once. */
const judgedObjects = new WeakMap<StoredObject, JudgedObject>();

/** What an object says, its signature verified as of its own decision. */
function judgedObject(object: StoredObject, key: KeyObject): JudgedObject {
  let judged = judgedObjects.get(object);
  if (judged === undefined || judged.key !== key) {
    const parsed = admissionValue.safeParse(object.value);
    judged = { key };
    if (parsed.success) {
      const { admission, expired } = tryVerify(parsed.data.document, key, 0);
      const found = admission ?? expired;
      if (found !== undefined) judged = { key, admission: found, withdrawn: parsed.data.withdrawn };
    }
    judgedObjects.set(object, judged);
  }
  return judged;
}

/** `sha256:` and hex: the model's own, and its weights files'. */
function digestsOf({ rootDigest, files }: Admission): readonly string[] {
  const weights = Object.entries(files).filter(([path]) => weightsName.test(path));
  return [rootDigest, ...weights.map(([, sha256]) => sha256)].map((hex) => `sha256:${hex}`);
}

/** How else the same content is measured: as a folder of whole files, and as the only weights file in it. */
function contentOf({ rootDigest, files }: Admission): readonly string[] {
  const weights = Object.entries(files).filter(([path]) => weightsName.test(path));
  const [only, second] = weights;
  const alone = only === undefined || second !== undefined ? [] : [only[1]];
  return [...new Set([rootDigest, contentDigest(Object.entries(files)), ...alone])].map((hex) => `sha256:${hex}`);
}

export type AdmittedAnswer = { readonly admitted: true } | { readonly admitted: false; readonly words: string };

/**
 * Answers whether a model is admitted, from the store as it is at that moment. It has the shape of `ModelAdmission` of the
 * node API, so that it can stand where declarations are believed today.
 *
 * @param key whoever may admit: every document is verified each time it is asked about
 */
export function registryAdmission(
  store: Pick<StateStore, "list">,
  key: KeyObject,
  clock: () => Instant,
): { readonly admitted: (digest: string) => Promise<AdmittedAnswer> } {
  return {
    async admitted(digest) {
      if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return { admitted: false, words: `${digest} is no digest` };
      let words = "nobody admitted it";
      for (const object of await store.list(admissionKind)) {
        const parsed = admissionValue.safeParse(object.value);
        if (!parsed.success) continue; // not readable admits nobody
        const { document, withdrawn } = parsed.data;
        const judged = tryVerify(document, key, clock());
        const about = judged.admission ?? judged.expired;
        if (about === undefined || !digestsOf(about).includes(digest)) continue;
        if (withdrawn !== undefined) words = `its admission was withdrawn: ${withdrawn.reason}`;
        else if (judged.admission !== undefined) return { admitted: true };
        else words = judged.words;
      }
      return { admitted: false, words };
    },
  };
}

interface Judged {
  readonly admission?: Admission;
  /** What it was about, where only its time is over. */
  readonly expired?: Admission;
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
