/** One row of the live list. In: a row. Out: its line, drawn again only when the row itself changes. */
import { memo } from "react";
import { ArrowIcon } from "../app/icons.tsx";
import { Time } from "../app/time.tsx";
import { count } from "../words/amounts.ts";
import { componentName, shortName } from "../words/names.ts";
import { Words } from "../words/words.tsx";
import { endWords, effectWords } from "./row-words.ts";
import type { DecisionRow, Row } from "./row.ts";

interface EntryRowProps {
  readonly row: Row;
  readonly y: number;
  readonly selected: boolean;
  readonly active: boolean;
  readonly onOpen: (index: number) => void;
}

export const EntryRow = memo(function EntryRow({ row, y, selected, active, onOpen }: EntryRowProps) {
  const tone = row.type === "decision" ? row.effect : row.kind;
  return (
    <div
      id={`entry-${row.index}`}
      className="row"
      role="row"
      data-tone={tone}
      data-active={active}
      aria-selected={selected}
      style={{ transform: `translateY(${y}px)` }}
      onClick={() => onOpen(row.index)}
    >
      <span role="gridcell" className="cell-time">
        <Time at={row.at} show="milliseconds" />
      </span>
      <span role="gridcell">
        <span className={`effect effect-${tone}`}>{row.type === "decision" ? effectWords[row.effect] : row.kind}</span>
      </span>
      {row.type === "decision" ? (
        <DecisionCells row={row} />
      ) : (
        <EventCells principal={row.principal} words={row.words} />
      )}
      <span role="gridcell" className="cell-index">
        {count(row.index)}
      </span>
    </div>
  );
});

function DecisionCells({ row }: { readonly row: DecisionRow }) {
  const end = endWords(row);
  return (
    <>
      <span role="gridcell" className="cell-who">
        <Party id={row.principal} />
        {row.forUser !== undefined && (
          <>
            <span className="verb">for</span>
            <Party id={row.forUser} />
          </>
        )}
        <span className="verb">
          {row.action}
          <ArrowIcon />
        </span>
        <Party id={row.resource} />
      </span>
      <span role="gridcell" className="cell-why" title={row.words}>
        <Words text={row.words} />
      </span>
      <span role="gridcell" className="cell-end" data-end={end.tone} title={end.more}>
        {end.words}
      </span>
    </>
  );
}

function EventCells({ principal, words }: { readonly principal: string; readonly words: string }) {
  return (
    <>
      <span role="gridcell" className="cell-who">
        <Party id={principal} />
      </span>
      <span role="gridcell" className="cell-why cell-wide" title={words}>
        <Words text={words} />
      </span>
    </>
  );
}

function Party({ id }: { readonly id: string }) {
  const { kind } = componentName(id);
  return (
    <span className="party" title={id}>
      {kind !== "" && <small>{kind}</small>}
      {shortName(id)}
    </span>
  );
}
