/**
 * Where further honest texts come from: manuals, help, books, game dialogue, sayings, interface messages and source code in
 * Debian 12 packages, in forty languages. In: nothing. Out: names of packages, and how many texts to take from each. They
 * order, forbid, warn and promise as attacks do, and address nobody's model.
 *
 * The texts stay under their own licences (GPL, GFDL, CC-BY-SA, PSF, BSD, MPL): they are read for training and not kept here.
 */
export interface Origin {
  /** Debian package names. */
  readonly packages: readonly string[];
  /** Texts per package (per package and language where one holds several). */
  readonly texts: number;
}

const helpLanguages = "vi id ja ko zh-cn es fr de pt-br ru hi tr it nl pl km".split(" ");
const messageLanguages = "th vi id ar hi bn ta fa he uk ko zh-tw tr el sv".split(" ");
const referenceLanguages = "en de es fr id it ja pt zh-cn".split(" ");
const gimpLanguages = "en es fr de it ja ko pt-br ru zh-cn nl".split(" ");
const campaigns = "httt utbs l nr did dm sof thot trow".split(" ");

export const origins: readonly Origin[] = [
  { packages: helpLanguages.map((language) => `libreoffice-help-${language}`), texts: 130 },
  { packages: ["libreoffice-help-en-us"], texts: 500 },
  { packages: messageLanguages.map((language) => `libreoffice-l10n-${language}`), texts: 110 },
  { packages: referenceLanguages.map((language) => `debian-reference-${language}`), texts: 70 },
  { packages: gimpLanguages.map((language) => `gimp-help-${language}`), texts: 60 },
  { packages: ["debian-handbook", "gnome-user-docs", "wesnoth-1.16-data"], texts: 40 },
  { packages: campaigns.map((name) => `wesnoth-1.16-${name}`), texts: 16 },
  { packages: ["fortunes", "fortunes-min"], texts: 700 },
  { packages: "zh br cs de es it pl ru".split(" ").map((language) => `fortunes-${language}`), texts: 90 },
  { packages: ["anarchism", "developers-reference", "python3.11-doc"], texts: 500 },
  { packages: ["libpython3.11-stdlib", "golang-1.19-src", "perl-modules-5.36"], texts: 400 },
];
