/** Whether what is on the screen is happening now. In: the feed's connection. Out: a dot and a word; more on hover. */
import { Tooltip } from "@mantine/core";
import type { Connection } from "../live/feed.ts";

export function ConnectionBadge({ connection }: { readonly connection: Connection }) {
  const { word, more } = describe(connection);
  return (
    <Tooltip label={more} multiline maw={320}>
      <span
        className="connection"
        data-state={connection.state}
        role="status"
        aria-label={`Connection: ${word}. ${more}`}
        tabIndex={0}
      >
        <i aria-hidden="true" />
        {word}
      </span>
    </Tooltip>
  );
}

function describe(connection: Connection): { readonly word: string; readonly more: string } {
  switch (connection.state) {
    case "connecting":
      return { word: "connecting", more: "Asking Cordon for what happens." };
    case "live":
      return { word: "live", more: "Every entry shows up here as soon as it is durable." };
    case "reconnecting":
      return {
        word: "reconnecting",
        more: `${connection.words} Trying again by itself (attempt ${connection.attempt}).`,
      };
    case "stopped":
      return { word: "stopped", more: connection.refusal.message };
  }
}
