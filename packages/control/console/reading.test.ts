/** What somebody may read of what went outside: their own namespace's, and what their own components carried elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import { readableSegmentation, type Reader } from "./reading.ts";

type Total = SegmentationResponse["egress"]["totals"][number];

const total = (principal: string, namespace: string, bytesOut = 1): Total => ({
  ...{ principal, namespace, destination: "partner", bytesOut, bytesIn: 0, requests: 1, refused: 0 },
});
const all = (totals: readonly Total[]): SegmentationResponse => ({
  ...{ boundaries: [], exceptions: [], windows: [], observing: [] },
  egress: { totals: [...totals], more: 0 },
});
const payments: Reader = {
  ...{ sees: "own", id: "spiffe://bank.example/ns/payments/user/kim" as never, namespace: "payments" as never },
  owns: (id) => id.includes("/ns/payments/"),
};

test("a team sees its destinations and its own components' traffic, and nobody else's", () => {
  const totals = [
    total("spiffe://bank.example/ns/default/agent/a", "default"),
    total("spiffe://bank.example/ns/default/agent/a", "payments"),
    total("spiffe://bank.example/ns/payments/agent/b", "default"),
    total("*", "default"),
    total("*", "payments"),
  ];
  assert.deepEqual(readableSegmentation(payments, all(totals)).egress.totals, [totals[1], totals[2], totals[4]]);
  assert.equal(readableSegmentation({ sees: "all" }, all(totals)).egress.totals.length, 5);
});

test("the most is shown, the rest counted; what others carried does not push a team's own off the list", () => {
  const others = Array.from({ length: 500 }, (_, n) =>
    total(`spiffe://bank.example/ns/default/agent/a${n}`, "default", 1_000 - n),
  );
  const own = total("spiffe://bank.example/ns/payments/agent/b", "payments");
  const shown = readableSegmentation({ sees: "all" }, all([...others, own])).egress;
  assert.deepEqual([shown.totals.length, shown.more, shown.totals[0]?.bytesOut], [200, 301, 1_000]);
  assert.deepEqual(readableSegmentation(payments, all([...others, own])).egress, { totals: [own], more: 0 });
});
