/** Boundaries, windows, observing and what went outside, for the console. In: the control plane and the gateway. Out: what holds now. */
import type { ControlPlane } from "@cordon/control/wire";
import type { SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import { boundaries } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { Window } from "@cordon/core/policy/windows";
import type { Gateway } from "@cordon/gateway/gateway";

/** How far ahead a window's next change is looked for. */
const horizonMs = 400 * 86_400_000;

export function segmentationOf(control: ControlPlane, gateway: Gateway, now: Instant): SegmentationResponse {
  const { components, boundaries: rules, windows, observing, policies } = control.snapshots.current();
  const routes = gateway.wouldHaveDenied();
  const causes = gateway.wouldHaveDeniedBy();
  const all = [...components.values()];
  return {
    boundaries: boundaries.map((name) => ({
      ...{ name, mode: rules.modes[name], wouldDeny: causes.get(`boundary ${name}`) ?? 0 },
      components: all.filter(({ boundary }) => boundary === name).length,
    })),
    exceptions: [...rules.exceptions.values()]
      .flat()
      .map(({ name, boundary, principal, resource, actions, owner, reason, expires }) => ({
        ...{ name, boundary, principal, resource, actions: [...actions], owner, reason, expires },
      }))
      .toSorted((a, b) => a.expires - b.expires),
    windows: windows.all.map((window) => windowOf(window, now)),
    egress: {
      totals: gateway
        .egressTotals()
        .map(({ used, ...total }) => ({ ...total, ...(used && { used }) }))
        .toSorted((a, b) => b.bytesOut + b.bytesIn - a.bytesOut - a.bytesIn),
      more: 0,
    },
    observing: [
      ...[...observing.keys()].map((name) => ({ kind: "route" as const, name, wouldDeny: routes.get(name) ?? 0 })),
      ...(policies.observed ?? []).map((name) => ({
        ...{ kind: "policy" as const, name, wouldDeny: causes.get(`policy ${name}`) ?? 0 },
      })),
    ],
  };
}

function windowOf(window: Window, now: Instant): SegmentationResponse["windows"][number] {
  const { namespace, name, timeZone, opens, closes, except } = window.definition;
  const [, next] = window.changes(now, now + horizonMs);
  return {
    ...{ namespace, name, timeZone, opens, closes, except: [...except], open: window.at(now).open },
    ...(next === undefined ? {} : { changes: next.at }),
  };
}
