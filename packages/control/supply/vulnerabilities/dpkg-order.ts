/**
 * Order of Debian package versions. In: two versions, `[epoch:]upstream[-revision]`. Out: their order (deb-version(7)).
 * `version-order.test.ts` compares with dpkg itself where there is one.
 */

/** Negative, zero or positive. */
export function compareDebian(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return compareRun(left.upstream, right.upstream) || compareRun(left.revision, right.revision);
}

/** True for what dpkg takes for a version. */
export function isDebianVersion(text: string): boolean {
  return /^(?:\d{1,9}:[0-9A-Za-z.+:~-]{1,256}|[0-9A-Za-z.+~-]{1,256})$/.test(text) && split(text).upstream !== "";
}

function split(text: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const colon = text.indexOf(":");
  const rest = colon < 0 ? text : text.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(text.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Alternating runs of non-digits and digits; `~` is below the end, letters are below other signs. */
function compareRun(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const [left, right] = [weight(a, i), weight(b, j)];
      if (left !== right) return left - right;
      i++;
      j++;
    }
    const [x, y] = [numberAt(a, i), numberAt(b, j)];
    i += x.length;
    j += y.length;
    const [left, right] = [x.replace(/^0+/, ""), y.replace(/^0+/, "")];
    if (left.length !== right.length) return left.length - right.length;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 0x7e) return -1;
  return /[A-Za-z]/.test(text.charAt(at)) ? code : code + 256;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function numberAt(text: string, from: number): string {
  let end = from;
  while (end < text.length && isDigit(text, end)) end++;
  return text.slice(from, end);
}
