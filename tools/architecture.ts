/**
 * The shape that the import rule holds (ARCHITECTURE.md draws it): who may import whom, and what core may touch.
 */

/** For each package, the packages it may import; a path after the name narrows it to that folder of the exports. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  gateway: ["core"],
  agent: ["core"],
  control: ["core"],
  console: ["core/contract"],
  cli: ["core", "gateway", "agent", "control", "console", "demo"],
  demo: ["core", "agent"],
};

/** Built-in modules that compute and do nothing else. Anything not listed is refused in core. */
export const pureBuiltins: ReadonlySet<string> = new Set([
  "node:assert",
  "node:assert/strict",
  "node:buffer",
  "node:crypto",
  "node:punycode",
  "node:querystring",
  "node:string_decoder",
  "node:url",
  "node:util",
  "node:util/types",
  "node:zlib",
]);

/** Core's sources that read a file of the program beside them: as constant as what they import, and too large for a module. */
export const ownFileReaders: ReadonlySet<string> = new Set(["packages/core/inspection/encoder/deployed.ts"]);

/** Third-party packages that core may stand on: parsers and cryptography, without I/O of their own. */
export const pureThirdParty: ReadonlySet<string> = new Set([
  "@cedar-policy/cedar-wasm",
  "@peculiar/x509",
  "croner",
  "jose",
  "libphonenumber-js",
  "re2js",
  "reflect-metadata",
  "yaml",
  "zod",
]);

const outside = "core does no I/O of its own: take what you need as an argument";
const clock = "core has no clock: take `now` as an argument";
const chance = "core has no randomness of its own: take the bytes as an argument";
const hidden = "core evaluates no text and reaches no hidden global";

/**
 * Names that core's sources may not use, with the reason. A name is refused even where the file declares it itself:
 * shadowing would blind this check.
 */
export const impureNames: ReadonlyMap<string, string> = new Map([
  ...entries(outside, "process", "fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "BroadcastChannel"),
  ...entries(outside, "MessageChannel", "navigator", "localStorage", "sessionStorage", "console"),
  ...entries(clock, "Date.now", "Date()", "new Date()", "performance", "Temporal"),
  ...entries(clock, "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"),
  ...entries(chance, "Math.random", ...cryptoChance("crypto."), ...cryptoChance("import ")),
  ...entries(chance, ...cryptoChance("webcrypto."), ...cryptoChance("nodeCrypto.")),
  ...entries(hidden, "globalThis", "global", "eval", "Function", "require", "import.meta.resolve"),
]);

function cryptoChance(prefix: string): string[] {
  return ["getRandomValues", "randomBytes", "randomFill", "randomFillSync", "randomInt", "randomUUID"]
    .concat(["generateKey", "generateKeySync", "generateKeyPair", "generateKeyPairSync", "generatePrime", "webcrypto"])
    .map((name) => prefix + name);
}

function entries(reason: string, ...names: readonly string[]): (readonly [string, string])[] {
  return names.map((name) => [name, reason] as const);
}
