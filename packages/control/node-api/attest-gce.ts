/**
 * Virtual machines of Google Compute Engine: the identity token that the metadata server signs for an instance. In:
 * Google's token keys and the projects whose machines may enrol. Out: the attestor. A node is named
 * `INSTANCE.ZONE.PROJECT`, which no other instance has at the same time.
 *
 * Whoever runs on a machine can ask for its token, so the token is good once: a machine that is enrolled stays enrolled
 * with the key of its agent until an administrator evicts it.
 *
 * @see Google Cloud, "Verify the identity of VMs": claims of tokens asked for with `format=full`
 */
import { isNodeName } from "@cordon/core/contract/registration-schema";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { NodeAttestor } from "./attestor.ts";
import { objectIn, refusedToken, textIn, verifyPlatformToken, type Platform } from "./platform-token.ts";

export interface GceProjects extends Platform {
  readonly projects: readonly string[];
}

/** The metadata server's tokens live an hour. */
const maxLifetimeSeconds = 3_600;

export function gceAttestor(gce: GceProjects): NodeAttestor<"gce"> {
  return {
    kind: "gce",
    attest: async ({ attestation, now }) => ({
      node: await verifyPlatformToken(attestation.token, gce, maxLifetimeSeconds, now, (claims) => nodeOf(claims, gce)),
      once: true,
    }),
  };
}

function nodeOf(claims: JsonObject, { projects }: GceProjects): string {
  const instance = objectIn(objectIn(claims, "google"), "compute_engine");
  const [project, zone, name] = ["project_id", "zone", "instance_name"].map((one) => textIn(instance, one));
  if (project === undefined || zone === undefined || name === undefined)
    throw refusedToken("it does not say which instance it is of; ask for it with `format=full`");
  if (!projects.includes(project)) throw refusedToken("its project is not one whose machines enrol here");
  // A part with a dot could pass for two.
  const node = `${name}.${zone}.${project.replaceAll(":", "-")}`;
  if (name.includes(".") || zone.includes(".") || !isNodeName(node))
    throw refusedToken("its instance, zone and project do not make a node's name");
  return node;
}
