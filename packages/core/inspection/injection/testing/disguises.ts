/**
 * Ways to write a text so that a person or a model reads it, and a filter perhaps does not. In: a plain English text. Out: the same,
 * disguised. Each is made here and not copied: tests hold how much of an attack is still found behind each.
 */

export type Disguise = (text: string) => string;

export const disguises: Readonly<Record<string, Disguise>> = {
  // Letters
  "full width": (text) => eachLetter(text, (letter) => point(letter.charCodeAt(0) + 0xfee0)),
  "mathematical bold": alphabetAt(0x1d400, 0x1d41a),
  "mathematical script": alphabetAt(0x1d4d0, 0x1d4ea),
  "double-struck": alphabetAt(0x1d538, 0x1d552),
  circled: alphabetAt(0x24b6, 0x24d0),
  parenthesised: (text) => eachLetter(text.toLowerCase(), (letter) => point(0x249c + letter.charCodeAt(0) - 97)),
  "regional indicators": (text) =>
    eachLetter(text.toLowerCase(), (letter) => point(0x1f1e6 + letter.charCodeAt(0) - 97)),
  "regional indicators, spaced": (text) =>
    eachLetter(text.toLowerCase(), (letter) => `${point(0x1f1e6 + letter.charCodeAt(0) - 97)} `),
  Cyrillic: substitution("aeiocpxysABEKMHOPCTX", "аеіосрхуѕАВЕКМНОРСТХ"),
  Greek: substitution("aeioktpxuvnABEZHIKMNOPTYX", "αειοκτρχυνηΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"),
  Armenian: substitution("wdlqfghonujt", "աժլզֆցհօոսյէ"),
  Cherokee: substitution("abcdeghijklmoprstvwyzABCDEGHIJKLMOPRSTVWYZ", "ꭺᏼꮯꭰꭼᏻꮋꭵꭻꮶꮮꮇꮎꮲꭱꮪꭲꮩꮃꮍꮓᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᎾᏢᏒᏚᎢᏙᎳᎩᏃ"),
  "small capitals": substitution("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"),
  superscript: substitution("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"),
  leetspeak: substitution("aeiostlg", "4310571g"),
  "leetspeak, hard": (text) =>
    eachLetter(
      text.toLowerCase(),
      (letter) =>
        ({ a: "@", b: "8", e: "3", g: "9", i: "!", l: "|", o: "0", s: "$", t: "+", z: "2" })[letter] ?? letter,
    ),
  "upside down": (text) =>
    reversed(substitution("abcdefghijklmnopqrstuvwxyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz")(text.toLowerCase())),
  zalgo: (text) => eachLetter(text, (letter, at) => letter + "̷̴̡̢͎".slice(0, 1 + (at % 5))),
  "random case": (text) =>
    eachLetter(text, (letter, at) => ((at * 7) % 3 === 0 ? letter.toUpperCase() : letter.toLowerCase())),

  // Between letters and words
  "spaced letters": (text) => eachLetter(text, (letter) => `${letter} `),
  "dotted letters": (text) =>
    text
      .split(" ")
      .map((word) => Array.from(word).join("."))
      .join(" "),
  "dashed letters": (text) =>
    text
      .split(" ")
      .map((word) => Array.from(word).join("-"))
      .join(" "),
  "soft hyphens": (text) => eachLetter(text, (letter) => `${letter}\u00ad`),
  "zero-width spaces": (text) => eachLetter(text, (letter) => `${letter}\u200b`),
  "no spaces": (text) => text.replaceAll(/[^A-Za-z]/g, ""),
  "no spaces, capitals": (text) => words(text).map(capitalised).join(""),
  underscores: (text) => text.replaceAll(" ", "_"),
  "dots for spaces": (text) => text.replaceAll(" ", "."),
  "emphasis within words": (text) => text.replaceAll(/\b([A-Za-z]{2})([A-Za-z]+)/g, "$1**$2**"),
  "emphasis of letters": (text) => text.replaceAll(/[A-Za-z]{3,}/g, (word) => `${word[0]}*${word[1]}*${word.slice(2)}`),
  "HTML comments": (text) => text.replaceAll(/([A-Za-z]{2})(?=[A-Za-z])/g, "$1<!-- -->"),
  "HTML tags": (text) => text.replaceAll(/([A-Za-z]{2})([A-Za-z])/g, "$1<b>$2</b>"),
  "tags around letters": (text) => eachLetter(text, (letter) => `<span>${letter}</span>`),
  "emoji between letters": (text) => text.replaceAll(/([A-Za-z])(?=[A-Za-z])/g, "$1😀"),
  "emoji between words": (text) => text.replaceAll(" ", " 🔥 "),
  "emoji for spaces": (text) => text.replaceAll(" ", "🔥"),
  "slashes within words": (text) => text.replaceAll(/([A-Za-z]{2})(?=[A-Za-z])/g, "$1/"),
  "bars between letters": (text) => text.replaceAll(/([A-Za-z])(?=[A-Za-z])/g, "$1|"),
  "line by line": (text) => text.replaceAll(" ", "\n"),
  "letter by line": (text) => Array.from(text).join("\n"),

  // Words
  "pig latin": (text) => eachWord(text, pigLatin),
  "dropped vowels": (text) => eachWord(text, (word) => word[0] + word.slice(1).replaceAll(/[aeiou]/gi, "")),
  "words reversed in place": (text) => eachWord(text, reversed),
  reversed: reversed,
  "word order reversed": (text) => text.split(" ").toReversed().join(" "),
  "inner letters shuffled": (text) => eachWord(text, shuffled),
  "doubled letters": (text) => eachLetter(text, (letter) => letter + letter),
  "NATO alphabet": (text) =>
    text
      .split(" ")
      .map((word) =>
        letters(word)
          .map((letter) => nato[letter.charCodeAt(0) - 97])
          .join(" "),
      )
      .join(" / "),
  acrostic: (text) =>
    letters(text)
      .map((letter) => lines[letter.charCodeAt(0) - 97])
      .join("\n"),
  "acrostic of words": (text) =>
    letters(text)
      .map((letter) => lines[letter.charCodeAt(0) - 97]?.split(" ")[0])
      .join(" "),

  // Ciphers
  ROT13: (text) => shifted(text, 13),
  "Caesar 3": (text) => shifted(text, 3),
  "Caesar 7": (text) => shifted(text, 7),
  "Caesar 20": (text) => shifted(text, 20),
  Atbash: (text) => mapped(text, (letter) => 25 - letter),
  ROT47: (text) => text.replaceAll(/[!-~]/g, (sign) => point(33 + ((sign.charCodeAt(0) - 33 + 47) % 94))),
  Morse: (text) =>
    text
      .toLowerCase()
      .split(" ")
      .map((word) =>
        letters(word)
          .map((letter) => morse[letter.charCodeAt(0) - 97])
          .join(" "),
      )
      .join(" / "),
  Braille: substitution("abcdefghijklmnopqrstuvwxyz ", "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵⠀", true),
  A1Z26: (text) =>
    text
      .split(" ")
      .map((word) =>
        letters(word)
          .map((letter) => letter.charCodeAt(0) - 96)
          .join("-"),
      )
      .join(" "),
  "tap code": (text) =>
    text
      .split(" ")
      .map((word) => letters(word).map(tapped).join(" "))
      .join("  "),

  // Encodings
  base64: (text) => Buffer.from(text).toString("base64"),
  "base64 in lines": (text) => Buffer.from(text).toString("base64").replaceAll(/.{20}/g, "$&\n"),
  "base64 twice": (text) => Buffer.from(Buffer.from(text).toString("base64")).toString("base64"),
  "base64 word by word": (text) =>
    words(text)
      .map((word) => Buffer.from(word).toString("base64"))
      .join(" "),
  base32: (text) => base32(Buffer.from(text)),
  base58: (text) => base58(Buffer.from(text)),
  base85: (text) => base85(Buffer.from(text)),
  hex: (text) => Buffer.from(text).toString("hex"),
  "hex, spaced": (text) => bytes(text, (byte) => byte.toString(16).padStart(2, "0"), " "),
  "hex, escaped": (text) => bytes(text, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`, ""),
  binary: (text) => bytes(text, (byte) => byte.toString(2).padStart(8, "0"), " "),
  "decimal codes": (text) => bytes(text, String, " "),
  fromCharCode: (text) => `String.fromCharCode(${bytes(text, String, ",")})`,
  octal: (text) => bytes(text, (byte) => `\\${byte.toString(8).padStart(3, "0")}`, ""),
  "quoted-printable": (text) => bytes(text, (byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`, ""),
  punycode: (text) => `xn--${text.replaceAll(" ", "-").replaceAll(/[.,]/g, "")}-9za`,
  "UTF-7": (text) => `+${Buffer.from(text, "utf16le").swap16().toString("base64").replaceAll("=", "")}-`,
  "JSON escapes": jsonEscaped,
  "JSON escapes twice": (text) => jsonEscaped(text).replaceAll("\\", "\\\\"),
  percent: percent,
  "percent twice": (text) => percent(text).replaceAll("%", "%25"),
  "HTML entities": (text) => bytes(text, (byte) => `&#${byte};`, ""),
  "HTML entities twice": (text) => bytes(text, (byte) => `&amp;#${byte};`, ""),
  uuencode: uuencoded,
  "tag characters": (text) => Array.from(text, (sign) => point(0xe0000 + sign.charCodeAt(0))).join(""),
  "zero-width bits": (text) =>
    `Hello${bytes(text, (byte) => byte.toString(2).padStart(8, "0"), "")
      .replaceAll("0", "\u200b")
      .replaceAll("1", "\u200c")}`,
  "UTF-16 in base64": (text) => Buffer.from(text, "utf16le").toString("base64"),
  hyphenated: (text) => text.replaceAll(/([A-Za-z]{3})(?=[A-Za-z]{2})/g, "$1-"),
  "variation selectors": (text) =>
    "😀" + bytes(text, (byte) => (byte < 16 ? point(0xfe00 + byte) : point(0xe0100 + byte - 16)), ""),
};

