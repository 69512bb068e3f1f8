/**
 * The words that people write before a number to say what it is, in the languages of the numbers. In: a text. Out: where
 * such words end and what they announce. One automaton finds all of them in one pass.
 *
 * In a keyword a space stands for a space, an underscore or a hyphen. Letters fold by case, one code unit at a time.
 */
import { createMatcher } from "../matching/aho-corasick.ts";
import type { Atoms } from "./atoms.ts";

/** What a keyword announces; one bit each, so that a rule can ask for several. */
export const tag = {
  card: 1 << 0,
  bank: 1 << 1,
  ssn: 1 << 2,
  singapore: 1 << 3,
  malaysia: 1 << 4,
  indonesia: 1 << 5,
  thailand: 1 << 6,
  vietnam: 1 << 7,
  philippines: 1 << 8,
  passport: 1 << 9,
  phone: 1 << 10,
  birth: 1 << 11,
  licence: 1 << 12,
  britain: 1 << 13,
  australia: 1 << 14,
  india: 1 << 15,
  europe: 1 << 16,
  tax: 1 << 17,
  identity: 1 << 18,
  routing: 1 << 19,
  health: 1 << 20,
  version: 1 << 21,
  wallet: 1 << 22,
  postcode: 1 << 23,
  notIdentity: 1 << 24,
  eastAsia: 1 << 25,
} as const;

