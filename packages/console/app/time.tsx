/** An instant on the screen: local, or in a time zone that is said beside it, with the date and UTC on hover. */
import { localClock, localClockMs, localDateTime, utc, zonedDateTime } from "../words/amounts.ts";

interface TimeProps {
  readonly at: number;
  readonly show?: "clock" | "milliseconds" | "date";
  /** Shows what clocks there say, in place of the one here. */
  readonly zone?: string;
}

const formats = { clock: localClock, milliseconds: localClockMs, date: localDateTime } as const;

export function Time({ at, show = "clock", zone }: TimeProps) {
  const iso = utc(at);
  if (iso === "") return <span>no time</span>;
  return (
    <time dateTime={iso} title={`${localDateTime(at)} here\n${iso} UTC`}>
      {zone === undefined ? formats[show](at) : zonedDateTime(at, zone)}
    </time>
  );
}
