/**
 * Whether a model may be served at all. In: the digest that a component's registration binds. Out: yes, or why not. An
 * SVID for a component with a `modelDigest` is issued only while its model is admitted, so that withdrawing a model's
 * admission ends its identity within one SVID's life.
 */
import { CordonError } from "@cordon/core/errors";
import type { Component } from "@cordon/core/policy/snapshot";

/** Answered by the admissions in the store; a component that states no `modelDigest` is never asked about. */
export interface ModelAdmission {
  /** `digest` is `sha256:` and hex. Words say why a model is not admitted. */
  admitted(digest: string): Promise<{ readonly admitted: true } | { readonly admitted: false; readonly words: string }>;
  /** Why what is known of the files that a component serves speaks against it. */
  filesProblem?(component: Component): string | undefined;
}

/** @throws {CordonError} `ACCESS_DENIED` when the component's model is not admitted */
export async function requireAdmittedModel(component: Component, admission: ModelAdmission): Promise<void> {
  if (component.modelDigest === undefined) return;
  const wrong = admission.filesProblem?.(component);
  if (wrong !== undefined)
    throw new CordonError(
      "ACCESS_DENIED",
      `${component.id} gets no identity: its model files are not the admitted ones (${wrong})`,
    );
  const verdict = await admission.admitted(component.modelDigest);
  if (!verdict.admitted)
    throw new CordonError(
      "ACCESS_DENIED",
      `${component.id} gets no identity: its model ${component.modelDigest} is not admitted (${verdict.words})`,
    );
}
