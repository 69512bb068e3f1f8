/**
 * Registrations: by which facts of a process an agent knows that it is a component. In: an item of a component's
 * `registrations`. Out: its checked form, or what is wrong with it. All selectors of one registration must hold; a
 * component may have several registrations, for it may run in several ways.
 *
 * A registration that any program of a user could meet is refused here, before it is ever used.
 */
import { z } from "zod";
import { isInterpreter } from "./interpreters.ts";
import { text } from "./schema-parts.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits (SHA-256)");
const userId = z.int().min(0).max(4_294_967_294);

/** A node's name: an RFC 1123 subdomain, as machines and Kubernetes nodes are named. */
export function isNodeName(value: string): boolean {
  return value.length <= 253 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(value);
}

const absolutePath = text((value) =>
  /^\/[^\0]{0,4095}$/.test(value) && !/(?:^|\/)\.{1,2}(?:\/|$)|\/\/|.\/$/.test(value)
    ? undefined
    : "must be an absolute path without `.`, `..` or a trailing slash",
);

const selectorFields = {
  uid: userId.optional().describe("Numeric user id that it runs as."),
  gid: userId.optional().describe("Numeric group id that it runs as."),
  path: absolutePath.optional().describe("Its executable, as the kernel names it (links resolved)."),
  sha256: sha256.optional().describe("SHA-256 of its executable."),
  systemdUnit: z
    .string()
    .regex(/^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope|slice)$/, "must be a unit such as `assistant.service`")
    .optional()
    .describe("The systemd system unit that it belongs to."),
  cgroup: absolutePath.optional().describe("Its control group, or one above it."),
  container: z
    .string()
    .regex(/^[0-9a-f]{12,64}$/, "must be a container's id: 12 to 64 lower-case hex digits")
    .optional()
    .describe("The id of its container, or the id's beginning."),
  launch: z
    .strictObject({
      script: sha256.describe("SHA-256 of the program's main file."),
      lock: sha256.optional().describe("SHA-256 of the lock file of its dependencies."),
    })
    .optional()
    .describe("Started by `cordon run --agent`, which measures what it starts."),
  modelFile: absolutePath
    .optional()
    .describe("The model file it serves; its SHA-256 must be the component's `modelDigest` when an SVID is issued."),
};

export const registrationSchema = z
  .strictObject({
    nodes: z
      .array(text((value) => (value === "*" || isNodeName(value) ? undefined : "must be a node's name, or `*`")))
      .min(1)
      .max(256)
      .describe("The nodes whose agents may have its identity; `*` is every node."),
    ...selectorFields,
    hint: z
      .string()
      .regex(/^[\x20-\x7e]{1,128}$/, "must be at most 128 printable characters")
      .optional()
      .describe("Told to a workload that has several identities."),
  })
  .superRefine((registration, context) => {
    const message = weakness(registration);
    if (message !== undefined) context.addIssue({ code: "custom", path: [], message });
  });

/** How a component is recognised on its node. */
export type Registration = z.output<typeof registrationSchema>;

/** Why a registration tells too little, with the remedy; `undefined` when it tells enough. */
export function weakness(registration: Omit<Registration, "nodes">): string | undefined {
  const { cgroup, container, systemdUnit, launch, path, sha256: digest } = registration;
  if ((cgroup ?? container ?? systemdUnit ?? launch) !== undefined) return undefined;
  const remedy = "add `systemdUnit`, `cgroup`, `container` or `launch`";
  if (path === undefined && digest === undefined)
    return `any program of that user would be this component; say which one (\`path\`, \`sha256\`), or ${remedy}`;
  if (path !== undefined && isInterpreter(path))
    return `\`${path}\` runs any script it is given, so it is nobody in particular; ${remedy}`;
  return undefined;
}
