/**
 * The official engine's cache of parsed policies, kept honest. In: policy sets and requests. Out: Cedar's answers.
 *
 * The engine keeps preparsed policy sets by name, for each thread, for ever: there is no call to drop one. So names are
 * taken from a fixed pool and reused. Who last filled a slot is remembered beside it and compared by object identity
 * before each use, so that a set of an older or newer snapshot is never answered from another's policies: the slot is
 * filled again on demand instead. Filling and asking happen in one synchronous step, with nothing between them.
 *
 * This is module state because what it mirrors, the engine's cache, is state of the thread.
 */
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  type AuthorizationAnswer,
  type DetailedError,
  type StatefulAuthorizationCall,
} from "@cedar-policy/cedar-wasm/nodejs";
import { cedarSchema } from "./cedar-schema.ts";

/** Policies that are evaluated together; `slot` is the same for the same set in every revision. */
export interface SlottedPolicies {
  readonly slot: string;
  /** Policy text by the id that Cedar reports. */
  readonly texts: Readonly<Record<string, string>>;
  /** The schema that they go by, where it is not the one that most do. */
  readonly schema?: string;
}

const poolSize = 256;
const schemaName = "cordon-schema";

let schemaReady = false;
/** By slot; the least recently used first. */
const slots = new Map<string, { readonly name: string; filledBy: SlottedPolicies | undefined }>();

export type CedarRequest = Omit<
  StatefulAuthorizationCall,
  "preparsedPolicySetId" | "preparsedSchemaName" | "validateRequest"
>;

/** Asks the engine. Every failure, a trap of the engine included, comes back as one. */
export function askCedar(policies: SlottedPolicies, request: CedarRequest): AuthorizationAnswer {
  const filled = fillSlot(policies);
  try {
    if (filled.errors.length > 0) return { type: "failure", errors: filled.errors, warnings: [] };
    return statefulIsAuthorized({
      ...request,
      preparsedPolicySetId: filled.name,
      preparsedSchemaName: policies.schema === undefined ? schemaName : schemaOf(filled),
      validateRequest: true,
    });
  } catch (error) {
    // A wasm trap. The caller denies, and goes on denying: the engine is of no use on this thread any more.
    return { type: "failure", errors: [engineError(error)], warnings: [] };
  }
}

/** Makes sure that the engine holds exactly these policies; ahead of time this takes the cost off the first request. */
export function fillSlot(policies: SlottedPolicies): FilledSlot {
  try {
    return fill(policies);
  } catch (error) {
    return { name: "", errors: [engineError(error)] };
  }
}

interface FilledSlot {
  readonly name: string;
  /** Empty when the slot is filled. */
  readonly errors: DetailedError[];
}

function fill(policies: SlottedPolicies): FilledSlot {
  if (!schemaReady) {
    const parsed = preparseSchema(schemaName, cedarSchema);
    if (parsed.type === "failure") return { name: "", errors: parsed.errors };
    schemaReady = true;
  }
  const slot = slots.get(policies.slot) ?? claimSlot();
  slots.delete(policies.slot);
  slots.set(policies.slot, slot);
  if (slot.filledBy === policies) return { name: slot.name, errors: [] };
  slot.filledBy = undefined;
  if (policies.schema !== undefined) {
    const own = preparseSchema(schemaOf(slot), policies.schema);
    if (own.type === "failure") return { name: slot.name, errors: own.errors };
  }
  const parsed = preparsePolicySet(slot.name, { staticPolicies: policies.texts });
  if (parsed.type === "failure") return { name: slot.name, errors: parsed.errors };
  slot.filledBy = policies;
  return { name: slot.name, errors: [] };
}

/** A slot's own schema lives and goes with its policies. */
function schemaOf({ name }: { readonly name: string }): string {
  return `${schemaName}-${name}`;
}

/** A slot that nobody holds: a new one while the pool lasts, then the least recently used one's. */
function claimSlot(): { readonly name: string; filledBy: SlottedPolicies | undefined } {
  const oldest = slots.size < poolSize ? undefined : slots.entries().next().value;
  if (oldest === undefined) return { name: `cordon-${slots.size}`, filledBy: undefined };
  slots.delete(oldest[0]);
  return { name: oldest[1].name, filledBy: undefined };
}

/** What a trap or a binding's exception says, as an error of the engine. */
export function engineError(error: unknown): DetailedError {
  const message = `the policy engine failed: ${error instanceof Error ? error.message : String(error)}`;
  return { message, help: null, code: null, url: null, severity: "error" };
}
