/** Decisions a second over the last minute: allowed below, denied above. In: rates. Out: a small chart, and its words. */
import { rateSeconds, type Rate } from "./book.ts";

const size = { width: 148, height: 28 } as const;
const bar = size.width / rateSeconds;

export function RateChart({ rates }: { readonly rates: readonly Rate[] }) {
  const newest = rates.at(-1)?.second ?? 0;
  const highest = Math.max(4, ...rates.map(({ allowed, denied }) => allowed + denied));
  const total = rates.reduce((sum, { allowed }) => sum + allowed, 0);
  const refused = rates.reduce((sum, { denied }) => sum + denied, 0);
  const words = `In the newest minute: ${total} allowed, ${refused} denied; at most ${highest === 4 ? "4 or fewer" : highest} a second`;
  return (
    <svg className="rates" {...size} role="img" aria-label={words}>
      <title>{words}</title>
      <line x1="0" x2={size.width} y1={size.height - 0.5} y2={size.height - 0.5} className="rates-floor" />
      {rates.map(({ second, allowed, denied }) => {
        const x = size.width - (newest - second + 1) * bar;
        const up = (value: number): number => (value / highest) * (size.height - 2);
        return (
          <g key={second}>
            <rect
              className="rates-allowed"
              x={x}
              width={bar - 0.6}
              y={size.height - up(allowed)}
              height={up(allowed)}
            />
            <rect
              className="rates-denied"
              x={x}
              width={bar - 0.6}
              y={size.height - up(allowed + denied)}
              height={up(denied)}
            />
          </g>
        );
      })}
    </svg>
  );
}
