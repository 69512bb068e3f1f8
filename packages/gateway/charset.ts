/**
 * Which character set a content type names. In: its value. Out: the name in lower case; `undefined` where there is none. Read as
 * clients read it that forgive: with spaces around the sign. Of two some take the first and some the last: that is a name that
 * nobody knows.
 */
export function charsetOf(contentType: string): string | undefined {
  const [, ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  const named = parameters.flatMap((each) => /^charset\s*(?:=\s*(.*))?$/s.exec(each)?.[1]?.replaceAll('"', "") ?? []);
  return named.length > 1 ? named.join(" and ") : named[0];
}

/** Whether what is written in it can be read as UTF-8. */
export function isUtf8(charset: string | undefined): boolean {
  return charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii";
}
