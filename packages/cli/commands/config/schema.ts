/** `cordon config schema`: the JSON Schema of `cordon.yaml`, for editors. */
import { configurationJsonSchema } from "@cordon/core/contract/configuration";

/** Writes the schema to stdout. */
export async function run(
  args: readonly string[],
  io: { readonly stdout: (text: string) => void; readonly stderr: (text: string) => void },
): Promise<0 | 1 | 2> {
  if (args.some((arg) => arg !== "--json")) {
    io.stderr("usage: cordon config schema > cordon.schema.json\n");
    return 2;
  }
  io.stdout(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
  return 0;
}
