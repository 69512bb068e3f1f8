/** What an input says is installed. In: nothing. Out: the shape that every reader of lock files and lists gives. */

export interface PackageFound {
  /** OSV ecosystem, such as `PyPI` or `Debian:12`; `undefined` where OSV has none for it. */
  readonly ecosystem: string | undefined;
  readonly name: string;
  /** Exact version; `undefined` where the input leaves it open. */
  readonly version: string | undefined;
  /** The file that says so. */
  readonly file: string;
  /** 1-based, in a text file. */
  readonly line?: number;
  readonly purl?: string;
  /** How other documents name it: `urn:cdx:SERIAL/VERSION#REF`. */
  readonly bomLink?: string;
  /** The product that it is a part of, by purl and BOM-Link: what is said of the product holds for it. */
  readonly partOf?: readonly string[];
}

export interface PackagesRead {
  readonly packages: readonly PackageFound[];
  /** What could not be read, in words: it is not clean, it was not looked at. */
  readonly unread: readonly { readonly words: string; readonly line?: number }[];
}

/** No estate's list is longer; bounds what a stranger's file can make us do. */
export const maxPackages = 200_000;
