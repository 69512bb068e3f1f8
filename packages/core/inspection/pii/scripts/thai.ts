/**
 * Names and addresses in Thai. In: a stretch of text. Out: spans.
 *
 * A name follows a title (นาย, นางสาว, ดร.), a form's field, or "my name is"; the family name stands behind a space. คุณ is
 * also "you": behind it only what looks like a name counts. An address is a row of parts, each behind its word (หมู่, ถนน, ตำบล),
 * with a number of a house or a postcode.
 */
import { everywhere, type PushSpan } from "./script-span.ts";

/** Parts that given names are put together of, and those that begin hardly any other word. */
const nameParts =
  /^(?:สม(?:ชาย|หญิง|ศักดิ์|พร|บัติ|บูรณ์|ใจ|คิด|พงษ์|พงศ์|ปอง|หมาย|ศรี|ยศ|เกียรติ|ทรง|จิต|ควร|นึก)|วิ(?:ชัย|รัตน์|ไล|เชียร|ทยา|ภา|มล|สุทธิ์|โรจน์|นัย|ศาล|วัฒน์)|ประ(?:เสริฐ|สิทธิ์|ภาส|พันธ์|ยุทธ|วิทย์|ไพ|ยูร|สาน|กอบ|ทีป|จักษ์)|ณัฐ|ธน|กิตติ|พงศ์|พงษ์|ศักดิ์|ชัย|วัฒน์|พร|รัตน์|สุ(?:ชาติ|รชัย|ภาพ|ดา|นีย์|พจน์|วรรณ|ทธิ|เทพ|กัญญา|มาลี|รีย์|วิทย์|ธี|นทร|รพล|ริยา|พัตรา)|อนุ|อภิ|อรุณ|อรทัย|อร|อุ(?:ไร|บล|ทัย|ษา)|จิ(?:รา|ตร|นตนา|ราพร|รพงศ์)|จัน(?:ทร์|ทนา)|จุฑา|เจริญ|เฉลิม|ชนา|ชนิ|ชุติ|ชลิต|ฐิติ|ดวง|ดารุณี|ดนัย|เดช|ทวี|ทศพล|เทพ|ธง|ธนา|ธีร|ธิดา|นภา|นรินทร์|นฤมล|นัน(?:ทา|ทวัน)|นิ(?:ตยา|พนธ์|ภา|ศา|รันดร์)|บุญ|บัณฑิต|ปรา(?:ณี|โมทย์)|ปรี(?:ชา|ดา|ยา)|ปัญญา|ปิยะ|ปิ่น|พัช|พิ(?:ชัย|ชญ์|มพ์|เชษฐ|สิษฐ์|ทักษ์|ไล)|ไพ(?:โรจน์|บูลย์|ศาล)|เพ็ญ|ภาณุ|ภาส|ภูมิ|มณี|มนัส|มานะ|มานพ|มาลี|มาลัย|เมธ|ยุพ|ยงยุทธ|เยาว|รจนา|รัช|รังสรรค์|เรณู|ลัดดา|ละออ|วร|วัช|วัน(?:ชัย|เพ็ญ|ดี)|วาสนา|วีร|ศศิ|ศิริ|ศรี|ศุภ|สถาพร|สนั่น|สม|สรา|สาย(?:ชล|ฝน|ใจ)|สาวิตรี|สิทธิ|สิริ|สันติ|สำราญ|เสาวลักษณ์|แสง|หทัย|อมร|อัญชลี|อาทิตย์|อำนาจ|เอก|กนก|กมล|กฤษ|กัญญา|กัลยา|กาญจนา|กานต์|กิต|กุล|เกษม|เกรียง|ขวัญ|คม|จตุ|พัน|ภัทร|รุ่ง|ลลิตา|มะลิ|ปวีณา|ชวลิต|ประ|วิ|สุ)/;
