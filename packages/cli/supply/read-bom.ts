/** A BOM that a command was given. In: a file. Out: its view, valid by the official schema, or an error that says why not. */
import { viewBom, type AnyBom } from "@cordon/control/supply/bom/bom-view";
import { maxBomBytes, validateBom } from "@cordon/control/supply/bom/validate-bom";
import { CordonError } from "@cordon/core/errors";
import { readInput } from "./report.ts";

/** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function readBom(file: string): Promise<AnyBom> {
  const bytes = await readInput(file, maxBomBytes);
  const validity = await validateBom(bytes);
  if (validity.verdict === "unsupported") throw new CordonError("SUPPLY_INPUT_INVALID", `${file}: ${validity.why}`);
  if (validity.verdict === "invalid")
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no valid BOM: ${validity.errors.slice(0, 3).join("; ")}`);
  return viewBom(JSON.parse(bytes.toString("utf8")), file);
}
