/** Amounts and times as people read them. In: numbers. Out: words. Times are local; UTC is on hover. */

const number = new Intl.NumberFormat("en-GB");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** `12,480` */
export function count(value: number): string {
  return number.format(value);
}

/** `1 entry`, `2 entries` */
export function counted(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Decimal units: `840 B`, `1.2 kB`, `3.4 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  const value = bytes / divisor;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `840 ms`, `3.2 s`, `4 min` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** `14:03:22` in the reader's zone. */
export function localClock(at: number): string {
  return clock.format(at);
}

/** `14:03:22.041` */
export function localClockMs(at: number): string {
  return `${clock.format(at)}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;
}

/** `23 Nov 2026, 14:03:22` */
export function localDateTime(at: number): string {
  return `${day.format(at)}, ${clock.format(at)}`;
}

/** `24 Nov 2026, 02:00:00` as the clocks of a time zone say it; as the clock here does where the browser does not know the zone. */
export function zonedDateTime(at: number, timeZone: string): string {
  try {
    const parts = { day: "numeric", month: "short", year: "numeric" } as const;
    const date = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone }).format(at);
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    return `${date}, ${new Intl.DateTimeFormat("en-GB", { ...time, timeZone }).format(at)}`;
  } catch {
    return `${localDateTime(at)} here`;
  }
}

/** `2026-11-23T14:03:22.041Z`; empty for what is no time. */
export function utc(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : "";
}
