/**
 * Names and addresses in Tamil. In: a stretch of text. Out: spans.
 *
 * A name follows a title (திரு., திருமதி) or a form's field, or is a given name that people bear, its ending of case included,
 * with initials or another name beside it. An address is a house's number with a street's word a few words on.
 */
import { everywhere, type PushSpan } from "./script-span.ts";

const letter = String.raw`[\u0b82-\u0bcd\u0bd7]`;
const word = String.raw`${letter}{3,22}`;
const initials = String.raw`(?:(?!திரு)${letter}{1,4}\.\s?){0,3}`;
const title = String.raw`(?:திருமதி|திரு|செல்வி|செல்வன்|டாக்டர்|மருத்துவர்|பேராசிரியர்|முனைவர்|குமாரி)(?:\.\s?|\s)`;
const titled = new RegExp(String.raw`(?<!${letter})${title}(${initials}${word}(?:\s${word})?)`, "g");
const fielded = new RegExp(
  String.raw`(?:(?<!${letter})(?:முழுப்\s?)?பெயர்|பெறுநர்|அனுப்புநர்|நோயாளி|வாடிக்கையாளர்|விண்ணப்பதாரர்|கையொப்பம்|தொடர்புக்கு)\s?[:：]\s?(${initials}${word}(?:\s${word})?)`,
  "g",
);
const myName = new RegExp(
  String.raw`(?<!${letter})(?:என்|எனது|அவர்|அவரது|அவள்|அவன்) பெயர் (${initials}${word}(?:\s${word})?)`,
  "g",
);

/** Given names that are no other word, without their last sign where an ending of case changes it. */
const stems = new Set(
  (
    "முருகன் ராமன் கிருஷ்ணன் லட்சுமி மீனாட்சி கார்த்திக் செந்தில் ராஜேஷ் சுரேஷ் ரமேஷ் கணேஷ் மகேஷ் தினேஷ் அருண் விஜய் அஜித் குமார் பிரியா திவ்யா கவிதா சுமதி மாலதி கீதா லதா உஷா ராதா சீதா " +
    "வள்ளி பார்வதி சரஸ்வதி கலைவாணி தமிழ்ச்செல்வி முத்துக்குமார் பாலசுப்பிரமணியன் சுப்பிரமணியன் வெங்கடேசன் வெங்கடேஷ் சீனிவாசன் நாராயணன் கோபாலகிருஷ்ணன் ராமகிருஷ்ணன் ராஜேந்திரன் மகேந்திரன் சந்திரசேகர் சந்திரசேகரன் " +
    "பிரபாகரன் சிவகுமார் சிவக்குமார் செல்வகுமார் சரவணன் சண்முகம் ஆறுமுகம் பழனிசாமி ராமசாமி கந்தசாமி வேலுச்சாமி தங்கராஜ் நாகராஜன் சௌந்தரராஜன் ஜெயலலிதா ஜெயக்குமார் ஜெயந்தி வசந்தி சாந்தி விமலா நிர்மலா கமலா சரோஜா பானுமதி " +
    "அனிதா சங்கீதா சுஜாதா வனிதா புவனேஸ்வரி ராஜேஸ்வரி மகேஸ்வரி ஐஸ்வர்யா அபிராமி நந்தினி பத்மினி ரஞ்சனி ஹரிஷ் சதீஷ் பிரகாஷ் சந்தோஷ் மணிகண்டன் அய்யப்பன் இளங்கோவன் அன்பழகன் மதியழகன் தமிழரசன் கருணாநிதி ஸ்டாலின் பாண்டியன் " +
    "முகமது அப்துல் இப்ராஹிம் ஃபாத்திமா பாத்திமா ஆயிஷா ஜோசப் அந்தோணி மேரி ஸ்டெல்லா டேவிட் பீட்டர்"
  ).split(" "),
);
/** What given names end with that are put together of two. */
const compound =
  /.(?:குமார்|முருகன்|லட்சுமி|ராஜன்|ராஜ்|சாமி|செல்வி|செல்வன்|சுந்தரம்|நாதன்|வேலன்|பாண்டியன்|ராமன்|கிருஷ்ணன்|பிரியா|தேவி|அரசன்|அரசி|ேஸ்வரி|ேஸ்வரன்|ேந்திரன்|சந்திரன்|தர்ஷினி|மேகலை|கொடி)$/;
