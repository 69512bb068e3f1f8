/** The fields of a route of kind `mcp`. In: the configuration's text. Out: what only this kind of route has. */
import { z } from "zod";
import { askable } from "../mcp/methods.ts";
import { reference } from "./schema-parts.ts";
import { integrities, sensitivities } from "./vocabulary.ts";

/** `sha256:` and 64 hex digits: the digest of a tool's definition, as `cordon mcp pins` prints it. */
export const toolPin = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be `sha256:` and 64 lower-case hex digits");

/** The name of a tool: one line, at most 256 characters. */
export const toolName = z
  .string()
  .regex(/^[^\p{C}\p{Z}]{1,256}$/u, "must be a tool's name of at most 256 characters, without spaces");

export const mcpFields = {
  kind: z.literal("mcp").describe("An MCP server, by Streamable HTTP."),
  resource: reference.describe("The component that policy decides on; a tool."),
  upstream: reference.describe("Where its MCP endpoint is."),
  tools: z
    .record(
      toolName,
      z.strictObject({
        sensitivity: z.enum(sensitivities).exactOptional().describe("How sensitive what it answers is."),
        integrity: z.enum(integrities).exactOptional().describe("Whether what it answers may be acted on as it is."),
        wayOut: z.boolean().exactOptional().describe("Whether it sends something to somewhere outside: mail, a post."),
      }),
    )
    .optional()
    .describe("Tools of which something else holds than of the server's component. See docs/information-flow.md."),
  asks: z
    .array(z.enum(askable))
    .optional()
    .describe(
      "What the server may ask of its clients at all: answers of their model, of their person by a form or by a page elsewhere, their folders. Nothing where it is not said; policy decides each besides (`sample`, `elicit`, `listRoots`).",
    ),
  headers: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be a header's name in lower case"))
    .max(16)
    .optional()
    .describe(
      "Headers of clients that go on to the server, beside those that MCP gives a meaning. They may change what a tool does, so an approval of one call is bound to them.",
    ),
  pins: z
    .record(toolName, toolPin)
    .optional()
    .describe(
      "Tools that were looked at, each with the digest of its definition (`cordon mcp pins`). With it, no other tool and no other definition passes.",
    ),
};
