/** Package URLs and OSV. In: a purl. Out: the OSV ecosystem and name that it stands for. */
import { PackageURL } from "packageurl-js";

export interface PurlParts {
  readonly ecosystem: string | undefined;
  readonly name: string;
  readonly version: string | undefined;
}

const ecosystems: ReadonlyMap<string, string> = new Map([
  ["pypi", "PyPI"],
  ["npm", "npm"],
  ["cargo", "crates.io"],
  ["gem", "RubyGems"],
  ["golang", "Go"],
  ["hex", "Hex"],
  ["maven", "Maven"],
  ["nuget", "NuGet"],
  ["pub", "Pub"],
  ["composer", "Packagist"],
  ["cran", "CRAN"],
  ["hackage", "Hackage"],
  ["swift", "SwiftURL"],
]);

const distributions: ReadonlyMap<string, string> = new Map([
  ["debian", "Debian"],
  ["ubuntu", "Ubuntu"],
  ["alpine", "Alpine"],
  ["wolfi", "Wolfi"],
  ["redhat", "Red Hat"],
  ["rocky", "Rocky Linux"],
  ["almalinux", "AlmaLinux"],
]);

/** Splits a purl; `undefined` when it is none. */
export function readPurl(text: string): PurlParts | undefined {
  if (text.length > 4096) return undefined;
  let purl: PackageURL;
  try {
    purl = PackageURL.fromString(text);
  } catch {
    return undefined;
  }
  const { type, namespace, version, qualifiers } = purl;
  const plain = purl.name;
  if (type === "deb" || type === "apk" || type === "rpm") {
    const distribution = distributions.get(namespace ?? "");
    const release = /^[a-z]+-(\d[\w.]*)$/.exec(qualifiers?.["distro"] ?? "")?.[1];
    const ecosystem =
      distribution === undefined ? undefined : `${distribution}${release === undefined ? "" : `:${release}`}`;
    return { ecosystem, name: qualifiers?.["upstream"]?.split("@")[0] ?? plain, version: version ?? undefined };
  }
  const separator = type === "maven" ? ":" : "/";
  const name =
    namespace === undefined || namespace === null || namespace === "" ? plain : `${namespace}${separator}${plain}`;
  return { ecosystem: ecosystems.get(type ?? ""), name, version: version ?? undefined };
}
