/**
 * Rows in a list that draws only what is in sight, so that thousands cost as much as forty. In: rows. Out: a grid that
 * the keyboard can walk.
 */
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import type { Row } from "./row.ts";
import { EntryRow } from "./entry-row.tsx";

const rowHeight = 34;
const headHeight = 28;
const beyond = 12;

interface RowListProps {
  readonly rows: readonly Row[];
  readonly open: number | undefined;
  readonly held: boolean;
  readonly onOpen: (index: number) => void;
  /** Somebody scrolled away from the newest row: what they read must not move. */
  readonly onReading: (reading: boolean) => void;
  /** Instead of rows. */
  readonly empty: ReactNode;
  /** Below the last row. */
  readonly after: ReactNode;
}

export function RowList({ rows, open, held, onOpen, onReading, empty, after }: RowListProps) {
  const view = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const { ref: measured, height } = useElementSize();
  const both = useMergedRef(view, measured);
  const [active, setActive] = useState<number>();
  useLayoutEffect(() => {
    if (!held && view.current !== null) view.current.scrollTop = 0;
  }, [held]);

  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + beyond);
  const activePosition = rows.findIndex(({ index }) => index === active);

  const step = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 12,
      PageUp: -12,
      Home: -rows.length,
    };
    const by = steps[event.key];
    if (event.key === "Enter" && activePosition >= 0 && active !== undefined) onOpen(active);
    if (by === undefined) return;
    event.preventDefault();
    const position = Math.max(
      0,
      Math.min(rows.length - 1, Math.max(0, activePosition) + (activePosition < 0 ? 0 : by)),
    );
    setActive(rows[position]?.index);
    bringIntoSight(view.current, position);
  };
  return (
    <div className="rows" role="grid" aria-label="Ledger entries, newest first" aria-rowcount={rows.length}>
      <div
        ref={both}
        className="rows-view"
        role="rowgroup"
        tabIndex={0}
        aria-activedescendant={activePosition >= first && activePosition < last ? `entry-${active}` : undefined}
        onKeyDown={step}
        onFocus={() => setActive((current) => current ?? rows[0]?.index)}
        onScroll={(event) => {
          setTop(event.currentTarget.scrollTop);
          if (event.currentTarget.scrollTop > rowHeight / 2) onReading(true);
        }}
      >
        <ListHead />
        {rows.length === 0 ? (
          empty
        ) : (
          <div style={{ height: rows.length * rowHeight, position: "relative" }}>
            {rows.slice(first, last).map((row, position) => (
              <EntryRow
                key={row.index}
                row={row}
                y={(first + position) * rowHeight}
                selected={row.index === open}
                active={row.index === active}
                onOpen={onOpen}
              />
            ))}
          </div>
        )}
        {rows.length > 0 && after}
      </div>
    </div>
  );
}

function ListHead() {
  return (
    <div className="row row-head" role="row">
      {["Time", "Decision", "Principal, action, resource", "Why", "How it ended", "Entry"].map((title) => (
        <span key={title} role="columnheader">
          {title}
        </span>
      ))}
    </div>
  );
}

function bringIntoSight(view: HTMLElement | null, position: number): void {
  if (view === null) return;
  const above = position * rowHeight;
  if (above < view.scrollTop) view.scrollTop = above;
  if (above + rowHeight > view.scrollTop + view.clientHeight - headHeight)
    view.scrollTop = above + rowHeight + headHeight - view.clientHeight;
}
