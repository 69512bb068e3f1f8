/**
 * A break-glass as the command line hands it over in the address. In: base64url of JSON. Out: what the form begins with, for the
 * person to read and to sign; nothing of it is asked for by opening the page.
 */
import { z } from "zod";

const wanted = z.object({
  actions: z.array(z.string().max(64)).min(1).max(16),
  resources: z.array(z.string().max(256)).min(1).max(64),
  reason: z.string().max(1000),
  minutes: z.number().int().min(1).max(10_080),
});
export type WantedGrant = z.infer<typeof wanted>;

/** `undefined` for what is none: the form then begins empty. */
export function wantedGrant(text: string): WantedGrant | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
    const parsed = wanted.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
