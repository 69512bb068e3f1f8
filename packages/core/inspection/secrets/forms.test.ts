import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { secretDetector } from "./detector.ts";
import { longSecretDetector } from "./long.ts";
import { forms, twins, written } from "./testing/forms.ts";
import { looseTables, saids, saidTwins } from "./testing/said.ts";
import { places, placeTwins, tables } from "./testing/places.ts";

const found = (text: string): string[] =>
  [secretDetector, longSecretDetector]
    .flatMap((detector) => detector.detect(text))
    .map(({ detector, start, end }) => `${detector} ${text.slice(start, end)}`);

test("finds what files, settings, commands, addresses and phrases keep: the secret, and nothing else", () => {
  const wrong = [...forms, ...places, ...tables, ...saids, ...looseTables].flatMap((form) => {
    const told = found(written(form));
    const [type, secret] = form;
    return told.length === 1 && told[0] === `secret/${type} ${secret}` ? [] : [[written(form), ...told]];
  });
  assert.deepEqual(wrong, []);
});

test("finds a key on one line, with its line ends written as spaces or escapes", () => {
  const pem = (generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string).trim();
  for (const between of [" ", "\\n", "\\\\n", "\\r\\n", "\r\n"]) {
    const key = pem.replaceAll("\n", between);
    assert.deepEqual(found(`KEY="${key}"`), [`secret/private-key ${key}`]);
  }
});

test("leaves the twins of these forms alone", () => {
  assert.deepEqual(
    [...twins, ...placeTwins, ...saidTwins]
      .map((text) => [text, found(text)])
      .filter(([, findings = []]) => findings.length > 0),
    [],
  );
});
