/**
 * Judges what stands where a secret would: is it drawn at random, a word, a placeholder, a piece of code? In: the value.
 * Out: a measure or a yes. Used where no issuer's mark says what it is.
 */

/**
 * How well letter follows letter in words and identifiers: for each pair, twice the binary logarithm of its likelihood
 * over chance, plus 9, as one hexadecimal digit. Counted over the words of public chat, documentation and source code.
 */
const pairs =
  "38aa3586837cad180cbd765374d654d333c61c42c30b95c12080d172c10cb0a922e2096b920051d558f454e21755c40996a5326095ab7674715a9d574eda575852" +
  "c244cb30e11a33d30b79b01081c354f49ac04959b42c96b12051e443e311d02766c3196aa14080a6b9a882116a9eb719bb280317e545e434b36456d553a4d45344" +
  "d446e477c04958b518a9a45062d348e441d04c65c502889400a0e934e310c00694cc0284911050b2abc7d4b36547a503bd76117377994683726abe890daaa88341" +
  "d134d229b04b22c90d89a1008084464344736a43354676f36353d588e473d06788c508aa852081b3a3d42ac06665aa33bea34061c263e42ae01743b50ba8923092" +
  "a998a683925bad390dcc032344d254f222e12532b30552832132e466e439d2575ac42a95634352a6a7c836c246758d258e755973d898b664a45a99bc07ca856355" +
  "e566f367c54775a33356a3738a";

/** Mean over the pairs of letters: about 0.5 to 1.5 for words, -1.4 for letters at random; 0 where there are no pairs. */
export function wordlikeness(value: string): number {
  let sum = 0;
  let count = 0;
  let before = -1;
  for (let at = 0; at < value.length; at++) {
    const letter = (value.charCodeAt(at) | 32) - 97;
    const here = letter >= 0 && letter < 26 && value.charCodeAt(at) >= 65 ? letter : -1;
    if (here >= 0 && before >= 0) {
      const digit = pairs.charCodeAt(before * 26 + here);
      sum += (digit > 57 ? digit - 87 : digit - 48) - 9;
      count++;
    }
    before = here;
  }
  return count === 0 ? 0 : sum / 2 / count;
}

/** Shannon entropy of the value's own characters, in bits a character. Those beyond ASCII count as one. */
export function entropy(value: string): number {
  const counts = signCounts.fill(0);
  for (let at = 0; at < value.length; at++) {
    const unit = Math.min(value.charCodeAt(at), 127);
    counts[unit] = (counts[unit] as number) + 1;
  }
  let bits = 0;
  for (let unit = 0; unit < 128; unit++) {
    const count = counts[unit] as number;
    if (count > 0) bits -= (count / value.length) * Math.log2(count / value.length);
  }
  return bits;
}

const signCounts = new Uint16Array(128);

export interface Classes {
  readonly upper: number;
  readonly lower: number;
  readonly digits: number;
  readonly others: number;
  /** Changes between letters and digits, or between cases. */
  readonly changes: number;
}

export function classesOf(value: string): Classes {
  let upper = 0;
  let lower = 0;
  let digits = 0;
  let changes = 0;
  let before = -1;
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at);
    const kind = unit >= 48 && unit < 58 ? 2 : unit >= 65 && unit < 91 ? 0 : unit >= 97 && unit < 123 ? 1 : 3;
    if (kind === 0) upper++;
    else if (kind === 1) lower++;
    else if (kind === 2) digits++;
    if (before >= 0 && kind !== before && kind !== 3 && before !== 3) changes++;
    before = kind;
  }
  return { upper, lower, digits, others: value.length - upper - lower - digits, changes };
}

/**
 * Whether a value of letters, digits and a few marks was drawn at random rather than named by somebody. The longer it is,
 * the less each sign has to say.
 */
export function isRandom(value: string): boolean {
  if (value.length < 8 || entropy(value) < 2.6) return false;
  const { upper, lower, digits, changes } = classesOf(value);
  if (upper + lower === 0) return false;
  if (/^[0-9a-f-]+$/i.test(value)) return digits >= 3 && value.length >= 16 && entropy(value) >= 2.8;
  const words = wordlikeness(value);
  const ratio = changes / value.length;
  if (digits >= 2 && ratio >= 0.25) return true;
  if (digits >= 1 && words < 0.1 && value.length >= 10) return true;
  if (digits >= 1 && ratio >= 0.3 && value.length >= 16) return words < 0.6;
  // Letters alone: in both cases, in turns that no name has.
  if (digits === 0 && value.length >= 10 && ratio >= 0.45 && words < -0.3) return true;
  return value.length >= 16 && words < -0.5 && entropy(value) >= 3.2 && (upper === 0 || lower === 0 || ratio > 0.2);
}

const placeholderWords = new RegExp(
  [
    String.raw`example|sample|change[_-]?me|changeit|replace|insert|placeholder|redacted|dummy|fake|mock|foobar|your|xxx|yyy|\*\*\*|\.\.\.`,
    String.raw`todo|fixme|not[-_]?set|\{\{|\}\}|put[-_]|[-_]here|goes|enter|my[-_]?(?:token|secret|api)`,
    String.raw`test[-_]?(?:token|key|secret)|lorem|####`,
  ].join("|"),
  "i",
);

