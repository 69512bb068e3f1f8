/** A table. What does not fit scrolls by itself: the page stays as wide as the window. */
import type { ReactNode } from "react";
import { Table } from "@mantine/core";

interface RowsProps {
  readonly label: string;
  readonly titles: readonly string[];
  readonly className?: string;
  readonly children: ReactNode;
}

export function Rows({ label, titles, className = "", children }: RowsProps) {
  return (
    <div className={`table-scroll ${className}`}>
      <Table aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {titles.map((title) => (
              <Table.Th key={title} scope="col">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
