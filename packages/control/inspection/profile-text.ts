/** A table's profile as it stands in `cordon.yaml`. In: a profile. Out: YAML, a column a line. */
import type { TableProfile } from "@cordon/core/inspection/tabular/profile";
import { Document, isMap, isSeq } from "yaml";

export function profileText(profile: TableProfile): string {
  const document = new Document({ table: profile });
  for (const path of [
    ["table", "columns"],
    ["table", "distance", "inverse"],
  ]) {
    const list = document.getIn(path);
    if (isSeq(list)) for (const item of list.items) if (isMap(item) || isSeq(item)) item.flow = true;
  }
  for (const path of [
    ["table", "distance", "columns"],
    ["table", "distance", "means"],
  ]) {
    const list = document.getIn(path);
    if (isSeq(list)) list.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}
