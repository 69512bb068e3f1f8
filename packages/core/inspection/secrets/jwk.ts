/**
 * JSON Web Keys (RFC 7517): the members that are private (RFC 7518 6.2.2, 6.3.2, 6.4.1). In: a text and where a random value
 * begins. Out: whether it is one of them, or one that anybody may see. Their names are a letter or two, so the object must say what it is.
 */

/** How far before a value its object says what kind of key it is. */
const reach = 480;
const member = /[{,]\s{0,12}\\{0,2}["'](?:d|k|p|q|dp|dq|qi)\\{0,2}["']\s{0,4}:\s{0,4}\\{0,2}["']$/;
const kind = /["'](?:kty|crv|key_ops)\\{0,2}["']|["']e\\{0,2}["']\s{0,4}:\s{0,4}\\{0,2}["']AQAB/;

export function isPrivateMember(text: string, start: number): boolean {
  if (!member.test(text.slice(Math.max(0, start - 32), start))) return false;
  return kind.test(text.slice(Math.max(0, start - reach), start));
}

/** The public ones, and what names a key: a modulus may begin as the tokens of some issuer do. */
export function isPublicMember(text: string, start: number): boolean {
  return /\\{0,2}["'](?:n|x|y|kid|x5t|x5c)\\{0,2}["']\s{0,4}:\s{0,4}\\{0,2}["']$/.test(
    text.slice(Math.max(0, start - 24), start),
  );
}
