/** An instant on the screen: local, with the date and UTC on hover. */
import { localClock, localClockMs, localDateTime, utc } from "../words/amounts.ts";

interface TimeProps {
  readonly at: number;
  readonly show?: "clock" | "milliseconds" | "date";
}

const formats = { clock: localClock, milliseconds: localClockMs, date: localDateTime } as const;

export function Time({ at, show = "clock" }: TimeProps) {
  const iso = utc(at);
  if (iso === "") return <span>no time</span>;
  return (
    <time dateTime={iso} title={`${localDateTime(at)} here\n${iso} UTC`}>
      {formats[show](at)}
    </time>
  );
}
