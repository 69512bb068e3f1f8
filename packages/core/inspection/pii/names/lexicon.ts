/**
 * What is known of a word by itself: a first name, a family name, a town, a country, an ordinary word, a part of an address
 * or of a company's name. In: a word's hash. Out: bits.
 *
 * The large lists are Bloom filters (`lexicon-bits.ts`, one error in some 300); the small ones stand here.
 */
import { lexiconBits } from "./lexicon-bits.ts";
import { hashOf } from "./tokens.ts";

export const word = {
  first: 1,
  last: 2,
  town: 4,
  country: 8,
  common: 16,
  street: 32,
  unit: 64,
  company: 128,
  title: 256,
  particle: 512,
  calendar: 1024,
  place: 2048,
} as const;

const small: readonly (readonly [number, string])[] = [
  [
    word.street,
    "street st road rd avenue ave boulevard blvd drive dr lane ln court ct place pl way terrace square sq highway hwy parkway pkwy circle crescent cres close walk row alley path trail loop plaza pike quay rise grove gardens park via viale piazza corso strada largo vicolo calle carrera avenida avda paseo plaza camino rua travessa praça praca largo rue chemin allée allee impasse quai place straße strasse str weg platz gasse allee ring ufer straat laan plein gracht steenweg kade gatan gata vägen vagen väg vej gade allé vei veien katu tie polku ulica ul aleja trg utca út körút tér u ulitsa prospekt jalan jl jln lorong gang persiaran lebuh lebuhraya taman kampung kg soi thanon đường duong phố pho ngõ hẻm hem quận quan phường phuong brgy barangay purok sitio bukit changi blk block sokak sokağı caddesi cad bulvarı",
  ],
  [
    word.unit,
    "apt apartment suite ste unit flat floor fl level lantai tingkat room rm box pobox p.o po psc unit building bldg tower house no nr number postbox postfach rt rw kav blok lot bin",
  ],
  [
    word.company,
    "inc ltd llc llp plc corp corporation co company group holdings gmbh ag kg sa srl spa bv nv oy ab as aps sarl sas pte sdn bhd pt cv tbk berhad limited associates partners sons bank university college school hospital clinic foundation institute ministry department agency authority association society union airlines motors technologies technology systems solutions services labs laboratory media studios insurance capital ventures consulting international industries enterprises công ty",
  ],
  [
    word.title,
    "mr mrs ms miss mx dr prof professor sir madam lord lady rev fr sr sra srta señor señora herr frau mme mlle monsieur madame encik puan cik tuan datuk dato tan sri bapak pak ibu bu mas mbak saudara ông bà anh chị cô chú em khun nai nang mang aling ginoong president king queen prince princess captain sergeant officer judge senator minister",
  ],
  [
    word.particle,
    "van von der den de del della di da dos das la le el al bin binti bint ibn ben bte a/l s/o d/o y e of mc mac st ter ten op zu und san abd abdul nurul siti muhammad mohd nguyen o",
  ],
  [
    word.calendar,
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun today tomorrow yesterday january januari februari maret mei juni juli agustus oktober desember senin selasa rabu kamis jumat sabtu minggu isnin",
  ],
  [
    word.place,
    "north south east west northern southern eastern western city town village county state province district region island islands lake river mount mountain beach bay valley port airport station republic kingdom",
  ],
];

const smallBits = new Map<number, number>();
/** The small lists, bits by hash, for a kernel that does the same as {@link wordBits}. */
export const smallTable: ReadonlyMap<number, number> = smallBits;
for (const [bit, list] of small) {
  for (const entry of list.split(" ")) smallBits.set(hashOf(entry), (smallBits.get(hashOf(entry)) ?? 0) | bit);
}

/** In the order of the filters in `lexicon-bits.ts`. */
const large = [word.common, word.first, word.last, word.town, word.country] as const;

interface Filter {
  readonly bit: number;
  readonly bytes: Uint8Array;
}

let filters: readonly Filter[] | undefined;

/** The large lists. */
export function filterTables(): readonly Filter[] {
  filters ??= large.map((bit, at) => ({ bit, bytes: Buffer.from(lexiconBits[at] ?? "", "base64") }));
  return filters;
}

/** Probes of the Bloom filter. */
export const probes = 4;

/** The place of a probe: the hash, stirred (murmur3 finaliser) with the probe's number. */
export function probeOf(hash: number, probe: number, bits: number): number {
  let mixed = Math.imul(hash ^ Math.imul(probe + 1, 0x9e3779b9), 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % bits;
}

function has(bytes: Uint8Array, hash: number): boolean {
  const bits = bytes.length * 8;
  for (let probe = 0; probe < probes; probe++) {
    const place = probeOf(hash, probe, bits);
    if (((bytes[place >> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
  }
  return true;
}

const memory = 1 << 15;
/** What was looked up last, a hash and its bits side by side: most words of a text have been seen before. */
const remembered = new Int32Array(memory * 2).fill(-1);

/** All that is known of a word. */
export function wordBits(hash: number): number {
  const place = ((hash ^ (hash >>> 15)) & (memory - 1)) << 1;
  if (remembered[place] === hash) {
    const bits = remembered[place + 1] as number;
    if (bits >= 0) return bits;
  }
  let bits = smallBits.get(hash) ?? 0;
  for (const { bit, bytes } of filterTables()) if (has(bytes, hash)) bits |= bit;
  remembered[place] = hash;
  remembered[place + 1] = bits;
  return bits;
}
