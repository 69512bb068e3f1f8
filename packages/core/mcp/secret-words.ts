/**
 * Whether a text of a form asks for a secret: a password, a key, a one-time code, a card's numbers. In: the name of a field,
 * its title or description, or the message. Out: the words by which it does. A list of words is what the specification
 * leaves: it forbids such forms, and no form says of itself that it is one.
 *
 * @see MCP 2025-11-25, "Elicitation", "Safe URL Handling" and "Sensitive Information"
 */

import { fold, foldedSlice } from "../inspection/normalise/fold.ts";
import { isNear, readingsOf, runsOn } from "./disguised-words.ts";

/** Each a run of words, as {@link wordsOf} splits them. */
const phrases = `
password|passwd|pwd|passphrase|passcode|pass word|pass phrase|pass code|login code|sign in code|security code
pin|pin code|pin number|one time code|one time password|otp|totp|mfa code|2fa code|verification code|authenticator code
recovery code|recovery phrase|seed phrase|mnemonic phrase|backup code|backup phrase
api key|api keys|apikey|access key|secret key|private key|signing key|encryption key|ssh key|secret access key
access token|api token|auth token|bearer token|refresh token|session token|session cookie|id token|personal access token
client secret|shared secret|webhook secret|credential|credentials|secret
credit card|card number|debit card|cvv|cvc|card verification|card expiry|security number|bank account number
social security number|ssn|security answer|mothers maiden name|mother s maiden name
passwort|kennwort|geheimzahl|zugangsdaten|mot de passe|code secret|contraseña|clave secreta|senha|parola d ordine
wachtwoord|lösenord|hasło|пароль|şifre|passord|adgangskode|salasana|jelszó|parolă|σύνθημα|κωδικός πρόσβασης|סיסמה
kata sandi|kata laluan|katasandi|kata kunci rahasia|kode otp|kode verifikasi|kod pengesahan|mật khẩu|mat khau|mã otp|mã xác nhận|mã pin
كلمة المرور|كلمة السر|رمز التحقق|पासवर्ड|गुप्त कोड
`
  .trim()
  .split(/[|\n]/)
  .map((phrase) => phrase.split(" "));

/** Of scripts that write without spaces. */
const within = [
  "密码",
  "密碼",
  "口令",
  "验证码",
  "驗證碼",
  "パスワード",
  "暗証番号",
  "비밀번호",
  "รหัสผ่าน",
  "密钥",
  "密鑰",
  "รหัสลับ",
  "ពាក្យសម្ងាត់",
  "ລະຫັດຜ່ານ",
  "စကားဝှက်",
];

/** Written as one word: `userpassword`, `myapikey`. Shorter ones, and `secret`, are parts of honest words. */
const joined = phrases
  .map((phrase) => fold(phrase.join("")).text)
  .filter((word) => word.length >= 6 && word !== "secret");
/** So long and so much their own that one wrong letter leaves them. `passwort` is a letter from `passport`. */
const mistakable = ["password", "passphrase", "passcode", "credential", "contrasena"];

/** By first word, so that a text is walked once. */
const byFirst = Map.groupBy(phrases, ([first = ""]) => first);

/** @returns the words that ask for a secret; undefined where none do */
export function asksForSecret(text: string): string | undefined {
  const plain = text.normalize("NFKC");
  const inside = within.find((word) => plain.includes(word));
  if (inside !== undefined) return inside;
  const found = phraseIn(plain);
  if (found !== undefined) return found;
  // `pаssword` with a letter of Cyrillic reads the same to whoever fills in the form, and so does `p@ssw0rd`.
  const folded = fold(plain.slice(0, maxLength));
  const alike = foldedSlice(folded, 0, folded.length);
  return phraseIn(alike) ?? firstFound(readingsOf(alike), (reading) => phraseIn(reading) ?? disguisedIn(reading));
}

function disguisedIn(reading: string): string | undefined {
  return firstFound(reading.split(" "), (word) => {
    if (word.length < 6) return undefined;
    return joined.find((each) => runsOn(each, word)) ?? mistakable.find((each) => isNear(each, word));
  });
}

function firstFound<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function phraseIn(text: string): string | undefined {
  const words = wordsOf(text);
  for (const [at, word] of words.entries())
    for (const phrase of byFirst.get(singular(word)) ?? byFirst.get(word) ?? [])
      if (phrase.every((each, i) => words[at + i] === each || singular(words[at + i] ?? "") === each))
        return phrase.join(" ");
  return undefined;
}

/** `userPassword2`, `user_password` and `User password` are the same words; digits and signs between letters are spaces. */
function wordsOf(text: string): string[] {
  return text
    .slice(0, maxLength)
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replaceAll(/(\p{L}{3})(\p{N})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== "");
}

function singular(word: string): string {
  return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

const maxLength = 16_384;