/** What goes on with a sentence where a family name would stand. */
const noFamily =
  /^(?:ได้|เป็น|และ|หรือ|ที่|ของ|กล่าว|จะ|ไม่|ใน|จาก|ซึ่ง|เพื่อ|โดย|ว่า|ให้|อยู่|ไป|อายุ|เกิด(?=วัน|เมื่อ|ปี|ที่|ใน|$)|มา(?=ที่|จาก|แล้ว|ถึง|สอบ|ติด|แจ้ง|$)|มี(?=ความ|อายุ|สิทธิ|ที่|$)|โทร|เบอร์|ถูก|ทำ(?=งาน|ให้|การ|$)|ผู้|นี้|นั้น|คือ|กับ|ครับ|ค่ะ|คะ|ต้อง|แจ้ง|สั่ง|ขอ(?=เปลี่ยน|ให้|ยกเลิก|แจ้ง|ทราบ|$)|โปรด|กรุณา|ทราบ|เข้า|ออก|บัตร|สมัคร|รับ(?=สินค้า|การ|ทราบ|$)|ส่ง(?=ถึง|สินค้า|$)|แล้ว|ยัง|ก็|แต่|เมื่อ|หาก|ถ้า|เพราะ|บ้าน(?=เลข|พัก|$)|พัก(?=อยู่|ที่|$)|อาศัย|ตำแหน่ง|เลขที่|วันที่|ประจำ|พร้อม|ตาม|ต่อ(?=ไป|มา|จาก|$)|ชำระ|เดินทาง|นัด|แพทย์|ติดต่อ|ปัจจุบัน|เคย|กำลัง|สามารถ|ควร|อาจ|เลขานุการ|นักเรียน|พนักงาน|กรรมการ|ประธาน|ลูกค้า)/;
/** What follows คุณ where it is "you", or stands for goodness and kind. */
const noGiven =
  /^(?:ได้|เป็น|และ|หรือ|ที่|ของ|กล่าว|จะ|ไม่|ใน|จาก|ซึ่ง|เพื่อ|โดย|ว่า|ให้|อยู่|มา|ไป|มี|อายุ|เกิด|โทร|ถูก|ทำ|ผู้|นี้|นั้น|คือ|กับ|กว่า|ประจำ|พร้อม|อด|ครับ|ค่ะ|คะ|ต้อง|แจ้ง|สั่ง|ขอ|ทราบ|เข้า|ออก|สมัคร|รับ|ส่ง|แล้ว|ยัง|ก็|แต่|เมื่อ|หาก|ถ้า|เพราะ|เดิน|ติดต่อ|เคย|กำลัง|สามารถ|ควร|อาจ|รู้|คิด|ลอง|ใช้|ค่า|ธรรม|สมบัติ|ภาพ|ลักษณะ|ประโยชน์|พ่อ|แม่|ครู|ทุกคน|อยาก|เห็น|เชื่อ|พบ|เลือก|เริ่ม|พูด|ถาม|ตอบ|หา|ดู|ช่วย|เล่น|เรียน|อ่าน|เขียน|กิน|ซื้อ|ขาย|สร้าง|เปิด|ปิด|เพียง|ทั้ง|เอง|หมาย|บอก|ชอบ|รัก|สนใจ|กรอก|คลิก|จำเป็น|แน่ใจ|พยายาม|ตัดสิน|เตรียม|หลัง|ก่อน|ด้วย|วุฒิ|ธรรม|ูปการ|หมอ|ลูกค้า|ชาย|หญิง|สาว|น้อง|พี่|สาย|นาย)/;

const titles = [
  String.raw`นางสาว|น\.\s?ส\.|นาง(?!สาว|แบบ|เอก(?!พล|ชัย|ราช)|ฟ้า|พยาบาล|ใน|งาม|เงือก|ร้าย|รอง|กวัก|ๆ)`,
  String.raw`นาย(?!ก(?:รัฐ|ฯ|สมาคม|เทศ|อบ|องค์|สภา|ๆ|\s|$)|จ้าง|ทหาร|อำเภอ|ตำรวจ|แพทย์|หน้า|ทุน|ประกัน|แบบ|ท่า|ร้อย|พัน|ช่าง|เรือ|พล(?!อย|ก|ว|พล|ส)|ๆ)`,
  String.raw`เด็กชาย|เด็กหญิง|ด\.ช\.|ด\.ญ\.|ดร\.|รศ\.|ผศ\.|นพ\.|พญ\.|ทพ\.|ทพญ\.|พล\.[อตร]\.[อทต]?\.?|พ\.[ตอ]\.[อทต]?\.?|ร\.[ต]\.[อทต]?\.?|ม\.ร\.ว\.|ม\.ล\.|คุณหมอ|อาจารย์`,
].join("|");
const called = String.raw`[\u0e01-\u0e4e]{2,18}(?![\u0e01-\u0e4e])`;
/** A title within a run of letters is the end of another word (ทนาย, ขุนนาง), but behind these. */
const border = String.raw`(?<![\u0e01-\u0e4e]|[\u0e01-\u0e4e]\s?ๆ)|(?<=ของ|กับ|ให้|จับกุม|คือ|โดย|และ|พบ|ชื่อ|แก่|แด่|ต่อ|ว่า|จาก|ถึง|ตัว|เช่น|หรือ|ร่วม|อย่าง|ผู้ป่วย|ลูกค้า|เรียน|เรียก|ติดต่อ)`;
const familyName = String.raw`(?:ณ )?[\u0e01-\u0e4e]{3,22}`;
const titled = new RegExp(
  String.raw`(?:${border})(?:${titles})\s{0,2}(${called})(?:\s{1,2}(${familyName})(?![\u0e01-\u0e4e]))?`,
  "g",
);
const polite = new RegExp(String.raw`(?:คุณ|พี่|น้อง|ครู)\s?(${called})(?:\s{1,2}(${familyName})(?![\u0e01-\u0e4e]))?`, "g");
const fielded = new RegExp(
  String.raw`(?:ชื่อ(?:\s?-\s?|\s?และ\s?)?(?:นาม)?สกุล|ชื่อ[\u0e01-\u0e4e]{0,14}|ผู้(?:รับ|ส่ง|ป่วย|ติดต่อ|เอาประกัน|สมัคร|ถือบัตร)|ลูกค้า|ลงชื่อ|พนักงาน)\s?[:：]\s?(${called})(?:\s{1,2}(${familyName})(?![\u0e01-\u0e4e]))?`,
  "g",
);
const myName = new RegExp(
  String.raw`(?:ผม|ดิฉัน|ฉัน|หนู|เขา|เธอ)ชื่อ(?:ว่า)?\s?(${called})(?:\s{1,2}(${familyName})(?![\u0e01-\u0e4e]))?`,
  "g",
);