const endings = [
  "ஐ",
  "ை",
  "யை",
  "வை",
  "னை",
  "ிடம்",
  "னிடம்",
  "யிடம்",
  "விடம்",
  "ுக்கு",
  "னுக்கு",
  "க்கு",
  "வுக்கு",
  "யின்",
  "வின்",
  "னின்",
  "ின்",
  "ும்",
  "னும்",
  "யும்",
  "வும்",
  "ுடன்",
  "னுடன்",
  "யுடன்",
  "ால்",
];
/** What goes on with a sentence, or stands in a form beside a name. */
const noName =
  /^(?:அவர்|இவர்|என்ற|என்று|என்பவர்|என்னும்|மற்றும்|ஆகிய|உள்ள|இந்த|அந்த|ஒரு|வயது|முகவரி|தொலைபேசி|எண்|நேற்று|இன்று|நாளை|வந்த|சென்ற|கூறி|தெரிவி|சொன்ன|பேசி|வசிக்|பணிபுரி|பிறந்த|தேதி|மின்னஞ்சல்|கைபேசி|அனுமதி|சேர்ந்த|கடிதம்|தன்|தனது|அதிகாரி|மேலாளர்|ஆசிரியர்|மாணவ|தலைவர்|ஐயா|அம்மா|அவர்களு|அவர்கள)/;

export function findTamil(text: string, push: PushSpan): void {
  for (const [pattern, score] of [
    [titled, 0.9],
    [fielded, 0.9],
    [myName, 0.85],
  ] as const)
    everywhere(pattern, text, ({ index, 0: whole, 1: name = "" }) => {
      const start = index + whole.length - name.length;
      const kept = withoutNoName(name);
      if (kept !== "") push("person", start, start + kept.length, score);
    });
  findKnown(text, push);
  findAddresses(text, push);
}

/** The name up to the word that goes on with the sentence; nothing where it begins with one. */
function withoutNoName(name: string): string {
  const space = name.lastIndexOf(" ");
  const last = name.slice(space + 1);
  if (space < 0) return noName.test(last) ? "" : name;
  const before = name.slice(0, space);
  if (noName.test(before.trimStart())) return "";
  const isSecond = before.endsWith(".") || isKnown(last) || !isKnown(before);
  return noName.test(last) || !isSecond ? before.trimEnd() : name;
}

/** A known name, alone or beside initials or another known one. */
function findKnown(text: string, push: PushSpan): void {
  const one = new RegExp(
    String.raw`(?<!${letter})(${initials})(${word})(?!${letter})(?:\s(${word})(?!${letter}))?`,
    "g",
  );
  everywhere(one, text, ({ index, 0: whole, 1: before = "", 2: first = "", 3: second }) => {
    if (!isKnown(first)) return;
    const both = second !== undefined && isKnown(second);
    const end = index + (both || second === undefined ? whole.length : before.length + first.length);
    push("person", index, end, before !== "" || both ? 0.85 : 0.65);
  });
}

function isKnown(written: string): boolean {
  if (stems.has(written) || compound.test(written)) return true;
  return endings.some((ending) => {
    if (!written.endsWith(ending)) return false;
    const stem = written.slice(0, -ending.length);
    return stems.has(stem) || stems.has(`${stem}்`) || stems.has(`${stem}ன்`);
  });
}

const street = String.raw`(?:தெரு|சாலை|வீதி|நகர்|நகரம்|காலனி|சந்து|அவென்யூ|குறுக்குத்தெரு|மெயின்ரோடு|ரோடு|மாடவீதி|அடுக்ககம்)`;
const places = new RegExp(
  String.raw`(?:(?:கதவு\s)?எண்\.?\s?[:：]?\s?)?(?<![0-9/])[0-9]{1,4}(?:[/-][0-9A-Z]{1,4})?[A-Z]?\s?,?\s(?:${letter}{1,22}\.?[\s,]{1,2}){0,4}${letter}{0,16}${street}(?:[\s,-]{1,3}${letter}{3,22}){0,5}(?:\s?[-–,]?\s?[0-9]{3}\s?[0-9]{3}(?![0-9]))?`,
  "g",
);

function findAddresses(text: string, push: PushSpan): void {
  everywhere(places, text, ({ index, 0: written }) => {
    if (/[0-9/]/.test(text.charAt(index - 1))) return;
    push("address", index, index + written.length, 0.88);
  });
}
