/**
 * Sentences to learn names and addresses from. In: lists of names, a seed. Out: texts with spans. The frames are written
 * here: letters, forms, chats, records, orders, reports, in the manner of many countries; what fills them comes from the
 * lists. A held-out corpus has neither.
 */
import { frames, orgForms } from "./frames.ts";
import type { Locale, NameLists } from "./packages.ts";

export interface Labelled {
  readonly text: string;
  readonly spans: readonly { readonly start: number; readonly end: number; readonly label: string }[];
}

/** Mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Asia {
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly town: readonly string[];
  readonly street: readonly string[];
  readonly place: readonly string[];
}

export class SentenceMaker {
  readonly #random: () => number;
  readonly #lists: NameLists;
  readonly #asia: Asia;
  readonly #latin: readonly Locale[];

  constructor(lists: NameLists, asia: string, seed: number) {
    this.#random = randomFrom(seed);
    this.#lists = lists;
    const section = (name: string): string[] =>
      (asia.split("\n").find((line) => line.startsWith(`${name}:`)) ?? "")
        .slice(name.length + 1)
        .split(",")
        .map((entry) => entry.trim());
    this.#asia = {
      first: section("first"),
      last: section("last"),
      town: section("town"),
      street: section("street"),
      place: section("place"),
    };
    this.#latin = [...lists.locales.values()].filter(
      ({ firsts, lasts }) => firsts.length > 50 && lasts.length > 50 && /^[\p{Script=Latin}]/u.test(firsts[0] ?? ""),
    );
  }

  /** One text: a frame filled, now and then all in small or capital letters. */
  next(): Labelled {
    const frame = this.#pick(frames);
    let text = "";
    const spans: { start: number; end: number; label: string }[] = [];
    for (const part of frame.split(/(\{[a-z]+\})/)) {
      if (!/^\{[a-z]+\}$/.test(part)) {
        text += part;
        continue;
      }
      const { value, label } = this.#fill(part.slice(1, -1));
      if (label !== "") spans.push({ start: text.length, end: text.length + value.length, label });
      text += value;
    }
    const roll = this.#random();
    const cased = roll < 0.09 ? text.toLowerCase() : roll < 0.12 ? text.toUpperCase() : text;
    return cased.length === text.length ? { text: cased, spans } : { text, spans };
  }

  #fill(slot: string): { value: string; label: string } {
    switch (slot) {
      case "person":
        return { value: this.#person(), label: "person" };
      case "first":
        return { value: this.#first(), label: "person" };
      case "last":
        return { value: this.#last(), label: "person" };
      case "org":
        return { value: this.#organisation(), label: "organisation" };
      case "town":
        return { value: this.#town(), label: "location" };
      case "country":
        return { value: this.#country(), label: "location" };
      case "street":
        return { value: this.#street(), label: "address" };
      case "address":
        return { value: this.#address(), label: "address" };
      case "lines":
        return { value: this.#address().replaceAll(", ", "\n"), label: "address" };
      case "title":
        return {
          value: this.#pick([
            "Mr.",
            "Mrs.",
            "Ms.",
            "Dr.",
            "Mr",
            "Mrs",
            "Ms",
            "Dr",
            "Prof.",
            "Encik",
            "Puan",
            "Pak",
            "Ibu",
            "Khun",
            "Sir",
            "Madam",
            "Mdm",
          ]),
          label: "",
        };
      case "date":
        return {
          value: this.#pick([
            `${this.#number(28)}/${this.#number(12)}/19${this.#number(90)}`,
            `${this.#number(28)} March 20${this.#digits(2)}`,
            "yesterday",
            "Monday",
            "next Tuesday",
            "12 May",
          ]),
          label: "",
        };
      case "phone":
        return {
          value: this.#pick([
            `+65 ${this.#digits(4)} ${this.#digits(4)}`,
            `(${this.#digits(3)}) ${this.#digits(3)}-${this.#digits(4)}`,
            `0${this.#digits(3)} ${this.#digits(3)} ${this.#digits(3)}`,
          ]),
          label: "",
        };
      case "number":
        return { value: this.#digits(1 + this.#number(7)), label: "" };
      case "email":
        return {
          value: `${this.#first()
            .toLowerCase()
            .replaceAll(/[^a-z]/g, "")}@mail.example`,
          label: "",
        };
      default:
        throw new Error(`a frame has an unknown slot {${slot}}`);
    }
  }

  #person(): string {
    const roll = this.#random();
    if (roll < 0.3) return this.#asianPerson();
    const locale = this.#pick(this.#latin);
    const first = this.#pick(locale.firsts);
    const last = this.#pick(locale.lasts);
    if (roll < 0.36) return `${first} ${this.#letter()}. ${last}`;
    if (roll < 0.39) return `${first} ${this.#letter()} ${last}`;
    if (roll < 0.42) return `${first} ${last}-${this.#pick(locale.lasts)}`;
    if (roll < 0.46)
      return `${first} ${this.#pick(["van", "de", "von", "van der", "di", "al-", "del", "O'", "Mc"])} ${last}`
        .replace("- ", "-")
        .replace("' ", "'")
        .replace("Mc ", "Mc");
    if (roll < 0.49) return `${first} ${this.#pick(locale.firsts)} ${last}`;
    if (roll < 0.52) return `${last}, ${first}`;
    if (roll < 0.54) return `${this.#letter()}. ${last}`;
    if (roll < 0.56) return `${first} ${last} ${this.#pick(["Jr.", "III", "II", "Sr."])}`;
    return `${first} ${last}`;
  }

  #asianPerson(): string {
    const { first, last } = this.#asia;
    const roll = this.#random();
    if (roll < 0.25) return `${this.#pick(last)} ${this.#pick(first)} ${this.#pick(first)}`;
    if (roll < 0.4)
      return `${this.#pick(first)} ${this.#pick(["bin", "binti", "Bin", "Binte", "a/l", "s/o", "d/o"])} ${this.#pick(first)}`;
    if (roll < 0.5)
      return `${this.#pick(first)} ${this.#pick(first)} ${this.#pick(["bin", "binti", "bin Haji"])} ${this.#pick(first)} ${this.#pick(last)}`;
    if (roll < 0.6)
      return `${this.#pick(last)} ${this.#pick(["Văn", "Thị", "Minh", "Thanh", "Ngọc"])} ${this.#pick(first)}`;
    if (roll < 0.68)
      return `${this.#pick(["David", "Rachel", "Jason", "Michelle", "Kelvin", "Grace"])} ${this.#pick(last)} ${this.#pick(first)} ${this.#pick(first)}`;
    if (roll < 0.74) return `${this.#pick(last)} ${this.#pick(first)}-${this.#pick(first).toLowerCase()}`;
    return `${this.#pick(first)} ${this.#pick(last)}`;
  }

  #first(): string {
    return this.#random() < 0.3 ? this.#pick(this.#asia.first) : this.#pick(this.#pick(this.#latin).firsts);
  }

  #last(): string {
    return this.#random() < 0.25 ? this.#pick(this.#asia.last) : this.#pick(this.#pick(this.#latin).lasts);
  }

  #town(): string {
    const roll = this.#random();
    if (roll < 0.2) return this.#pick(this.#asia.town);
    const town = this.#pick(this.#lists.towns);
    return roll < 0.28 ? town.toUpperCase() : town;
  }

  #country(): string {
    if (this.#random() < 0.3) return this.#pick(this.#asia.place);
    const country = this.#pick(this.#lists.countries);
    return /^[A-Z]/.test(country) ? country : "Indonesia";
  }

  #organisation(): string {
    const form = this.#pick(orgForms);
    return form.replaceAll(/\{[a-z]+\}/g, (slot) =>
      slot === "{last}" ? this.#last() : slot === "{town}" ? this.#town() : slot === "{word}" ? this.#coined() : slot,
    );
  }

  /** A name that a company could have and no list holds. */
  #coined(): string {
    const parts = [
      "Nova",
      "Terra",
      "Blu",
      "Zen",
      "Quant",
      "Opti",
      "Medi",
      "Agri",
      "Fin",
      "Cyber",
      "Solar",
      "Hydro",
      "Astra",
      "Luma",
      "Pixel",
      "Delta",
      "Vertex",
      "Apex",
      "Summit",
      "Pioneer",
      "Golden",
      "Pacific",
      "Eastern",
      "Harbour",
      "Lotus",
      "Garuda",
      "Merlion",
      "Sunrise",
      "Open",
      "Green",
      "Smart",
      "First",
      "United",
      "Global",
    ];
    const ends = [
      "ix",
      "tech",
      "soft",
      "base",
      "lytics",
      "gen",
      "core",
      "wave",
      "Point",
      "Works",
      " Data",
      " Health",
      " Foods",
      " Energy",
      " Logistics",
      "ly",
      "ify",
      "Hub",
      " Trading",
    ];
    return this.#pick(parts) + (this.#random() < 0.7 ? this.#pick(ends) : "");
  }

  #street(): string {
    const roll = this.#random();
    if (roll < 0.25)
      return `${this.#pick(["", "No. ", "Blk ", "Lot "])}${this.#number(300)} ${this.#pick(this.#asia.street)}`;
    const locale = this.#pick(this.#latin.filter(({ streets }) => streets.length > 5));
    const name =
      this.#random() < 0.5
        ? this.#pick(locale.streets)
        : `${this.#last()}${this.#pick([" Street", " Road", " Ave", " Lane", " Drive", " St", " Rd", "straße", "weg", "gatan", "vej", "katu", " utca", " Avenue", " Close", " Crescent", " Court", " Way", " Place"])}`;
    const prefixed =
      this.#random() < 0.25
        ? `${this.#pick(["Rua", "Calle", "Via", "Rue de", "Avenida", "ul.", "Strada", "rue"])} ${this.#last()}`
        : name;
    return this.#random() < 0.65 ? `${this.#number(9999)} ${prefixed}` : `${prefixed} ${this.#number(300)}`;
  }

  #address(): string {
    const roll = this.#random();
    const street = this.#street();
    const town = this.#town();
    const unit =
      this.#random() < 0.35
        ? `${this.#pick([" Apt. ", ", Suite ", " Unit ", ", #", " Flat ", ", Level ", " Apt "])}${this.#number(999)}`
        : "";
    if (roll < 0.12)
      return `Blk ${this.#number(900)} ${this.#pick(this.#asia.street)} #${this.#digits(2)}-${this.#digits(3)}, Singapore ${this.#digits(6)}`;
    if (roll < 0.2)
      return `No. ${this.#number(90)}, ${this.#pick(this.#asia.street)}, ${this.#digits(5)} ${this.#pick(this.#asia.town)}`;
    if (roll < 0.27)
      return `${this.#pick(this.#asia.street)} No. ${this.#number(200)}, RT ${this.#digits(2)}/RW ${this.#digits(2)}, ${this.#pick(this.#asia.town)} ${this.#digits(5)}`;
    if (roll < 0.32)
      return `${this.#number(300)} ${this.#pick(this.#asia.street)}, ${this.#pick(["Quận 1", "Phường 7, Quận 3", "Brgy. San Antonio", "Khlong Toei", "Taman Melati"])}, ${this.#pick(this.#asia.town)}`;
    if (roll < 0.36) return `P.O. Box ${this.#number(9999)}, ${town} ${this.#digits(5)}`;
    if (roll < 0.55)
      return `${street}${unit}, ${town}, ${this.#pick(["CA", "NY", "TX", "VIC", "ON", "FL", "WA", "NSW"])} ${this.#digits(5)}`;
    if (roll < 0.7) return `${street}${unit}, ${this.#digits(5)} ${town}`;
    if (roll < 0.85) return `${street}${unit}, ${town}, ${this.#country()}`;
    return `${street}${unit} ${town} ${this.#digits(5)}`;
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.#random() * list.length)];
    if (item === undefined) throw new Error("an empty list to pick from");
    return item;
  }

  #number(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  #digits(length: number): string {
    return Array.from({ length }, () => Math.floor(this.#random() * 10)).join("");
  }

  #letter(): string {
    return String.fromCharCode(65 + Math.floor(this.#random() * 26));
  }
}
