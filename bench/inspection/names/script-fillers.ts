/**
 * Fills the slots of `script-frames.ts`. In: the lists of `@faker-js/faker`. Out: names and addresses, the same in every run.
 * Tamil and Malay names, and what addresses are made of, stand here.
 */
import type { frames } from "./script-frames.ts";
import { randomFrom } from "./sentences.ts";

interface Names {
  readonly first_name?: unknown;
  readonly last_name?: unknown;
}

/** Locales of the package: their lists of names. */
export type Lists = Readonly<Record<"zh_CN" | "zh_TW" | "th" | "vi" | "id_ID", { readonly person?: Names }>>;

const tamil =
  "முருகன் கார்த்திக் செந்தில்குமார் ரவிச்சந்திரன் மீனாட்சி கவிதா தமிழரசி வேல்முருகன் இளவரசன் பூங்கொடி கண்ணம்மா சிவராமன் அருண்குமார் பிரியதர்ஷினி ஜெகதீசன் மணிமேகலை சுந்தரம் விஜயலட்சுமி ராஜேந்திரன் நித்யா கலைச்செல்வி பாலமுருகன் தனலட்சுமி அன்வர் ஜான்சன்".split(
    " ",
  );
const malay = {
  first: ["Ahmad Faizal", "Nurul Izzah", "Mohd Hafiz", "Siti Aminah", "Azlan", "Farah Nadia", "Zulkifli", "Aishah"],
  last: ["Abdullah", "Ismail", "Rahman", "Osman", "Yusof", "Hashim", "Sulaiman"],
};

type Language = keyof typeof frames;

