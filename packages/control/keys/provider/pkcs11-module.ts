/**
 * A PKCS#11 module (OASIS PKCS #11 v2.40), called through `koffi`. In: the module's path. Out: the few functions that
 * signing needs, as methods over numbers and buffers, each error a sentence with the module's own return value.
 *
 * Calls run in a thread of koffi's, so that a slow token does not hold the event loop; whoever calls keeps the calls of
 * one session in order. A module is loaded and initialised once a process, whoever opens it.
 */
import koffi from "koffi";
import { CordonError } from "@cordon/core/errors";

/** Handles are CK_ULONG: as `koffi` gives them. */
export type Handle = number | bigint;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Pkcs11Module {
  readonly path: string;
  readonly slots: () => Promise<readonly Handle[]>;
  readonly tokenInfo: (slot: Handle) => Promise<TokenInfo>;
  readonly openSession: (slot: Handle) => Promise<Handle>;
  readonly closeSession: (session: Handle) => Promise<void>;
  readonly login: (session: Handle, pin: Uint8Array) => Promise<void>;
  /** At most two: whoever finds two cannot tell which was meant. */
  readonly find: (session: Handle, template: readonly Attribute[]) => Promise<readonly Handle[]>;
  /** `undefined` where the object has no such attribute. */
  readonly attribute: (session: Handle, object: Handle, type: number) => Promise<Buffer | undefined>;
  readonly sign: (session: Handle, key: Handle, mechanism: number, data: Uint8Array) => Promise<Buffer>;
}

export interface TokenInfo {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly loginRequired: boolean;
}

/** Places in CK_FUNCTION_LIST of v2.x, which only ever grew at its end. */
const places = {
  C_Initialize: 0,
  C_GetSlotList: 4,
  C_GetTokenInfo: 6,
  C_OpenSession: 12,
  C_CloseSession: 13,
  C_Login: 18,
  C_GetAttributeValue: 24,
  C_FindObjectsInit: 26,
  C_FindObjects: 27,
  C_FindObjectsFinal: 28,
  C_SignInit: 42,
  C_Sign: 43,
} as const;

type FunctionName = keyof typeof places;

const prototypes: Readonly<Record<FunctionName, string>> = {
  C_Initialize: "ulong (void *args)",
  C_GetSlotList: "ulong (uint8_t present, void *list, void *count)",
  C_GetTokenInfo: "ulong (ulong slot, void *info)",
  C_OpenSession: "ulong (ulong slot, ulong flags, void *application, void *notify, void *session)",
  C_CloseSession: "ulong (ulong session)",
  C_Login: "ulong (ulong session, ulong user, void *pin, ulong length)",
  C_GetAttributeValue: "ulong (ulong session, ulong object, void *template, ulong count)",
  C_FindObjectsInit: "ulong (ulong session, void *template, ulong count)",
  C_FindObjects: "ulong (ulong session, void *objects, ulong most, void *count)",
  C_FindObjectsFinal: "ulong (ulong session)",
  C_SignInit: "ulong (ulong session, void *mechanism, ulong key)",
  C_Sign: "ulong (ulong session, void *data, ulong length, void *signature, void *signatureLength)",
};

const ok = 0;
const alreadyInitialised = 0x191;
const alreadyLoggedIn = 0x100;
const noSuchAttribute = new Set([0x11, 0x12]);
const serialSession = 4;
const normalUser = 1;
const unavailable = 0xffff_ffff_ffff_ffffn;
const maxAttributeBytes = 16 * 1024;

const loaded = new Map<string, Promise<Pkcs11Module>>();
/** Held for good: koffi unloads a library that nobody holds, and the functions below are addresses in it. */
const libraries = new Set<unknown>();

/** @throws {CordonError} `SUPPLY_INPUT_INVALID` when the file is no module, `KEY_SEALED` when it does not start */
export function loadPkcs11Module(path: string): Promise<Pkcs11Module> {
  let found = loaded.get(path);
  if (found === undefined) {
    found = open(path);
    loaded.set(path, found);
    found.catch(() => loaded.delete(path));
  }
  return found;
}