const words: readonly (readonly [number, string])[] = [
  [
    tag.card,
    "信用卡|信用卡号|银行卡|银行卡号|卡号|信用卡號|卡號|クレジットカード|カード番号|신용카드|카드번호|கடன் அட்டை|card|cards|cc|credit card|debit card|visa|mastercard|amex|american express|kartu kredit|kartu debit|kad kredit|kad debit|thẻ tín dụng|số thẻ|thẻ|บัตรเครดิต|บัตรเดบิต|หมายเลขบัตร|tarjeta|carte bancaire|carte|kreditkarte|karte|cartão|carta di credito|credit|pan",
  ],
  [
    tag.bank,
    "银行账号|账号|账户|銀行帳號|帳號|口座番号|계좌번호|வங்கி கணக்கு|no rekening|nombor akaun bank|account|accounts|account number|account no|acct|a c no|bank account|rekening|no rek|norek|nomor rekening|akaun|nombor akaun|akaun bank|số tài khoản|stk|tài khoản|เลขที่บัญชี|เลขบัญชี|บัญชี|iban|bic|swift|konto|kontonummer|compte|cuenta|conto|conta|sort code|wire|transfer|bsb|beneficiary",
  ],
  [tag.routing, "routing|routing number|routing no|aba|aba number|rtn|transit number|swift|bic|swift code|bic code"],
  [tag.ssn, "ssn|social security|social security number|soc sec|social"],
  [tag.singapore, "nric|fin|uin|nric fin|nric no|singpass|singapore id|identity card|ic number|ic no"],
  [
    tag.malaysia,
    "mykad|my kad|ic|ic no|ic number|nric|kad pengenalan|no kp|no kad pengenalan|nombor kad pengenalan|no ic|identity card|mypr|mykid",
  ],
  [
    tag.indonesia,
    "nik|ktp|e ktp|no ktp|nomor ktp|nomor induk kependudukan|induk kependudukan|kartu keluarga|no kk|kk|npwp|wajib pajak|bpjs|nip",
  ],
  [
    tag.thailand,
    "ปชช|เลข ปชช|เลขประจำตัวบัตรประชาชน|เลขบัตรประชาชน|เลขประจำตัวประชาชน|บัตรประชาชน|เลขประจำตัว|หมายเลขประจำตัวประชาชน|thai id|thai national id|citizen id|citizen id number|national id|national id card|personal id",
  ],
  [
    tag.vietnam,
    "so cccd|can cuoc|so cmnd|cccd|cmnd|căn cước|căn cước công dân|số cccd|số cmnd|chứng minh nhân dân|chứng minh thư|định danh|số định danh|mã số thuế|mst|bhxh|bảo hiểm xã hội|citizen identity card|citizen identification",
  ],
  [
    tag.philippines,
    "philsys|philid|phil id|psn|pcn|philsys number|philsys card number|national id|umid|sss|sss number|sss no|gsis|tin|tin number|tin no|philhealth|pag ibig|pagibig|crn",
  ],
  [
    tag.passport,
    "护照|护照号|护照号码|護照|護照號碼|パスポート|旅券番号|여권|여권번호|கடவுச்சீட்டு|paspot|số hc|เลขที่หนังสือเดินทาง|passport|passport no|passport number|passport num|paspor|nomor paspor|pasport|no pasport|nombor pasport|hộ chiếu|số hộ chiếu|หนังสือเดินทาง|พาสปอร์ต|pasaporte|passeport|reisepass|passaporto|passaporte|pasaporte no|passnummer|travel document",
  ],
  [
    tag.phone,
    "电话|手机|手机号|联系电话|電話|手機|電話番号|携帯|전화|휴대폰|연락처|தொலைபேசி|கைபேசி|அலைபேசி|cel|cp no|tel no|no tlp|no wa|wa|so dien thoai|dien thoai|เบอร์ติดต่อ|ติดต่อ|phone|phones|telephone|tel|mobile|cell|cellphone|call|calls|called|calling|fax|text me|texted|sms|whatsapp|viber|zalo|line|hotline|contact|reach|reach us|reach me|dial|ring|hp|no hp|nomor hp|telepon|telp|ponsel|hubungi|handphone|telefon|no telefon|no tel|số điện thoại|điện thoại|sđt|sdt|gọi|đt|โทร|โทรศัพท์|เบอร์โทร|เบอร์|มือถือ|numero|teléfono|telefono|téléphone|telefone|celular|handy|telefonnummer|desk|office|registered|answering|extension|ph|mob|pager|landline|numero ng telepono",
  ],
  [
    tag.birth,
    "出生日期|出生|生日|出生年月日|生年月日|誕生日|생년월일|생일|பிறந்த தேதி|பிறந்த நாள்|பிறந்ததேதி|ngay sinh|sinh ngay|ipinanganak noong|isinilang|ttl|tgl lhr|born|born on|birth|birthday|birthdate|date of birth|dob|d o b|b day|birth date|lahir|tanggal lahir|tgl lahir|tempat tanggal lahir|tarikh lahir|ngày sinh|sinh ngày|sinh|năm sinh|วันเกิด|เกิดวันที่|เกิดเมื่อ|วันเดือนปีเกิด|petsa ng kapanganakan|ipinanganak|kaarawan|geboren|geburtsdatum|né le|née le|date de naissance|nacido|nacida|fecha de nacimiento|nascimento|data di nascita|nato il|nata il|syntynyt|född",
  ],
  [
    tag.licence,
    "licence|license|driver's license|drivers license|driver license|driving licence|driving license|driver's licence|dl|dl no|dl number|licence no|license no|license number|licence number|sim|no sim|lesen memandu|lesen|bằng lái|giấy phép lái xe|gplx|ใบขับขี่|lisensya|führerschein|permis de conduire|carnet de conducir|patente|plate|license plate|number plate|no polisi|nopol|biển số|ทะเบียนรถ",
  ],
  [
    tag.eastAsia,
    "身份证|身份证号|身份证号码|身份證|身份證號碼|公民身份号码|身分證|身分證字號|身分證號|國民身分證|居民身份证|주민등록번호|주민번호|マイナンバー|個人番号|hkid|hong kong id|香港身份證|香港身份证|rrn|my number|resident id|resident identity card",
  ],
  [tag.britain, "nino|ni number|ni no|national insurance|national insurance number|nhs|nhs number|nhs no|utr"],
  [
    tag.australia,
    "tfn|tax file|tax file number|medicare|medicare number|medicare card|abn|australian business number|acn|business number",
  ],
  [
    tag.india,
    "aadhaar|aadhar|aadhaar number|uid|uidai|pan|pan card|pan number|permanent account number|आधार|gstin|voter id|epic",
  ],
  [
    tag.europe,
    "dni|nie|nif|documento nacional|codice fiscale|cf|pesel|steuer id|steuerid|steueridentifikationsnummer|steuer identifikationsnummer|idnr|nir|insee|numéro de sécurité sociale|sécurité sociale|bsn|burgerservicenummer|hetu|henkilötunnus|personnummer|personal identity code|fødselsnummer|cpr|rijksregisternummer|national number|cpf|cnpj|personalausweis|ausweisnummer|rodné číslo|cnp|oib|egn|amka",
  ],
  [
    tag.tax,
    "tax id|tax id number|tax number|tax identification|taxpayer|tin|itin|ein|npwp|nomor pokok wajib pajak|mã số thuế|เลขประจำตัวผู้เสียภาษี|vat|vat number|cukai|no cukai|income tax",
  ],
  [
    tag.identity,
    "id|id no|id number|id card|identity|identity number|identity no|identification|identification number|national id|national identity|national identification number|citizen|resident|personal number|personal identification|identitas|pengenalan|mã số|số cmt|identidad|ausweis|identité",
  ],
  [
    tag.health,
    "mrn|medical record|medical record number|patient id|patient number|patient no|health card|insurance number|policy number|member id|rekam medis|no rm|số bệnh án|mã bệnh nhân|hospital number|hn",
  ],
  [tag.version, "version|ver|release|build|firmware|section|chapter|v"],
  [tag.wallet, "wallet|bitcoin|btc|ethereum|eth|crypto|address|send to|usdt"],
  [
    tag.postcode,
    "zip|zip code|zipcode|postcode|postal code|post code|kode pos|poskod|mã bưu điện|รหัสไปรษณีย์|plz|postleitzahl",
  ],
  [
    tag.notIdentity,
    "订单|订单号|訂單|快递单号|运单号|注文番号|주문번호|nomor pesanan|no pesanan|pesanan|đơn hàng|mã đơn|คำสั่งซื้อ|ใบสั่งซื้อ|lot|lot number|part number|order|order number|order no|invoice|invoice number|invoice no|tracking|tracking number|ticket|ticket number|isbn|issn|doi|serial|serial number|commit|sha|hash|timestamp|epoch|sku|ref|reference|po number|issue|bug|pull request|port|line|size|bytes|pixels|rgb|test card|example card|population|uuid",
  ],
];

