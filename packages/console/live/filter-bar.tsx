/** The live page's filter: effect, principal, resource and free text. */
import { useMemo } from "react";
import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { SearchIcon } from "../app/icons.tsx";
import { componentName, shortName } from "../words/names.ts";
import { parties, type RowFilter } from "./filter.ts";
import type { Row } from "./row.ts";

interface FilterBarProps {
  readonly rows: readonly Row[];
  readonly filter: RowFilter;
  readonly onFilter: (filter: RowFilter) => void;
}

const effects: { readonly value: RowFilter["effect"]; readonly label: string }[] = [
  { value: "all", label: "All" },
  { value: "allow", label: "Allowed" },
  { value: "deny", label: "Denied" },
  { value: "observed", label: "Would deny" },
  { value: "events", label: "Events" },
];

export function FilterBar({ rows, filter, onFilter }: FilterBarProps) {
  const { principals, resources } = useMemo(() => parties(rows), [rows]);
  return (
    <div className="filters" role="search">
      <SegmentedControl
        size="xs"
        aria-label="Effect"
        data={effects}
        value={filter.effect}
        onChange={(effect) => onFilter({ ...filter, effect })}
      />
      <Party
        label="Principal"
        ids={principals}
        value={filter.principal}
        onChange={(principal) => onFilter({ ...filter, principal })}
      />
      <Party
        label="Resource"
        ids={resources}
        value={filter.resource}
        onChange={(resource) => onFilter({ ...filter, resource })}
      />
      <TextInput
        size="xs"
        className="filter-text"
        aria-label="Search in reasons, names, codes and ids"
        placeholder="Search reasons, names, ids"
        leftSection={<SearchIcon />}
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
      />
    </div>
  );
}

interface PartyProps {
  readonly label: string;
  readonly ids: readonly string[];
  readonly value: string | undefined;
  readonly onChange: (id: string | undefined) => void;
}

function Party({ label, ids, value, onChange }: PartyProps) {
  // One that was chosen stays choosable, though its last row may have left the book.
  const all = value === undefined || ids.includes(value) ? ids : [value, ...ids];
  return (
    <Select
      size="xs"
      className="filter-party"
      aria-label={label}
      placeholder={`Any ${label.toLowerCase()}`}
      data={all.map((id) => ({ value: id, label: `${componentName(id).kind} ${shortName(id)}`.trim() }))}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      searchable
      clearable
      nothingFoundMessage="Not seen yet"
      comboboxProps={{ width: 260, position: "bottom-start" }}
    />
  );
}
