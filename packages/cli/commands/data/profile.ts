/**
 * `cordon data profile FILE`: what a model's inputs look like, learned from data it was trained on. In: a table. Out: the
 * `table` part of a route's `inspection`, as YAML for `cordon.yaml`, or JSON.
 */
import { parseArgs } from "node:util";
import { profileText } from "@cordon/control/inspection/profile-text";
import { learnProfile, textColumns } from "@cordon/control/inspection/learn-profile";
import { maxTableBytes, readTable } from "@cordon/control/supply/data/read-table";
import type { Io } from "../../io.ts";
import { guarded, readInput } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const defaultOutside = 0.001;

const help = `Usage: cordon data profile FILE [OPTIONS]

Learns from a table (CSV with a header, or JSON lines) what the rows of a model's inputs look like: ranges, categories, missing
values, and how far a row as a whole lies from the data (Mahalanobis distance over the columns of numbers). Prints what goes
under \`inspection: { table: ... }\` of the model's route; read it before you use it, and correct what the data does not know.

  --leave-out COLUMN  a column that is no input, such as the label; may be given more than once
  --at POINTER        JSON Pointer of the row, or list of rows, in the request's body (default: the body itself)
  --outside SHARE     share of the table's own rows that may count as outside (default: ${defaultOutside})
  --json              JSON in place of YAML

Exit code: 0 fine, 2 the file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("data profile", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "leave-out": { type: "string", multiple: true, default: [] },
        at: { type: "string", default: "" },
        outside: { type: "string", default: String(defaultOutside) },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usage("name one table");
    const outside = Number(values.outside);
    if (!(outside >= 0 && outside < 0.5)) throw usage(`--outside ${values.outside}: a share from 0 to 0.5 is expected`);
    if (!/^(?:\/.{0,250})?$/.test(values.at))
      throw usage(`--at ${values.at}: a JSON Pointer begins with \`/\`, and has at most 251 characters`);
    const bytes = await readInput(file, maxTableBytes);
    const table = readTable(bytes, file);
    const texts = textColumns(bytes, file);
    const profile = learnProfile(table, { leaveOut: values["leave-out"], outside, texts, at: values.at });
    io.stdout(values.json ? `${JSON.stringify(profile)}\n` : profileText(profile));
    return 0;
  });
}
