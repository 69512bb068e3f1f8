/**
 * Signs that few texts hold, so that one look at a text says whether anybody need look for them. In: nothing. Out: what each unit
 * stands for in numbers, and which ranges of units nobody sees.
 */

/** What each code unit stands for where numbers are typed on other keyboards; 0 where it is itself. */
export const standIns = new Uint8Array(65_536);

/** The zeros of scripts whose ten digits stand in a row (Unicode general category Nd). */
for (const zero of [
  ...[0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20],
  ...[0x1040, 0x1090, 0x17e0, 0x1810, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0xa9d0],
])
  for (let digit = 0; digit < 10; digit++) standIns[zero + digit] = 0x30 + digit;
// Full-width forms of ASCII (U+FF01 to U+FF5E), the quotation marks and brackets aside: they end values, and do not form them.
for (let unit = 0xff01; unit <= 0xff5e; unit++) standIns[unit] = unit - 0xfee0;
for (const hyphen of "‐‑‒–—―−﹣") standIns[hyphen.charCodeAt(0)] = 0x2d;
for (const space of "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
  standIns[space.charCodeAt(0)] = 0x20;

/** Combining marks, by the thousand of which a text is flooded. */
export const marks = [
  [0x300, 0x36f],
  [0x1ab0, 0x1aff],
  [0x20d0, 0x20ff],
] as const;

/** Zero-width and directional characters, variation selectors, and the halves of tags and further selectors. */
export const invisible = [
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xdb40, 0xdb40],
] as const;

export const unseen: readonly (readonly [from: number, to: number])[] = [...marks, ...invisible];

/** Scripts in which names are read by what stands around them: Tamil, Thai, Han. */
export const namedScripts: typeof unseen = [
  [0xb80, 0xbff],
  [0xe00, 0xe7f],
  [0x3400, 0x9fff],
];
