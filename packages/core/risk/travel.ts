/**
 * How fast somebody must have travelled. In: two places, and the time between. Out: km/h. Where only the country is known, its
 * capital stands for it, and what a country may be wide is taken off: this is to find what nobody can do, not to be exact.
 */
import type { Instant } from "../instant.ts";
import type { Place } from "./profile.ts";

/** Latitude and longitude of capitals, in whole degrees. */
const capitals = new Map(
  (
    "AD42,2 AE24,54 AF35,69 AL41,20 AM40,45 AO-9,13 AR-35,-58 AT48,16 AU-35,149 AZ40,50 BA44,18 BB13,-60 BD24,90 BE51,4 " +
    "BF12,-2 BG43,23 BH26,51 BI-3,29 BJ6,3 BN5,115 BO-16,-68 BR-16,-48 BS25,-77 BT27,90 BW-25,26 BY54,28 BZ17,-89 CA45,-76 " +
    "CD-4,15 CF4,19 CG-4,15 CH47,7 CI7,-5 CL-33,-71 CM4,12 CN40,116 CO5,-74 CR10,-84 CU23,-82 CV15,-24 CY35,33 CZ50,14 " +
    "DE53,13 DJ12,43 DK56,13 DO18,-70 DZ37,3 EC0,-79 EE59,25 EG30,31 ER15,39 ES40,-4 ET9,39 FI60,25 FJ-18,178 FR49,2 " +
    "GA0,9 GB52,0 GE42,45 GH6,0 GM13,-17 GN10,-14 GQ4,9 GR38,24 GT15,-91 GW12,-16 GY7,-58 HK22,114 HN14,-87 HR46,16 " +
    "HT19,-72 HU47,19 ID-6,107 IE53,-6 IL32,35 IN29,77 IQ33,44 IR36,51 IS64,-22 IT42,12 JM18,-77 JO32,36 JP36,140 KE-1,37 " +
    "KG43,75 KH12,105 KM-12,43 KP39,126 KR38,127 KW29,48 KZ51,71 LA18,103 LB34,35 LI47,10 LK7,80 LR6,-11 LS-29,28 LT55,25 " +
    "LU50,6 LV57,24 LY33,13 MA34,-7 MC44,7 MD47,29 ME42,19 MG-19,48 MK42,21 ML13,-8 MM20,96 MN48,107 MO22,114 MR18,-16 " +
    "MT36,15 MU-20,58 MV4,74 MW-14,34 MX19,-99 MY3,102 MZ-26,33 NA-23,17 NE14,2 NG9,7 NI12,-86 NL52,5 NO60,11 NP28,85 " +
    "NZ-41,175 OM24,58 PA9,-80 PE-12,-77 PG-9,147 PH15,121 PK34,73 PL52,21 PR18,-66 PS32,35 PT39,-9 PY-25,-58 QA25,52 " +
    "RO44,26 RS45,20 RU56,38 RW-2,30 SA25,47 SB-9,160 SC-5,55 SD16,33 SE59,18 SG1,104 SI46,15 SK48,17 SL8,-13 SN15,-17 " +
    "SO2,45 SR6,-55 SS5,32 SV14,-89 SY34,36 SZ-26,31 TD12,15 TG6,1 TH14,101 TJ39,69 TL-9,126 TM38,58 TN37,10 TO-21,-175 " +
    "TR40,33 TT11,-62 TW25,122 TZ-6,36 UA50,31 UG0,33 US39,-77 UY-35,-56 UZ41,69 VE10,-67 VN21,106 VU-18,168 WS-14,-172 " +
    "XK43,21 YE15,44 ZA-26,28 ZM-15,28 ZW-18,31"
  )
    .split(" ")
    .map((item) => {
      const [latitude = 0, longitude = 0] = item.slice(2).split(",").map(Number);
      return [item.slice(0, 2), { latitude, longitude }] as const;
    }),
);

/** Countries that are thousands of kilometres wide; from their capital to a border it is far. */
const wide = new Map([
  ...["RU", "US", "CA"].map((country) => [country, 4_500] as const),
  ...["AU", "BR", "CN", "IN", "ID", "CL", "KZ", "AR"].map((country) => [country, 3_000] as const),
]);
const usualReachKm = 800;
const exactReachKm = 50;
/** Clocks, and addresses that change hands, make short times meaningless. */
const leastHours = 1 / 12;

/** @returns `undefined` where it did not leave its country, or nothing is known of one of them */
export function travelSpeed(from: Place, fromAt: Instant, to: Place, at: Instant): number | undefined {
  if (from.country === to.country) return undefined;
  const [a, b] = [pointOf(from), pointOf(to)];
  if (a === undefined || b === undefined) return undefined;
  const km = Math.max(0, distanceKm(a, b) - a.reachKm - b.reachKm);
  return km / Math.max(leastHours, (at - fromAt) / 3_600_000);
}

interface Point {
  readonly latitude: number;
  readonly longitude: number;
  readonly reachKm: number;
}

function pointOf({ country, latitude, longitude }: Place): Point | undefined {
  if (latitude !== undefined && longitude !== undefined) return { latitude, longitude, reachKm: exactReachKm };
  const capital = capitals.get(country);
  return capital === undefined ? undefined : { ...capital, reachKm: wide.get(country) ?? usualReachKm };
}

/** Along a great circle (haversine), on a sphere of 6,371 km. */
export function distanceKm(a: Omit<Point, "reachKm">, b: Omit<Point, "reachKm">): number {
  const radians = Math.PI / 180;
  const [u, v] = [a.latitude * radians, b.latitude * radians];
  const half =
    Math.sin((v - u) / 2) ** 2 + Math.cos(u) * Math.cos(v) * Math.sin(((b.longitude - a.longitude) * radians) / 2) ** 2;
  return 2 * 6_371 * Math.asin(Math.min(1, Math.sqrt(half)));
}
