/** What kind of content a media type names. In: the type, in lower case and without parameters. What is none of these is not read. */

const textTypes: ReadonlySet<string> = new Set([
  ...["application/xml", "application/javascript", "application/graphql", "application/toml"],
  ...["application/yaml", "application/x-yaml"],
]);
const lineTypes: ReadonlySet<string> = new Set([
  ...["application/x-ndjson", "application/ndjson"],
  ...["application/jsonl", "application/x-jsonlines", "application/jsonlines"],
]);

export function isJson(type: string): boolean {
  return type === "application/json" || type.endsWith("+json");
}

export function isJsonLines(type: string): boolean {
  return lineTypes.has(type);
}

/** RFC 7464, RFC 8091. */
export function isJsonSequence(type: string): boolean {
  return type === "application/json-seq" || type.endsWith("+json-seq");
}

/** Plain text, and markup that is read as text; event streams too. */
export function isText(type: string): boolean {
  return type.startsWith("text/") || textTypes.has(type) || /\+(?:xml|yaml)$/.test(type);
}

/** Markup, in which a value may begin a tag or end one. */
export function isMarkup(type: string): boolean {
  return /^(?:text\/(?:html|xml)|application\/xml|.*\+xml)$/.test(type);
}

/** Tables in which a line end, a quote or what separates the fields is syntax (RFC 4180). */
export function isTable(type: string): boolean {
  return type === "text/csv" || type === "text/tab-separated-values";
}

/** A form that was filled in, as one line of text. */
export function isForm(type: string): boolean {
  return type === "application/x-www-form-urlencoded";
}

/** Whether it is a type at all, known or not (RFC 9110, 8.3.1): one is missing, and a list of several is none. */
export function isMediaType(type: string): boolean {
  return /^[!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+$/.test(type);
}
