/**
 * `pkcs11:` URIs (RFC 7512). In: text such as `pkcs11:token=hsm;object=signer?module-path=/usr/lib/x.so&pin-source=/run/pin`.
 * Out: which token and key are meant, where the module is and where the PIN comes from. A PIN in the URI itself is refused:
 * URIs end up in configuration files, logs and process lists.
 */
import { CordonError } from "@cordon/core/errors";

export interface Pkcs11Uri {
  /** The token's label, serial, manufacturer, model; those that are named must match. */
  readonly token?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly slotId?: number;
  /** CKA_LABEL and CKA_ID of the key; at least one is named. */
  readonly object?: string;
  readonly id?: Buffer;
  /** Absolute path of the module. */
  readonly modulePath: string;
  /** Path of the file that holds the PIN; absent where the token asks for none. */
  readonly pinSource?: string;
}

const known = new Set(["token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type"]);

/** @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (!text.startsWith("pkcs11:") || text.length > 4096)
    throw invalid("it does not begin with `pkcs11:`, or is too long");
  const [path = "", query = "", ...more] = text.slice("pkcs11:".length).split("?");
  if (more.length > 0) throw invalid("it has two question marks");
  const attributes = attributesOf(path, ";");
  const options = attributesOf(query, "&");
  for (const name of attributes.keys())
    if (!known.has(name)) throw invalid(`the attribute \`${name}\` is not known here (${[...known].join(", ")})`);
  if (options.has("pin-value")) throw invalid("a PIN does not belong into a URI; put it into a file, as pin-source");
  const type = attributes.get("type")?.toString();
  if (type !== undefined && type !== "private") throw invalid(`type=${type}: only private keys sign`);
  const modulePath = options.get("module-path")?.toString();
  if (modulePath === undefined || !modulePath.startsWith("/"))
    throw invalid(
      "`module-path` must be the absolute path of the PKCS#11 module, such as /usr/lib/softhsm/libsofthsm2.so",
    );
  const object = attributes.get("object")?.toString();
  const id = attributes.get("id");
  if (object === undefined && id === undefined) throw invalid("name the key: `object` (its label) or `id`");
  const slot = attributes.get("slot-id")?.toString();
  if (slot !== undefined && !/^\d{1,15}$/.test(slot)) throw invalid("`slot-id` must be a whole number");
  const texts = (["token", "serial", "manufacturer", "model"] as const).flatMap((name) => {
    const value = attributes.get(name);
    return value === undefined ? [] : [[name, value.toString()] as const];
  });
  if (texts.length === 0 && slot === undefined)
    throw invalid("name the token: `token` (its label), `serial` or `slot-id`");
  const pinSource = options
    .get("pin-source")
    ?.toString()
    .replace(/^file:(?:\/\/)?/, "");
  if (pinSource?.startsWith("|") === true) throw invalid("`pin-source` is a file; commands are not run");
  return {
    ...Object.fromEntries(texts),
    ...(slot === undefined ? {} : { slotId: Number(slot) }),
    ...(object === undefined ? {} : { object }),
    ...(id === undefined ? {} : { id }),
    modulePath,
    ...(pinSource === undefined ? {} : { pinSource }),
  };
}

function attributesOf(text: string, separator: string): ReadonlyMap<string, Buffer> {
  const attributes = new Map<string, Buffer>();
  for (const part of text.split(separator).filter((each) => each !== "")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0));
    if (name === "" || attributes.has(name)) throw invalid(`\`${part}\` is no attribute, or the second of its name`);
    attributes.set(name, percentDecoded(part.slice(at + 1)));
  }
  return attributes;
}

/** `id` is bytes, so it is not decoded as text. */
function percentDecoded(text: string): Buffer {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw invalid("a % is not followed by two hex digits");
  const parts = text.split(/(%[0-9a-f]{2})/i);
  return Buffer.concat(
    parts.map((part) => (part.startsWith("%") ? Buffer.from(part.slice(1), "hex") : Buffer.from(part))),
  );
}

function invalid(why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `the pkcs11: URI cannot be used: ${why}`);
}
