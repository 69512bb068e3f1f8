import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "../../contract/strict-json.ts";
import { eventTypes, readEvent } from "./events.ts";
import { readClaims, verifySet, type ReceivedEvent, type SetVerification } from "./set.ts";
import { namedBy, subjectProblem } from "./subject.ts";

const now = 1_700_000_000_000;
const iat = now / 1000 - 5;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwkOf = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" }) as Record<string, string>;
const keys = [{ kid: "k1", jwk: jwkOf(privateKey) }];
const expected: SetVerification = {
  issuer: "https://idp.example",
  audiences: ["https://cordon.example"],
  now,
  maxAgeMs: 86_400_000,
  keys,
};
const claims: JsonObject = {
  iss: "https://idp.example",
  aud: "https://cordon.example",
  iat,
  jti: "j-1",
  sub_id: { format: "email", email: "mei@bank.example" },
  events: { [eventTypes.sessionRevoked]: { event_timestamp: iat, reason_admin: { en: "stolen laptop" } } },
};

function token(payload: unknown, header: object = {}, key = privateKey, hash = "sha256"): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "RS256", kid: "k1", typ: "secevent+jwt", ...header })}.${part(payload)}`;
  return `${signed}.${sign(hash, Buffer.from(signed), key).toString("base64url")}`;
}

function refused(text: string, error: string, words: RegExp, more: Partial<SetVerification> = {}): void {
  const read = verifySet(text, { ...expected, ...more });
  assert.ok("error" in read, JSON.stringify(read));
  assert.equal(read.error, error);
  assert.match(read.words, words);
}

test("a token that is right says what happened, to whom, and when", () => {
  const read = verifySet(token(claims), expected) as ReceivedEvent;
  assert.deepEqual(
    [read.jti, read.event.kind, read.event.at, read.event.reason],
    ["j-1", "session-revoked", iat * 1000, "stolen laptop"],
  );
});

describe("a token is refused", () => {
  const attacks: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "for another audience",
      token({ ...claims, aud: ["https://other.example"] }),
      "invalid_audience",
      /another receiver/,
    ],
    ["of another issuer", token({ ...claims, iss: "https://evil.example" }), "invalid_issuer", /another issuer/],
    ["under a key that is not published", token(claims, { kid: "k2" }), "invalid_key", /no key `k2`/],
    [
      "signed by another key of the same name",
      token(claims, {}, generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
      "authentication_failed",
      /signature/,
    ],
    ["without a signature", token(claims, { alg: "none" }), "invalid_request", /algorithm/],
    ["with a symmetric algorithm", token(claims, { alg: "HS256" }), "invalid_request", /algorithm/],
    [
      "with the algorithm of another kind of key",
      token(claims, { alg: "ES256" }),
      "authentication_failed",
      /signature/,
    ],
    ["that is an access token by its type", token(claims, { typ: "at+jwt" }), "invalid_request", /type/],
    ["that does not say its type", token(claims, { typ: undefined }), "invalid_request", /type/],
    ["with a header that says more", token(claims, { jku: "https://evil.example/keys" }), "invalid_request", /header/],
    ["with a `sub`", token({ ...claims, sub: "mei" }), "invalid_request", /`sub`/],
    ["with an `exp`", token({ ...claims, exp: iat + 100 }), "invalid_request", /`exp`/],
    ["without a `jti`", token({ ...claims, jti: undefined }), "invalid_request", /`jti`/],
    ["without an `iat`", token({ ...claims, iat: "now" }), "invalid_request", /`iat`/],
    ["dated ahead", token({ ...claims, iat: iat + 3_600 }), "invalid_request", /future/],
    ["that is old", token({ ...claims, iat: iat - 90_000 }), "invalid_request", /too old/],
    [
      "with two events",
      token({ ...claims, events: { ...(claims["events"] as object), [eventTypes.verification]: {} } }),
      "invalid_request",
      /2 events/,
    ],
    ["without events", token({ ...claims, events: {} }), "invalid_request", /0 events/],
    ["without a subject", token({ ...claims, sub_id: undefined }), "invalid_request", /subject/],
    ["that is no token", "a.b", "invalid_request", /three parts/],
  ];
  for (const [how, text, error, words] of attacks) test(how, () => refused(text, error, words));

  test("whose payload was changed", () => {
    const [header = "", , signature = ""] = token(claims).split(".");
    const forged = Buffer.from(
      JSON.stringify({ ...claims, sub_id: { format: "email", email: "admin@bank.example" } }),
    ).toString("base64url");
    refused(`${header}.${forged}.${signature}`, "authentication_failed", /signature/);
  });

  test("whose subject has a member that must be understood and is not", () => {
    const subject = { format: "complex", user: claims["sub_id"] as JsonValue, badge: { format: "opaque", id: "1" } };
    refused(token({ ...claims, sub_id: subject }), "invalid_request", /badge/, { critical: ["badge"] });
    assert.ok(
      "event" in verifySet(token({ ...claims, sub_id: subject }), expected),
      "without that it is read as far as it is known",
    );
  });
});

test("an event that is dated ahead is taken to happen now", () => {
  const events = { [eventTypes.sessionRevoked]: { event_timestamp: now / 1000 + 1e6 } };
  const read = verifySet(token({ ...claims, events }), expected) as ReceivedEvent;
  assert.equal(read.event.at, now);
});

describe("events", () => {
  const cases: readonly (readonly [string, JsonValue, string | RegExp])[] = [
    [eventTypes.credentialChange, { credential_type: "fido2-roaming", change_type: "revoke" }, "credential-change"],
    [eventTypes.credentialChange, { credential_type: "password", change_type: "stolen" }, /change_type/],
    [eventTypes.credentialChange, { change_type: "revoke" }, /credential_type/],
    [
      eventTypes.deviceComplianceChange,
      { previous_status: "compliant", current_status: "not-compliant" },
      "device-compliance-change",
    ],
    [eventTypes.deviceComplianceChange, { current_status: "not-compliant" }, /previous_status/],
    [
      eventTypes.riskLevelChange,
      { principal: "USER", current_level: "HIGH", risk_reason: "PASSWORD_FOUND_IN_DATA_BREACH" },
      "risk-level-change",
    ],
    [eventTypes.riskLevelChange, { principal: "USER", current_level: "EXTREME" }, /current_level/],
    [eventTypes.sessionRevoked, { event_timestamp: "yesterday" }, /event_timestamp/],
    [eventTypes.sessionRevoked, { initiating_entity: "ghost" }, /initiating_entity/],
    [eventTypes.sessionRevoked, { reason_admin: {} }, /reason_admin/],
    [eventTypes.verification, { state: "VGhpcyBpcyBhbiBleGFtcGxl" }, "verification"],
    ["https://schemas.example/other", {}, "other"],
  ];
  for (const [type, payload, is] of cases)
    test(`${type.split("/").at(-1)} ${JSON.stringify(payload).slice(0, 60)}`, () => {
      const read = readEvent(type, payload);
      if (typeof is === "string") assert.equal(typeof read === "string" ? read : read.kind, is);
      else assert.match(JSON.stringify(read), is);
    });
});

test("a subject means those that are known by it, and nobody else", () => {
  const directory = {
    byEmail: (email: string) => (email === "mei@bank.example" ? "default/user/mei" : undefined),
    byIssuerSubject: (issuer: string, subject: string) =>
      issuer === "https://idp.example" && subject === "42" ? "default/user/mei" : undefined,
    byId: (id: string) => (id === "default/agent/assistant" ? id : undefined),
    device: (name: string) => (name === "laptop-7" ? name : undefined),
  };
  const who = (subject: JsonValue) => namedBy(subject, directory);
  assert.deepEqual(who({ format: "email", email: "Mei@Bank.example" }).principals, ["default/user/mei"]);
  assert.deepEqual(who({ format: "iss_sub", iss: "https://idp.example", sub: "42" }).principals, ["default/user/mei"]);
  assert.deepEqual(who({ format: "iss_sub", iss: "https://evil.example", sub: "42" }).principals, []);
  assert.deepEqual(who({ format: "opaque", id: "default/agent/assistant" }).principals, ["default/agent/assistant"]);
  const complex = {
    format: "complex",
    user: { format: "email", email: "mei@bank.example" },
    device: { format: "opaque", id: "laptop-7" },
    tenant: { format: "opaque", id: "default/agent/assistant" },
  };
  assert.deepEqual(who(complex), { principals: ["default/user/mei"], devices: ["laptop-7"] });
  const aliases = {
    format: "aliases",
    identifiers: [
      { format: "email", email: "x@y.example" },
      { format: "iss_sub", iss: "https://idp.example", sub: "42" },
    ],
  };
  assert.deepEqual(who(aliases).principals, ["default/user/mei"]);
  assert.deepEqual(who({ format: "horoscope", id: "default/agent/assistant" }).principals, []);
  assert.deepEqual(who("mei"), { principals: [], devices: [] });
});

test("no JSON makes reading a subject or an event throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.values(eventTypes)), (value, type) => {
      subjectProblem(value as JsonValue);
      readEvent(type, value as JsonValue);
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        readClaims(value as JsonObject, expected);
    }),
  );
});

const vectors = new URL("../../../../../shared/vectors/ssf/", import.meta.url);
const files = [
  "openid-caep-1_0.md",
  "openid-sharedsignals-framework-1_0.md",
  "openid-caep-interoperability-profile-1_0.md",
];
const absent = existsSync(vectors) ? false : `no specifications at ${vectors.pathname}`;

test(
  "every token that the specifications show is judged, and read unless it breaks a rule of theirs",
  { skip: absent },
  (t) => {
    let [read, other] = [0, 0];
    const refusals: string[] = [];
    for (const file of files) {
      const text = readFileSync(new URL(file, vectors), "utf8");
      for (const [, block = ""] of text.matchAll(/^~~~[^\n]*\n([\s\S]*?)^~~~/gm)) {
        if (!block.includes('"events"') || !block.includes('"iss"')) continue;
        const shown = JSON.parse(block) as JsonObject;
        const audiences = [shown["aud"]].flat().filter((one) => typeof one === "string");
        const issuer = shown["iss"] as string;
        const got = readClaims(shown, {
          issuer,
          audiences,
          now: (Number(shown["iat"]) + 1) * 1000,
          maxAgeMs: 86_400_000,
        });
        if ("error" in got)
          refusals.push(
            `${file} ${Object.keys(shown["events"] as object)[0]
              ?.split("/")
              .at(-1)}: ${got.words}`,
          );
        else if (got.event.kind === "other") other += 1;
        else read += 1;
      }
    }
    t.diagnostic(
      `shared signals: ${read + other + refusals.length} tokens of the specifications judged: ${read} acted on, ${other} of types that say nothing here, ${refusals.length} refused`,
    );
    for (const words of refusals) t.diagnostic(words);
    assert.equal(read + other + refusals.length, 22);
    assert.deepEqual(refusals, []);
  },
);