const keywords = words.flatMap(([bit, list]) => list.split("|").map((word) => ({ bit, word: word.normalize("NFC") })));
/** Keywords in a script that separates words by spaces end and begin at a word's border; Thai and Devanagari do not. */
const spaced = Uint8Array.from(keywords, ({ word }) => (/[\u0900-\u0e7f]/.test(word) ? 0 : 1));
const bits = Int32Array.from(keywords, ({ bit }) => bit);

const matcher = createMatcher(
  keywords.map(({ word }) => word),
  foldKeyword,
  isLetter,
  true,
);

/** Case, and the three separators of names: a space, an underscore, a hyphen. */
export function foldKeyword(unit: number): number {
  if (unit === 0x5f || unit === 0x2d || unit === 0xa0) return 0x20;
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}

/** The most code units that a keyword may stand before what it announces. */
export const contextReach = 64;

/** The longest keyword. */
export const longestKeyword = matcher.longest;

/** Keywords before the numbers of one text, by end. What no number follows within reach is not looked for. */
export class Context {
  readonly #ends: number[] = [];
  readonly #bits: number[] = [];

  constructor(text: string, { count, starts }: Atoms) {
    const onMatch = (pattern: number, end: number): void => {
      if (spaced[pattern] === 1 && isLetter(text.charCodeAt(end))) return;
      this.#ends.push(end);
      this.#bits.push(bits[pattern] ?? 0);
    };
    const reach = contextReach + longestKeyword + 1;
    for (let first = 0; first < count;) {
      let to = starts[first] ?? 0;
      const from = Math.max(0, to - reach);
      for (first++; first < count && (starts[first] ?? 0) - reach <= to; first++) to = starts[first] ?? 0;
      matcher.scan(text, onMatch, from, Math.min(text.length, to));
    }
  }

  /** What is announced within `reach` code units before `start`: the bits of all keywords there. */
  before(start: number, reach: number = contextReach): number {
    let found = 0;
    for (let at = this.#after(start) - 1; at >= 0 && (this.#ends[at] ?? 0) >= start - reach; at--)
      found |= this.#bits[at] ?? 0;
    return found;
  }

  /** Where the last keyword with one of `mask`'s bits ends, at most `reach` before `start`; -1 when there is none. */
  lastBefore(start: number, mask: number, reach: number = contextReach): number {
    for (let at = this.#after(start) - 1; at >= 0 && (this.#ends[at] ?? 0) >= start - reach; at--)
      if (((this.#bits[at] ?? 0) & mask) !== 0) return this.#ends[at] ?? -1;
    return -1;
  }

  /** Calls back for every keyword with one of `mask`'s bits. */
  each(mask: number, onKeyword: (end: number) => void): void {
    for (let at = 0; at < this.#ends.length; at++)
      if (((this.#bits[at] ?? 0) & mask) !== 0) onKeyword(this.#ends[at] ?? 0);
  }

  /** How many keywords end at or before `start`. */
  #after(start: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** ASCII or Latin letter; what would make a keyword part of a longer word. */
function isLetter(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0xc0 && unit <= 0x24f) ||
    (unit >= 0x1e00 && unit <= 0x1eff)
  );
}
