/**
 * Subjects of security events. In: a subject identifier (RFC 9493), or a complex subject (SSF 1.0, 3.2), as JSON. Out: whom it
 * means here: people, workloads, devices; nothing where nobody is known by it.
 */
import type { JsonValue } from "../../contract/strict-json.ts";

/** Whom an event is about, in Cordon's words. */
export interface NamedSubjects {
  /** Entity ids of people and workloads. */
  readonly principals: readonly string[];
  /** Names of devices. */
  readonly devices: readonly string[];
}

/** Who somebody is here by what another system calls them. */
export interface SubjectDirectory {
  byEmail(email: string): string | undefined;
  byIssuerSubject(issuer: string, subject: string): string | undefined;
  /** By our own names: a SPIFFE ID, an entity id, or a component's. */
  byId(id: string): string | undefined;
  device(name: string): string | undefined;
}

type Fields = { readonly [name: string]: JsonValue };

/** Text members that each simple format takes, all of them and no others (RFC 9493, section 3.2; SSF 1.0, section 3.4). */
const formats: Readonly<Record<string, readonly string[]>> = {
  account: ["uri"],
  did: ["url"],
  email: ["email"],
  iss_sub: ["iss", "sub"],
  jwt_id: ["iss", "jti"],
  opaque: ["id"],
  phone_number: ["phone_number"],
  saml_assertion_id: ["issuer", "assertion_id"],
  uri: ["uri"],
};
const complexMembers: ReadonlySet<string> = new Set([
  ...["user", "device", "session", "application", "tenant", "org_unit", "group"],
]);
const maxCharacters = 2_048;
const maxAliases = 16;

/** What is wrong with a subject, in words; `undefined` where it is one. */
export function subjectProblem(value: JsonValue | undefined, depth = 0): string | undefined {
  if (!isObject(value)) return "the subject is not an object";
  const { format } = value;
  if (typeof format !== "string") return "the subject has no `format`";
  if (format === "complex") {
    if (depth > 0) return "a complex subject is inside of another";
    const members = Object.entries(value).filter(([member]) => member !== "format");
    if (members.length === 0) return "the complex subject has no members";
    if (members.length > 16) return "the complex subject has too many members";
    for (const [role, member] of members) {
      const problem = subjectProblem(member, depth + 1);
      if (problem !== undefined) return `its member \`${role.slice(0, 32)}\`: ${problem}`;
    }
    return undefined;
  }
  if (format === "aliases") {
    const { identifiers } = value;
    if (depth > 1 || !Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > maxAliases)
      return "the subject's `identifiers` is no list of aliases";
    for (const one of identifiers) {
      const problem =
        isObject(one) && one["format"] === "aliases" ? "an alias of aliases" : subjectProblem(one, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (format === "ip-addresses") {
    const list = value["ip-addresses"];
    const texts =
      Array.isArray(list) && list.length > 0 && list.length <= 64 && list.every((one) => typeof one === "string");
    return texts ? undefined : "the subject's `ip-addresses` is no list of addresses";
  }
  const members = Object.hasOwn(formats, format) ? formats[format] : undefined;
  // Of a format that two others have agreed on (SSF 1.0, 3.4): it can be read, and means nobody that is known here.
  if (members === undefined) return format === "" || format.length > 64 ? "the subject's `format` is none" : undefined;
  for (const member of members) {
    const text = value[member];
    if (typeof text !== "string" || text === "" || text.length > maxCharacters)
      return `the subject has no \`${member}\``;
  }
  return undefined;
}

/** Members that a receiver does not know: those that the transmitter calls critical make the event void (SSF 1.0, 3.6). */
export function unknownCritical(value: JsonValue, critical: readonly string[]): string | undefined {
  if (!isObject(value) || value["format"] !== "complex") return undefined;
  return Object.keys(value).find(
    (member) => member !== "format" && !complexMembers.has(member) && critical.includes(member),
  );
}

/** Whom a subject means; one that is no subject means nobody. */
export function namedBy(value: JsonValue, directory: SubjectDirectory): NamedSubjects {
  const principals = new Set<string>();
  const devices = new Set<string>();
  if (subjectProblem(value) === undefined) nameAll(value as Fields, "user", directory, principals, devices);
  return { principals: [...principals], devices: [...devices] };
}

function nameAll(
  subject: Fields,
  role: string,
  directory: SubjectDirectory,
  principals: Set<string>,
  devices: Set<string>,
): void {
  const { format } = subject;
  if (format === "complex") {
    for (const [member, one] of Object.entries(subject)) {
      // A tenant or a group is not everybody in it: such an event is recorded and acted on by people.
      if (["user", "device", "application"].includes(member))
        nameAll(one as Fields, member, directory, principals, devices);
    }
    return;
  }
  if (format === "aliases") {
    for (const one of subject["identifiers"] as Fields[]) nameAll(one, role, directory, principals, devices);
    return;
  }
  const text = (member: string): string => {
    const value = subject[member];
    return typeof value === "string" ? value : "";
  };
  const add = (id: string | undefined): void => {
    if (id !== undefined) principals.add(id);
  };
  const addDevice = (named: string): void => {
    const device = directory.device(named);
    if (device !== undefined) devices.add(device);
  };
  switch (format) {
    case "email":
      return add(directory.byEmail(text("email").toLowerCase()));
    case "iss_sub":
      if (role === "device") return addDevice(text("sub"));
      return add(directory.byIssuerSubject(text("iss"), text("sub")));
    case "account":
      return add(
        directory.byEmail(
          text("uri")
            .replace(/^acct:/, "")
            .toLowerCase(),
        ),
      );
    case "opaque":
      if (role === "device") return addDevice(text("id"));
      return add(directory.byId(text("id")));
    case "uri":
      return add(directory.byId(text("uri")));
    default:
      return undefined; // a subject of a kind that nobody here is known by
  }
}

function isObject(value: JsonValue | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
