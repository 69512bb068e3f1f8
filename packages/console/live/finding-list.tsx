/** What inspection found in an interaction, a line each: what, where, and what was done about it. Never the thing itself. */
import { findingLine } from "./finding-line.ts";

export function FindingList({ findings }: { readonly findings: readonly unknown[] }) {
  return (
    <>
      {findings.map((finding, place) => (
        // oxlint-disable-next-line react/no-array-index-key -- findings have no name of their own, and never move
        <div key={place}>{findingLine(finding)}</div>
      ))}
    </>
  );
}
