/** Where the word that ends at `end` begins: a run of anything but white space and controls. At `least` it is cut. */
export function wordStart(text: string, end: number, least: number): number {
  let at = end;
  while (at > 0 && at > least && text.charCodeAt(at - 1) > 32) at--;
  return at;
}
