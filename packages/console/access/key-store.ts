/**
 * Where this browser keeps its key: IndexedDB, which can hold a key that no script can read. In: the key. Out: the same
 * key after a reload, until it is forgotten.
 */
import type { BrowserKey } from "./sign.ts";

const database = "cordon-console";
const store = "keys";
/** One browser, one key for this origin. */
const slot = "current";

/** The key of an earlier pairing, where there is one. */
export async function loadKey(): Promise<BrowserKey | undefined> {
  const found = await inStore("readonly", (keys) => keys.get(slot) as IDBRequest<BrowserKey | undefined>);
  return found?.privateKey instanceof CryptoKey ? found : undefined;
}

export async function saveKey(key: BrowserKey): Promise<void> {
  await inStore("readwrite", (keys) => keys.put(key, slot));
}

/** After this the browser must be paired again. */
export async function forgetKey(): Promise<void> {
  await inStore("readwrite", (keys) => keys.delete(slot));
}

async function inStore<T>(mode: IDBTransactionMode, act: (keys: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(database, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(store));
  const opened = await settled(opening);
  try {
    return await settled(act(opened.transaction(store, mode).objectStore(store)));
  } finally {
    opened.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("this browser keeps nothing")));
  });
}
