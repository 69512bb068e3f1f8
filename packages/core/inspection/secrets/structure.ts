/**
 * Tokens that carry their own mark: a short prefix and a long random part, as `tvly-…`, `acme_live_…`; or random parts joined by
 * dots. In: a word. Out: whether it is one. Nobody need have told us who issues them.
 */
import { tokenMark, tokenShapes } from "../redaction/token-format.ts";
import { classesOf, entropy, isEncodedText, isPlaceholder, wordlikeness } from "./value.ts";

/** `acme_live_`, `tvly-`, `xapp-1-`: up to three parts, the last of them behind the last separator. */
const head = /^(?:(?:[a-z][a-z0-9]{0,9}|[A-Z][A-Z0-9]{0,9})[_.-]){1,4}(?:\d{4,14}[_-]|v?\d[_.-])?/;
const plainTail = /^[A-Za-z0-9]{18,180}$/;
const joinedTail = /^[A-Za-z0-9_-]{24,180}$/;

/** Parts of prefixes that say what follows: a key of somebody's. */
const credentialPart =
  /(?:^|[_.-])(?:sk|pat|key|api|apikey|token|tok|secret|sec|live|test|prod|production|sandbox|auth|access|svc|bot|oauth|refresh|priv|private|personal|service|at|rt|ak)[_.-]/;

/** `acme_production_` and a UUID: an identifier has no such prefix. */
const secretPart = /(?:^|[_.-])(?:sk|pat|api|apikey|token|secret|live|production)[_.-]$/;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Prefixes of what is named, not kept: messages, calls, payments, files, hosts, digests. */
const namedThings = new Set(
  (
    "call chatcmpl cmpl msg resp rs fc toolu run thread asst file req ft ftjob batch vs step cus sub pi ch price prod evt acct in ii si " +
    "card src pm seti cs re po tr txn ba dp link org proj user usr team wh we plink il sli id uid uuid sha md5 sha1 sha256 sha384 sha512 " +
    "sha3 hash commit blob tree rev chunk module main vendor app page index style styles img image icon asset css js node ref build job task trace span " +
    "session event order item doc obj object key cache tmp temp etag i r ami vpc subnet sg snap vol eni rtb igw nat acl lt tgw vpce eipalloc " +
    "container pod rs deployment layer volume network branch tag release version v deploy x86 lib libs test tests data fixture cid bafy " +
    "dpl prj ws wf inv cn pay ord cat col ctx conv mem ev sess gen tx pub pk ssh pgp gpg email mail"
  ).split(" "),
);

/** Keys that their issuers have everybody see. */
const publishable = /^(?:pk|pub|public)_(?:live|test)_/;

/** A token that Cordon itself put in a value's place: worth nothing to whom policy does not let open it. */
function isOurs(word: string): boolean {
  return word.startsWith(tokenMark) && tokenShapes(word).some(({ start, end }) => start === 0 && end === word.length);
}

export function isPrefixedToken(word: string): boolean {
  if (isOurs(word) || publishable.test(word)) return false;
  const prefix = head.exec(word)?.[0];
  if (prefix === undefined) return isJoined(word);
  const tail = word.slice(prefix.length);
  const named = namedThings.has(prefix.slice(0, prefix.search(/[_.-]/)).toLowerCase()) && !credentialPart.test(prefix);
  const isTail = joinedTail.test(tail) || (plainTail.test(tail) && credentialPart.test(prefix));
  if (named || isPlaceholder(word) || !isTail) return !named && isJoined(word);
  const { upper, lower, digits, changes } = classesOf(tail);
  const likeness = wordlikeness(tail);
  if (uuid.test(tail)) return secretPart.test(prefix) && entropy(tail) > 3;
  if (upper >= 3 && lower >= 3 && digits >= (tail.length >= 32 ? 1 : 3))
    // Hexadecimal in both cases is no issuer's.
    return (
      !/^[0-9a-f_-]+$/i.test(tail) &&
      changes >= tail.length * 0.3 &&
      entropy(tail) >= 3.6 &&
      (likeness <= -0.3 || (likeness < 0.2 && credentialPart.test(prefix) && changes >= tail.length * 0.35)) &&
      !isEncodedText(tail)
    );
  if (credentialPart.test(prefix) && upper >= 3 && lower >= 3 && digits > 0)
    return plainTail.test(tail) && changes >= tail.length * 0.25 && likeness <= -0.3 && !isEncodedText(tail);
  if (!plainTail.test(tail) || digits < 4 || (upper > 0 && lower > 0) || entropy(tail) < 3) return false;
  const isHex = /^[0-9a-fA-F]+$/.test(tail);
  if (credentialPart.test(prefix)) return tail.length >= (isHex ? 32 : 20) && (isHex || likeness < 0);
  if (!/^[a-z]{2,6}[a-z0-9]?_$/.test(prefix)) return false;
  return isHex
    ? tail.length === 40 || tail.length >= 48
    : tail.length >= 32 && likeness < 0 && changes >= tail.length * 0.25;
}

/** A signed token, which `long.ts` finds, or one whose signature was left out. */
function isSigned([first = "", second = "", third]: readonly string[]): boolean {
  return first.startsWith("eyJ") && (third === undefined || second.startsWith("eyJ"));
}

/**
 * An account's number in base64 and what was drawn for it: bots of Discord, with dots; tokens of Atlassian's servers, a colon
 * between the two before they are encoded.
 */
function isNumbered(word: string): boolean {
  // An account of Twitter and its token; a bot of Webex.
  if (/^\d{15,20}-[A-Za-z0-9]{38,42}$/.test(word)) return isMixed(word);
  if (/^[A-Za-z0-9]{64}_[A-Za-z0-9]{4}_[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(word)) return true;
  const [, number, whole] =
    /^(?:([MNO][\w-]{22,27})\.[\w-]{6}\.[\w-]{27,40}|([MNO][A-Za-z0-9+/]{43}))$/.exec(word) ?? [];
  if (number !== undefined) return /^\d{17,20}$/.test(decoded(number));
  return whole !== undefined && /^\d{10,14}:[^]*[^\x20-\x7e]/.test(decoded(whole));
}

function isMixed(word: string): boolean {
  const { upper, lower } = classesOf(word);
  return upper >= 3 && lower >= 3;
}

function decoded(code: string): string {
  return code.length % 4 === 1 ? "" : atob(code.replaceAll("-", "+").replaceAll("_", "/"));
}

/** Two or three random parts of base64 with dots between them, as signed tokens are; a name of none of them is a word. */
function isJoined(word: string): boolean {
  const parts = word.split(".");
  // An identifier and its secret (Zhipu), or three of Zoho's.
  if (/^(?:[0-9a-f]{32}\.[A-Za-z0-9]{16}|1000\.[0-9a-f]{32}\.[0-9a-f]{32})$/.test(word)) return entropy(word) > 3;
  if (isNumbered(word)) return true;
  if (parts.length < 2 || parts.length > 3 || isSigned(parts)) return false;
  return parts.every((part) => {
    if (part.length < 20 || part.length > 400 || !/^[A-Za-z0-9_-]+$/.test(part)) return false;
    const { upper, lower, digits, changes } = classesOf(part);
    return upper >= 3 && lower >= 3 && digits >= 2 && changes >= part.length * 0.25 && wordlikeness(part) < 0;
  });
}