const nato = (
  "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo sierra " +
  "tango uniform victor whiskey xray yankee zulu"
).split(" ");
/** Harmless lines, one for each letter that it begins with. */
const lines = [
  ...[
    "Apples are ripe",
    "Birds sing early",
    "Clouds came in",
    "Dogs ran about",
    "Every day counts",
    "Fog hid the hill",
  ],
  ...["Grass is wet", "Houses stood still", "Ice melts slowly", "Jars of honey", "Kites flew high", "Leaves fell down"],
  ...["Milk was cold", "Nights are long", "Owls keep watch", "Paths were muddy", "Quiet hours pass", "Rivers run deep"],
  ...["Snow lay thick", "Trees lost leaves", "Umbrellas opened", "Violets bloom", "Winds were mild", "Xylophones rang"],
  ...["Yellow fields", "Zinnias grew tall"],
];
const morse =
  ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..".split(
    " ",
  );

function point(code: number): string {
  return String.fromCodePoint(code);
}

function eachLetter(text: string, to: (letter: string, at: number) => string): string {
  return text.replaceAll(/[A-Za-z]/g, to);
}

function eachWord(text: string, to: (word: string) => string): string {
  return text.replaceAll(/[A-Za-z]+/g, to);
}

function words(text: string): string[] {
  return text.match(/[A-Za-z]+/g) ?? [];
}

