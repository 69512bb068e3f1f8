/**
 * Tells RSA keys made by a broken library (ROCA, CVE-2017-15361), whose private half can be computed. In: a modulus.
 * Out: whether it bears the mark.
 *
 * Their primes have the form k * M + (65537^a mod M), where M is the product of the first primes. So modulo each of
 * those primes such a modulus is a power of 65537. A sound modulus is, for all of the primes below together, with a
 * probability under 2^-27.
 *
 * @see Nemec and others, "The Return of Coppersmith's Attack", ACM CCS 2017, section 4
 */
const primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157] as const;

/** The powers of 65537 modulo each prime. */
const powers: readonly (readonly [bigint, ReadonlySet<bigint>])[] = primes.map((prime) => {
  const reached = new Set<bigint>();
  for (let power = 1; !reached.has(BigInt(power)); power = (power * 65537) % prime) reached.add(BigInt(power));
  return [BigInt(prime), reached];
});

/** @param modulus big-endian */
export function hasRocaMark(modulus: Uint8Array): boolean {
  const value = BigInt(`0x${Buffer.from(modulus).toString("hex")}`);
  return powers.every(([prime, reached]) => reached.has(value % prime));
}