/** What schemas, forms and translations put where a password would stand. */
const fieldWords: ReadonlySet<string> = new Set(
  [
    "null none nil undefined true false string text required hidden optional nullable varchar boolean password passwd pass secret token",
    "empty default value varies unknown n/a na any object number integer binary file env environment vault keychain prompt ask stdin",
    "username user email yes no on off bearer basic digest oauth oauth2 apikey api_key api-key key jwt cookie session token_type",
    "access_token refresh_token encrypted hashed plain plaintext test passwort contraseña senha wachtwoord parola hasło lösenord",
    "wrong invalid incorrect kennwort lozinka heslo adgangskode passord jelszó parole geslo",
    "salasana пароль 密码 密碼 パスワード sandi รหัสผ่าน 비밀번호 암호 şifre parola पासवर्ड סיסמה κωδικός clave lösenord",
  ].flatMap((line) => line.split(" ")),
);

/** `SOME_PASSWORD`, `my-password`, `the_db_password`: the field's own name, told apart from a value by nothing but its shape. */
const ownName =
  /^(?:my|some|the|any|user|default|smtp|db|admin|root|new|old|app|api|e?mail|login|account)[-_ ]?(?:\w{1,8}[-_])?(?:passw(?:or)?d|pass|pwd|secret|token|key)s?$/i;

/** Stands for a value that is elsewhere, or explains one. */
export function isPlaceholder(value: string): boolean {
  if (fieldWords.has(value.toLowerCase()) || ownName.test(value)) return true;
  if (placeholderWords.test(value) && !isChance(value)) return true;
  if (/[<>]/.test(value) && !isDrawnWithAngles(value)) return true;
  return /^(.)\1*$/.test(value) || /^[x*#._-]+$/i.test(value) || isSequence(value) || isCounted(value);
}

/** `u@D7GXt)t>8d(LtH^`: drawn from all the signs of a keyboard; no element, no arrow and no `<name>`. */
function isDrawnWithAngles(value: string): boolean {
  if (value.length < 12 || /<[\w\s./:-]*>|^<|<\/|[-=]>/.test(value)) return false;
  const { digits, upper, lower, others } = classesOf(value);
  return digits > 0 && upper > 1 && lower > 1 && others > 1 && wordlikeness(value) < -0.2;
}

/** In a long value drawn at random three or four letters spell a word by chance; one that was meant is set apart or in one case. */
function isChance(value: string): boolean {
  if (value.length < 48) return false;
  const word = placeholderWords.exec(value);
  if (word === null || word[0].length > 5 || !/^[a-z]+$/i.test(word[0])) return false;
  return /[a-z0-9]/i.test(value.charAt(word.index - 1)) && /[a-z0-9]/i.test(value.charAt(word.index + word[0].length));
}

/** An alphabet or a count that makes up a third of the value or more. */
function isCounted(value: string): boolean {
  let run = 1;
  let counted = 0;
  for (let at = 1; at <= value.length; at++) {
    const step = (value.charCodeAt(at) | 32) - (value.charCodeAt(at - 1) | 32);
    const wraps = value.charCodeAt(at) === 48 && value.charCodeAt(at - 1) === 57;
    if (step === 1 || wraps) run++;
    else {
      if (run >= 6) counted += run;
      run = 1;
    }
  }
  return counted >= 8 && counted * 3 >= value.length;
}

/** Runs such as `0000000000` or `abcdef123456`, one of them of six or more. */
function isSequence(value: string): boolean {
  if (value.length < 8) return /^(?:1234|12345|123456|1234567|abc123|abcdef?)$/i.test(value);
  let steps = 0;
  let run = 1;
  let longest = 1;
  for (let at = 1; at < value.length; at++) {
    const step = value.charCodeAt(at) - value.charCodeAt(at - 1);
    run = step === 0 || step === 1 ? run + 1 : 1;
    if (run > 1) steps++;
    longest = Math.max(longest, run);
  }
  return steps >= (value.length - 1) * 0.75 && (longest >= 6 || value.length < 16);
}

/** `$VAR`, `${x}`, `%VAR%`, `{{x}}`, `process.env.X`, `<secret>`: the place where the value is, not the value. */
export function isReference(value: string): boolean {
  if (/^["']?(?:[$%#@&]?\{|\$[A-Za-z_(]|<|\[|@@|\/\/|&lt;|!![A-Za-z])/.test(value)) return true;
  if (/^(?:vault|op|ssm|aws-?sm|gcp-?sm|azkv|doppler|sops|secrets?|file|env|keyring|keychain):/i.test(value))
    return true;
  if (/^%[^%]*%$|^:[a-z]/.test(value) || /\$\{|\$\(|\{\{|#\{/.test(value)) return true;
  return isNameChain(value) && !isRandom(value);
}

/** Names joined by dots or arrows, as code refers to things. */
function isNameChain(value: string): boolean {
  return /^[A-Za-z_][A-Za-z_0-9]*(?:(?:\.|->|::)[A-Za-z_][A-Za-z_0-9]*)+[[(]?/.exec(value)?.[0].length === value.length;
}

/** Base64 of words is nothing drawn; that of 18 random bytes is printable once in ten million. */
export function isEncodedText(value: string): boolean {
  const code = value.replace(/={1,2}$/, "");
  return code.length % 4 !== 1 && /^[A-Za-z0-9+/]+$/.test(code) && /^[\x20-\x7e\s]+$/.test(atob(code));
}
