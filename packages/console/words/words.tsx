/** A sentence from the control plane, its names set as names. */
import { phrases } from "./phrases.ts";

export function Words({ text }: { readonly text: string }) {
  // Parts of a sentence do not move: their places are their keys.
  return phrases(text).map(({ text: part, name }, place) =>
    name ? <em key={`${place} ${part}`}>{part}</em> : <span key={`${place} ${part}`}>{part}</span>,
  );
}
