import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { parseForwarded, principalFromHeader } from "./forwarded-client.ts";

const envoy = parseSpiffeId("spiffe://bank.example/ns/default/service/edge");
const key = fc.constantFrom("By", "Hash", "Subject", "URI", "DNS", "Cert");
const value = fc.string({ maxLength: 40 });
const written = ([name, text]: readonly [string, string]): string =>
  `${name}="${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;

test("what Envoy writes is read back, pair by pair and element by element", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
      (all) => {
        const text = all.map((pairs) => pairs.map(written).join(";")).join(",");
        const expected = all.map((pairs) => pairs.map(([name, one]) => [name.toLowerCase(), one]));
        assert.deepEqual(parseForwarded(text), expected);
      },
    ),
  );
});

test("any text is read or refused, and never makes somebody of what stands before Envoy's own element", () => {
  const own = `By=${envoy};URI=spiffe://bank.example/ns/default/agent/mallory`;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom("URI=", '"', ";", ",", "a", "\\", "By=")).map((parts) => parts.join("")),
      ),
      (sent) => {
        const ask = (header: string) =>
          principalFromHeader(
            { request: { http: { headers: { "x-forwarded-client-cert": header } } } } as never,
            envoy,
          );
        try {
          assert.match(ask(`${sent},${own}`), /mallory$/);
        } catch (error) {
          if (!isCordonError(error)) throw error;
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
