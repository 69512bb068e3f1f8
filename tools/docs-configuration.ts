/**
 * Writes docs/configuration.md from the schema. In: the schema of `cordon.yaml`. Out: the reference page.
 *
 *     node tools/docs-configuration.ts
 */
import { writeFileSync } from "node:fs";
import { configurationJsonSchema } from "@cordon/core/contract/configuration";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string | number;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

const introduction = `# Configuration

This page is generated from the schema by \`node tools/docs-configuration.ts\`; do not edit it.

Cordon reads one file, \`cordon.yaml\`. \`cordon config check\` reads it as \`cordon up\` would and says everything that is
wrong with it, by line and column; \`cordon config schema\` prints a JSON Schema for editors.

- The file is YAML 1.2, one document of at most 1 MiB. Unknown fields, duplicate keys, tags and merge keys are refused.
- Secrets are never written in it. Where one is needed, write where it is: \`{ env: NAME }\`, \`{ file: PATH }\` or
  \`{ exec: [PROGRAM, ARGUMENT] }\`. What looks like a secret is refused wherever it stands.
- Relative paths start at the file's folder.
- A name is lower-case letters, digits and inner hyphens, at most 63 characters. A reference is a name in the same
  namespace, or \`namespace/name\`.
- A changed file takes effect whole or not at all. What is invalid leaves the last good revision in force. \`trustDomain\`,
  \`state\`, \`store\`, \`keys\`, \`gateway\`, \`console\`, \`operations\`, \`events\`, \`ledger\`, \`identity\`
  and \`modelAdmission\` take effect at a start only.
- What the file makes is read-only in the API.
`;

/** The reference page's text. */
export function configurationPage(): string {
  const schema = configurationJsonSchema() as Schema;
  const sections: string[] = [section("Top level", schema)];
  for (const [name, field] of Object.entries(schema.properties ?? {})) sections.push(...sectionsOf(name, field));
  return `${introduction}\n${sections.join("\n")}`;
}

/** A section for each group of fields, outermost first. */
function sectionsOf(path: string, schema: Schema): string[] {
  if (schema.items) return sectionsOf(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === "object") return sectionsOf(`${path}.<name>`, schema.additionalProperties);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches && isSecret(schema)) return [];
  if (branches) {
    const groups = branches.filter((branch) => branch.properties);
    if (groups.length === 0) return [];
    return groups.flatMap((branch) => sectionsOf(`${path} ${variant(branch)}`, branch));
  }
  if (!schema.properties) return [];
  const inner = Object.entries(schema.properties).flatMap(([name, field]) => sectionsOf(`${path}.${name}`, field));
  return [section(`\`${path.replaceAll("`", "")}\``, schema), ...inner];
}

function section(title: string, schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => row(name, field, schema));
  const description = schema.description === undefined ? "" : `\n${schema.description}\n`;
  const head = "| field | value | default | meaning |\n|---|---|---|---|\n";
  return `## ${title}\n${description}\n${head}${rows.join("\n")}\n`;
}

function row(name: string, field: Schema, parent: Schema): string {
  const required = parent.required?.includes(name) === true;
  const standard =
    field.default === undefined || value(field) === "fields" ? "" : `\`${JSON.stringify(field.default)}\``;
  return `| \`${name}\` | ${value(field)} | ${required ? "required" : standard} | ${cell(field.description ?? "")} |`;
}

function value(field: Schema): string {
  const branches = field.anyOf ?? field.oneOf;
  if (isSecret(field)) return "secret reference";
  if (branches) return [...new Set(branches.map((branch) => value(branch)))].join(" or ");
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum) return field.enum.map((one) => `\`${String(one)}\``).join(", ");
  if (field.items)
    return `list of ${field.items.properties || field.items.oneOf || field.items.anyOf ? "items" : value(field.items)}`;
  if (typeof field.additionalProperties === "object") return `by name: ${value(field.additionalProperties)}`;
  if (field.properties) return field.required?.length === 1 ? variant(field) : "fields";
  if (field.type === "integer") return `whole number, ${field.minimum} to ${field.maximum}`;
  return { string: "text", boolean: "`true` or `false`" }[field.type ?? ""] ?? cell(field.type ?? "");
}

function isSecret(schema: Schema): boolean {
  const keys = (schema.anyOf ?? []).map((branch) => Object.keys(branch.properties ?? {}).join());
  return keys.join() === "env,file,exec";
}

/** How a branch is told from the others: `kind: http`, or the field that only it has. */
function variant(schema: Schema): string {
  const kind = schema.properties?.["kind"]?.const;
  return kind === undefined ? `\`{ ${schema.required?.join(", ")} }\`` : `kind: ${String(kind)}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

if (import.meta.main) {
  writeFileSync(new URL("../docs/configuration.md", import.meta.url), configurationPage());
}