async function open(path: string): Promise<Pkcs11Module> {
  if (process.arch !== "x64" && process.arch !== "arm64")
    throw new CordonError("SUPPLY_INPUT_INVALID", `PKCS#11 is built for 64-bit Linux; this is ${process.arch}`);
  const call = await functionsOf(path);
  // CK_C_INITIALIZE_ARGS with CKF_OS_LOCKING_OK: koffi's threads are several.
  const settings = memory(48);
  settings.view.setBigUint64(32, 2n, true);
  const started = await call("C_Initialize", settings.pointer);
  settings.free();
  if (started !== ok && started !== alreadyInitialised) throw failed("C_Initialize", started, path);
  const checked = async (name: FunctionName, ...args: readonly unknown[]): Promise<void> => {
    const code = await call(name, ...args);
    if (code !== ok) throw failed(name, code, path);
  };
  return {
    path,
    async slots() {
      using count = memory(8);
      await checked("C_GetSlotList", 1, null, count.pointer);
      const most = Number(count.view.getBigUint64(0, true));
      if (most === 0) return [];
      using list = memory(8 * Math.min(most, 4096));
      await checked("C_GetSlotList", 1, list.pointer, count.pointer);
      return handles(list.view, Number(count.view.getBigUint64(0, true)));
    },
    async tokenInfo(slot) {
      using info = memory(512);
      await checked("C_GetTokenInfo", slot, info.pointer);
      const text = (from: number, length: number): string =>
        Buffer.from(info.view.buffer, from, length)
          .toString("utf8")
          .replace(/[\0 ]+$/, "");
      return {
        label: text(0, 32),
        manufacturer: text(32, 32),
        model: text(64, 16),
        serial: text(80, 16),
        loginRequired: (info.view.getBigUint64(96, true) & 4n) !== 0n,
      };
    },
    async openSession(slot) {
      using session = memory(8);
      await checked("C_OpenSession", slot, serialSession, null, null, session.pointer);
      return session.view.getBigUint64(0, true);
    },
    closeSession: (session) => checked("C_CloseSession", session),
    async login(session, pin) {
      using secret = memory(Math.max(pin.length, 1), pin);
      const code = await call("C_Login", session, normalUser, secret.pointer, pin.length);
      if (code !== ok && code !== alreadyLoggedIn) throw failed("C_Login", code, path);
    },
    async find(session, template) {
      using wanted = attributes(template);
      using found = memory(16);
      using count = memory(8);
      await checked("C_FindObjectsInit", session, wanted.pointer, template.length);
      try {
        await checked("C_FindObjects", session, found.pointer, 2, count.pointer);
        return handles(found.view, Number(count.view.getBigUint64(0, true)));
      } finally {
        await call("C_FindObjectsFinal", session);
      }
    },
    async attribute(session, object, type) {
      using asked = attributes([{ type, value: Buffer.alloc(maxAttributeBytes) }]);
      const code = await call("C_GetAttributeValue", session, object, asked.pointer, 1);
      const length = asked.view.getBigUint64(16, true);
      if (noSuchAttribute.has(code) || (code === ok && length === unavailable)) return undefined;
      if (code !== ok) throw failed("C_GetAttributeValue", code, path);
      return asked.valueOf(0, Number(length));
    },
    async sign(session, key, mechanism, data) {
      using how = memory(24);
      how.view.setBigUint64(0, BigInt(mechanism), true);
      using message = memory(Math.max(data.length, 1), data);
      using signature = memory(2048);
      using length = memory(8);
      length.view.setBigUint64(0, 2048n, true);
      await checked("C_SignInit", session, how.pointer, key);
      await checked("C_Sign", session, message.pointer, data.length, signature.pointer, length.pointer);
      return Buffer.from(new Uint8Array(signature.view.buffer, 0, Number(length.view.getBigUint64(0, true))));
    },
  };
}

type Call = (name: FunctionName, ...args: readonly unknown[]) => Promise<number>;

/** The module's functions, from the list that `C_GetFunctionList` gives, the one name every module must export. */
async function functionsOf(path: string): Promise<Call> {
  using list = memory(8);
  try {
    const library = koffi.load(path);
    libraries.add(library);
    const give = library.func("ulong C_GetFunctionList(void *list)") as unknown as (at: bigint) => number | bigint;
    const code = Number(give(list.pointer));
    if (code !== ok) throw failed("C_GetFunctionList", code, path);
  } catch (cause) {
    if (cause instanceof CordonError) throw cause;
    throw new CordonError("SUPPLY_INPUT_INVALID", `${path} is no PKCS#11 module: ${(cause as Error).message}`, {
      cause,
    });
  }
  const table = list.view.getBigUint64(0, true);
  const pointers = new DataView(koffi.view(table, 8 + 8 * 68));
  const functions = new Map<FunctionName, NativeFunction>();
  for (const name of Object.keys(places) as FunctionName[]) {
    // CK_VERSION is two bytes, and what follows is aligned to a pointer.
    const pointer = pointers.getBigUint64(8 + 8 * places[name], true);
    if (pointer === 0n) throw new CordonError("SUPPLY_INPUT_INVALID", `${path} has no ${name}`);
    functions.set(name, nativeFunction(pointer, name));
  }
  return (name, ...args) =>
    new Promise((resolve, reject) => {
      functions.get(name)?.async(...args, (error: unknown, code: number | bigint) => {
        if (error instanceof Error) reject(error);
        else resolve(Number(code));
      });
    });
}

