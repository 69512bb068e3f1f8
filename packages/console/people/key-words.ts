/** The code that both sides of `cordon login` show. In: a public key's coordinates. Out: 40 bits of its digest, to compare by eye. */
export async function keyWords(x: string, y: string): Promise<string> {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${x}.${y}`)));
  const letters = Array.from(digest.subarray(0, 8), (byte) => alphabet[byte & 31]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