function letters(text: string): string[] {
  return text.toLowerCase().match(/[a-z]/g) ?? [];
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

function alphabetAt(capitals: number, small: number): Disguise {
  return (text) =>
    eachLetter(text, (letter) =>
      letter < "a" ? point(capitals + letter.charCodeAt(0) - 65) : point(small + letter.charCodeAt(0) - 97),
    );
}

function substitution(from: string, to: string, lowered = false): Disguise {
  const table = new Map(Array.from(from, (letter, at) => [letter, Array.from(to)[at] ?? letter]));
  return (text) => Array.from(lowered ? text.toLowerCase() : text, (letter) => table.get(letter) ?? letter).join("");
}

function reversed(text: string): string {
  return Array.from(text).toReversed().join("");
}

/** The second half of the inner letters before the first. */
function shuffled(word: string): string {
  if (word.length < 4) return word;
  const inner = word.slice(1, -1);
  return word[0] + inner.slice(1) + inner.slice(0, 1) + word.slice(-1);
}

function pigLatin(word: string): string {
  const lead = /^[^aeiou]+/i.exec(word)?.[0] ?? "";
  return lead === "" ? `${word}way` : `${word.slice(lead.length)}${lead}ay`;
}

function shifted(text: string, by: number): string {
  return mapped(text, (letter) => (letter + by) % 26);
}

function mapped(text: string, to: (letter: number) => number): string {
  return eachLetter(text, (letter) => {
    const base = letter < "a" ? 65 : 97;
    return point(base + to(letter.charCodeAt(0) - base));
  });
}

function tapped(letter: string): string {
  const at = "abcdefghijlmnopqrstuvwxyz".indexOf(letter === "k" ? "c" : letter);
  return `${1 + Math.floor(at / 5)}${1 + (at % 5)}`;
}

function bytes(text: string, to: (byte: number) => string, between: string): string {
  return Array.from(Buffer.from(text), (byte) => to(byte)).join(between);
}

function percent(text: string): string {
  return bytes(text, (byte) => `%${byte.toString(16).padStart(2, "0")}`, "");
}

function jsonEscaped(text: string): string {
  return bytes(text, (byte) => `\\u00${byte.toString(16).padStart(2, "0")}`, "");
}

function base32(of: Uint8Array): string {
  const bits = Array.from(of, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const text = (bits.match(/.{1,5}/g) ?? []).map(
    (five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five.padEnd(5, "0"), 2)],
  );
  return text.join("") + "=".repeat((8 - (text.length % 8)) % 8);
}

function base58(of: Uint8Array): string {
  let number = BigInt(`0x${Buffer.from(of).toString("hex")}`);
  let text = "";
  for (; number > 0n; number /= 58n)
    text = ("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[Number(number % 58n)] ?? "") + text;
  return text;
}

/** Ascii85, as Adobe writes it without its brackets. */
function base85(of: Uint8Array): string {
  let text = "";
  for (let at = 0; at < of.length; at += 4) {
    const four = Buffer.alloc(4);
    four.set(of.subarray(at, at + 4));
    let number = four.readUInt32BE();
    let five = "";
    for (let digit = 0; digit < 5; digit++) {
      five = point(33 + (number % 85)) + five;
      number = Math.floor(number / 85);
    }
    text += five.slice(0, Math.min(4, of.length - at) + 1);
  }
  return text;
}

function uuencoded(text: string): string {
  const rows =
    Buffer.from(text)
      .toString("base64")
      .match(/.{1,60}/g) ?? [];
  const table = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const body = rows.map((row) => {
    const length = Math.floor((row.replaceAll("=", "").length * 3) / 4);
    return (
      point(32 + length) +
      Array.from(row, (sign) => (sign === "=" ? "`" : point(32 + table.indexOf(sign))))
        .join("")
        .replaceAll(" ", "`")
    );
  });
  return `begin 644 note.txt\n${body.join("\n")}\n\`\nend`;
}