interface NativeFunction {
  readonly async: (...args: readonly unknown[]) => void;
}

const prototypeOf = new Map<FunctionName, ReturnType<typeof koffi.proto>>();

function nativeFunction(pointer: bigint, name: FunctionName): NativeFunction {
  let prototype = prototypeOf.get(name);
  if (prototype === undefined) {
    prototype = koffi.proto(prototypes[name].replace(" (", ` Cordon_${name}(`));
    prototypeOf.set(name, prototype);
  }
  return koffi.decode(pointer, prototype) as NativeFunction;
}

interface Memory extends Disposable {
  readonly pointer: bigint;
  readonly view: DataView<ArrayBuffer>;
  readonly free: () => void;
}

/** Memory that does not move while native code uses it, and is wiped when it is given back. */
function memory(bytes: number, content?: Uint8Array): Memory {
  const pointer = koffi.alloc("uint8_t", bytes) as bigint;
  const view = new DataView(koffi.view(pointer, bytes));
  const all = new Uint8Array(view.buffer);
  all.fill(0);
  if (content !== undefined) all.set(content);
  const free = (): void => {
    all.fill(0);
    koffi.free(pointer);
  };
  return { pointer, view, free, [Symbol.dispose]: free };
}

interface Attributes extends Disposable {
  readonly pointer: bigint;
  readonly view: DataView;
  readonly valueOf: (at: number, length: number) => Buffer;
}

/** CK_ATTRIBUTE: type, pointer, length. */
function attributes(list: readonly Attribute[]): Attributes {
  const table = memory(24 * Math.max(list.length, 1));
  const values = list.map(({ value }) => memory(Math.max(value.length, 1), value));
  for (const [at, { type, value }] of list.entries()) {
    table.view.setBigUint64(24 * at, BigInt(type), true);
    table.view.setBigUint64(24 * at + 8, values[at]?.pointer ?? 0n, true);
    table.view.setBigUint64(24 * at + 16, BigInt(value.length), true);
  }
  return {
    pointer: table.pointer,
    view: table.view,
    valueOf: (at, length) =>
      Buffer.from(new Uint8Array(values[at]?.view.buffer ?? new ArrayBuffer(0), 0, length).slice()),
    [Symbol.dispose]: () => {
      for (const value of values) value.free();
      table.free();
    },
  };
}

function handles(view: DataView, count: number): readonly Handle[] {
  return Array.from({ length: Math.min(count, view.byteLength / 8) }, (_, at) => view.getBigUint64(8 * at, true));
}

const words: Readonly<Record<number, string>> = {
  0x05: "the token failed (CKR_GENERAL_ERROR)",
  0x30: "the device failed (CKR_DEVICE_ERROR)",
  0x32: "the token was removed (CKR_DEVICE_REMOVED)",
  0x70: "the key may not be used so (CKR_MECHANISM_INVALID)",
  0x68: "the key does not allow signing (CKR_KEY_FUNCTION_NOT_PERMITTED)",
  0xa0: "the PIN is wrong (CKR_PIN_INCORRECT)",
  0xa4: "the PIN is locked (CKR_PIN_LOCKED)",
  0xb3: "the session has ended (CKR_SESSION_HANDLE_INVALID)",
  0xe0: "no token is there (CKR_TOKEN_NOT_PRESENT)",
  0x101: "it is not logged in (CKR_USER_NOT_LOGGED_IN)",
};

/** The module's refusal. `cause` keeps the number, for whoever may try again. */
function failed(name: string, code: number, path: string): CordonError {
  const said = words[code] ?? `it answered 0x${code.toString(16)}`;
  return new CordonError("KEY_SEALED", `${path}: ${name}: ${said}`, { cause: code });
}