export function fillersFrom(lists: Lists): (language: Language, slot: string) => string {
  const random = randomFrom(17);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const number = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const names = (locale: keyof Lists, part: keyof Names): string[] => flat(lists[locale].person?.[part]);
  const chosen = {
    zh: [names("zh_CN", "last_name"), names("zh_CN", "first_name")],
    tw: [names("zh_TW", "last_name"), names("zh_TW", "first_name")],
    th: [names("th", "first_name").filter((name) => /^[\u0e00-\u0e7f]+$/.test(name)), names("th", "last_name")],
    vi: [names("vi", "last_name"), names("vi", "first_name")],
    id: [names("id_ID", "first_name"), names("id_ID", "last_name")],
  } as const;
  const two = (from: readonly (readonly string[])[], between: string): string =>
    from.map((list) => pick(list)).join(between);

  const person: Readonly<Record<Language, () => string>> = {
    zh: () => two(random() < 0.75 ? chosen.zh : chosen.tw, ""),
    th: () => two(chosen.th, " "),
    ta: () =>
      pick([pick(tamil), `${pick(["மு", "க", "ஆர்", "எஸ்", "பா"])}. ${pick(tamil)}`, `${pick(tamil)} ${pick(tamil)}`]),
    vi: () => two(chosen.vi, " "),
    id: () => two(chosen.id, " "),
    ms: () => {
      const first = pick(malay.first);
      return `${first} ${/Nurul|Siti|Farah|Aishah/.test(first) ? "binti" : "bin"} ${pick(malay.last)}`;
    },
  };
  const address: Readonly<Record<Language, () => string>> = {
    zh: () =>
      `${pick(["", "北京市朝阳区", "上海市浦东新区", "广东省深圳市南山区", "浙江省杭州市西湖区", "臺北市信義區", "湖北省武汉市洪山区"])}${pick(["建国", "中山", "解放", "人民", "学院", "民生", "文昌", "忠孝东", "复兴南"])}${pick(["路", "街", "大道", "巷"])}${number(1, 999)}号${pick(["", "", "3号楼502室", "12栋1单元", "5楼", "B座1203室", "之3"])}`,
    th: () => {
      const province = pick(["กรุงเทพมหานคร", "จังหวัดเชียงใหม่", "จ.ชลบุรี", "จังหวัดนครราชสีมา", "จ.ขอนแก่น"]);
      return pick([
        `${number(1, 400)}/${number(1, 99)} หมู่ ${number(1, 12)} ถนน${pick(["สุขุมวิท", "พหลโยธิน", "เพชรเกษม"])} ตำบล${pick(["บางนา", "สุเทพ", "ในเมือง"])} อำเภอ${pick(["เมือง", "บางละมุง", "แม่ริม"])} ${province} ${number(10_000, 90_000)}`,
        `เลขที่ ${number(1, 400)} ซอย${pick(["อารีย์", "ลาดพร้าว", "ทองหล่อ"])} ${number(1, 60)} แขวง${pick(["สามเสนใน", "จอมพล", "คลองตัน"])} เขต${pick(["พญาไท", "จตุจักร", "วัฒนา"])} ${province} ${number(10_000, 10_900)}`,
        `${number(1, 99)}/${number(1, 20)} ม.${number(1, 9)} ต.${pick(["บางพลี", "หนองหอย"])} อ.${pick(["เมือง", "สันทราย"])} ${province} ${number(10_000, 90_000)}`,
      ]);
    },
    ta: () =>
      pick([
        `எண் ${number(1, 200)}, ${pick(["காந்தி", "நேரு", "அண்ணா", "பாரதியார்", "கம்பர்"])} ${pick(["தெரு", "சாலை", "வீதி"])}, ${pick(["சென்னை", "மதுரை", "கோயம்புத்தூர்", "திருச்சி"])} ${number(600, 643)} 0${number(10, 99)}`,
        `${number(1, 90)}/${number(1, 20)}, ${pick(["வடக்கு", "தெற்கு"])} ${pick(["மாட", "ராஜ"])} வீதி, ${pick(["மயிலாப்பூர்", "அண்ணா நகர்"])}, சென்னை - ${number(600, 643)}0${number(10, 99)}`,
      ]),
    vi: () =>
      pick([
        `số ${number(1, 300)} đường ${pick(["Lê Lợi", "Nguyễn Huệ", "Trần Hưng Đạo"])}, phường ${pick(["Bến Nghé", "1", "Tân Định"])}, quận ${number(1, 12)}, TP. Hồ Chí Minh`,
        `${number(1, 200)} ${pick(["phố Huế", "Kim Mã", "ngõ 12 Láng Hạ"])}, ${pick(["Hà Nội", "Đà Nẵng"])}`,
      ]),
    id: () =>
      pick([
        `Jl. ${pick(["Merdeka", "Sudirman", "Diponegoro"])} No. ${number(1, 200)}, RT ${number(1, 9)}/RW ${number(1, 9)}, ${pick(["Bandung", "Surabaya", "Jakarta Selatan"])} ${number(10_000, 90_000)}`,
        `Jalan ${pick(["Mawar", "Melati", "Kenanga"])} ${number(1, 99)}, ${pick(["Yogyakarta", "Semarang", "Medan"])}`,
      ]),
    ms: () =>
      pick([
        `No. ${number(1, 200)}, Jalan ${pick(["Ampang", "Tun Razak"])}, ${number(10_000, 90_000)} ${pick(["Kuala Lumpur", "Shah Alam", "Ipoh"])}`,
        `${number(1, 99)}, Lorong ${pick(["Permai", "Seri"])} ${number(1, 9)}, Taman ${pick(["Melawati", "Desa"])}, ${number(10_000, 90_000)} ${pick(["Johor Bahru", "Petaling Jaya"])}`,
      ]),
  };
  return (language, slot) => {
    if (slot === "address") return address[language]();
    return slot === "family" ? pick(chosen.zh[0] as readonly string[]) : person[language]();
  };
}

/** Lists come by sex, or as one; each name once. */
function flat(from: unknown): string[] {
  if (typeof from === "string") return [from];
  if (typeof from !== "object" || from === null) return [];
  return [...new Set(Object.values(from).flatMap(flat))];
}
