/**
 * The `doors` part of `cordon.yaml`: where other enforcement points ask for decisions (AuthZEN 1.0, Envoy ext_authz), and
 * which they are. In: nothing. Out: its schema.
 */
import { z } from "zod";
import { parseListenAddress } from "./addresses.ts";
import { isNodeName } from "./registration-schema.ts";
import { name, reference, text } from "./schema-parts.ts";
import { actions } from "./vocabulary.ts";

const listenAddress = text((value) => {
  const checked = parseListenAddress(value);
  return "problem" in checked ? checked.problem : undefined;
});

const baseUrl = text((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const plain = url?.protocol === "https:" && url.search === "" && url.hash === "" && url.username === "";
  return plain ? undefined : "must be an https URL without user, query and fragment";
});

/** How an enforcement point calls things: at most 256 characters. */
const foreignName = z.string().min(1).max(256);
const properties = z
  .record(foreignName, z.union([z.string().max(256), z.number(), z.boolean()]))
  .refine((all) => Object.keys(all).length <= 32, { error: "must be at most 32" })
  .default({});

const entity = z.strictObject({
  type: foreignName.describe("The type by which it is called in requests."),
  id: foreignName.optional().describe("The id by which it is called; without it, every id of the type."),
  component: reference.describe("The component that it is."),
  properties: properties.describe("What is known of it here, as claims; stronger than what a request says."),
});

const enforcementPoint = z.strictObject({
  component: reference.describe("The enforcement point itself; it proves itself by this component's SVID."),
  protocols: z
    .array(z.enum(["authzen", "ext_authz"]))
    .min(1)
    .default(["authzen"])
    .describe("What it may speak."),
  namespaces: z
    .array(name)
    .max(64)
    .default([])
    .describe("Namespaces about whose resources it may ask; without any, its own."),
  meets: z
    .array(z.enum(["keepContent", "restrictTo", "inspect", "throttle"]))
    .default([])
    .describe("Obligations that it meets. What carries any other is denied."),
  subjects: z.array(entity).max(10_000).default([]).describe("What it calls subjects."),
  resources: z.array(entity).max(10_000).default([]).describe("What it calls resources."),
  actions: z
    .record(foreignName, z.enum(actions))
    .default({})
    .describe("What it calls actions, HTTP methods among them (`GET: read`). Our own words need no entry."),
  principalFrom: z
    .enum(["certificate", "xfcc"])
    .default("certificate")
    .describe("For ext_authz: the caller's certificate in the check, which is verified here; or Envoy's XFCC header."),
  people: z
    .boolean()
    .default(false)
    .describe("Whether it may say for which person a call is. Who is named so is vouched for, not proved."),
  userHeader: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be a header's name in lower case")
    .optional()
    .describe(
      "For ext_authz, with `people`: the header that says for whom. Envoy must set it itself, in place of a client's.",
    ),
  resource: reference
    .optional()
    .describe("For ext_authz: the component, where Envoy's route does not say `cordon.resource`."),
});

export const doorsSchema = z.strictObject({
  listen: listenAddress
    .default("127.0.0.1:8450")
    .describe("Where enforcement points dial. TLS 1.3; they prove themselves by SVID."),
  url: baseUrl.optional().describe("How they call it: the base of what AuthZEN's metadata says."),
  dnsNames: z
    .array(text((value) => (isNodeName(value) ? undefined : "must be a DNS name in lower case")))
    .max(32)
    .default(["localhost"])
    .describe("DNS names in its certificate."),
  connectionsEach: z
    .int()
    .min(1)
    .max(1_024)
    .default(128)
    .describe("Connections that one enforcement point may hold at once."),
  idleSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(300)
    .describe("A connection on which nothing is asked for so long is closed."),
  enforcementPoints: z.array(enforcementPoint).min(1).max(256).describe("Who may ask."),
});

export type DoorsSettings = z.output<typeof doorsSchema>;
export type EnforcementPointSettings = DoorsSettings["enforcementPoints"][number];
