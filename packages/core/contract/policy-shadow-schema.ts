/** The `policyShadow` part of `cordon.yaml`: Cedar's official engine beside the compiled one. In: nothing. Out: its schema. */
import { z } from "zod";

/** It runs in a thread of its own, a tenth of the time at most, and changes no answer. */
export const policyShadowSchema = z.strictObject({
  oneIn: z.int().min(1).max(1_000_000).describe("One evaluation of so many is put to Cedar's official engine too."),
});