export function findThai(text: string, push: PushSpan): void {
  everywhere(titled, text, (match) => pushName(match, "titled", push));
  everywhere(polite, text, (match) => pushName(match, "polite", push));
  everywhere(fielded, text, (match) => pushName(match, "field", push));
  everywhere(myName, text, (match) => pushName(match, "titled", push));
  findAddresses(text, push);
}

/** The name behind the title, with the family name where that is one. */
function pushName({ index, 0: whole, 1: name = "", 2: family }: RegExpExecArray, by: string, push: PushSpan): void {
  const isFamily = family !== undefined && !noFamily.test(family);
  if (by === "titled" && !isFamily && !nameParts.test(name) && (name.length > 10 || noGiven.test(name))) return;
  if (by === "titled" && isFamily && noGiven.test(name) && !nameParts.test(name) && name.length > 10) return;
  if (by === "field" && !isFamily && !nameParts.test(name)) return;
  // Without a name's parts or a family name, what follows คุณ is mostly a verb; a long run goes on with the sentence.
  if (by === "polite" && (noGiven.test(name) || name.length > 14)) return;
  if (by === "polite" && !nameParts.test(name) && !(isFamily && name.length <= 11)) return;
  const start = index + whole.lastIndexOf(name, whole.length - (family?.length ?? 0) - name.length);
  const end = isFamily ? index + whole.length : start + name.length;
  push("person", start, end, isFamily ? 0.92 : by === "polite" ? 0.7 : 0.8);
}

const part = String.raw`(?:บ้านเลขที่|เลขที่|หมู่บ้าน|หมู่ที่|หมู่|ม\.|ซอย|ซ\.|ถนน|ถ\.|ตำบล|ต\.|แขวง|อำเภอ|อ\.|เขต|จังหวัด|จ\.|อาคาร|ชั้น|ห้อง)\s{0,2}[\u0e01-\u0e4e0-9\u0e50-\u0e59/\-]{1,30}(?:\s[0-9]{1,3}(?![0-9/]))?`;
const row = new RegExp(
  String.raw`(?<![\u0e01-\u0e4e])(?:[0-9\u0e50-\u0e59]{1,4}(?:/[0-9\u0e50-\u0e59]{1,4})?\s{1,2})?(?:${part}[\s,]{0,3}){2,9}(?:(?:กรุงเทพมหานคร|กรุงเทพฯ|กทม\.?|[\u0e01-\u0e4e]{3,20})\s{0,2})?(?:[0-9\u0e50-\u0e59]{5})?`,
  "g",
);
const numbered = /(?:เลขที่|หมู่ที่|หมู่|ม\.|ซอย|ซ\.)\s{0,2}[0-9๐-๙]|^[0-9๐-๙]|[0-9๐-๙]{5}$/;

function findAddresses(text: string, push: PushSpan): void {
  everywhere(row, text, ({ index, 0: written }) => {
    const trimmed = written.replace(/[\s,]+$/, "");
    if (numbered.test(trimmed)) push("address", index, index + trimmed.length, 0.9);
  });
}
