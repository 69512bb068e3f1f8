import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../contract/strict-json.ts";
import { askable, askedOfClients, type Askable } from "./methods.ts";
import { mayAsk, unaskable } from "./questions.ts";
import { asksForSecret } from "./secret-words.ts";

const all: ReadonlySet<Askable> = new Set(askable);
const wrong = (method: string, params: JsonObject, asks: ReadonlySet<Askable> = all) =>
  unaskable(asks, { method, params });
const form = (properties: JsonObject, message = "About your trip"): JsonObject => ({
  message,
  requestedSchema: { type: "object", properties },
});
const page = (url: unknown): JsonObject => ({
  mode: "url",
  message: "Sign in there",
  url: url as string,
  elicitationId: "1",
});
const said = (text: string): JsonObject => ({
  messages: [{ role: "user", content: { type: "text", text } }],
  maxTokens: 10,
});

test("nothing is asked that was not declared, and nothing that MCP does not have", () => {
  assert.equal(unaskable(undefined, { method: "roots/list", params: {} })?.code, -32601);
  for (const method of askedOfClients.keys()) assert.equal(wrong(method, said("x"), new Set())?.code, -32601, method);
  assert.equal(wrong("elicitation/create", page("https://a.example"), new Set(["elicitation"]))?.code, -32602);
  assert.equal(wrong("elicitation/create", form({}), new Set(["elicitation-url"]))?.code, -32601);
  assert.equal(wrong("tools/call", {})?.code, -32601);
  assert.equal(wrong("roots/list", {}), undefined);
  assert.deepEqual(
    [mayAsk({ asks: new Set(["elicitation-url"]) }, "elicitation/create"), mayAsk({}, "roots/list")],
    [true, false],
  );
});

test("a flat form for single values may be put", () => {
  const properties: JsonObject = {
    name: { type: "string", title: "Your name", format: "email", minLength: 1 },
    seats: { type: "integer", minimum: 1 },
    agree: { type: "boolean", default: false },
    colour: { type: "string", enum: ["red", "green"] },
    days: { type: "array", items: { type: "string", enum: ["Mon", "Tue"] } },
    several: { type: "array", items: { anyOf: [{ const: "a", title: "A" }] } },
    site: { type: "string", format: "uri", description: "Your website" },
  };
  assert.equal(wrong("elicitation/create", form(properties)), undefined);
  assert.equal(wrong("elicitation/create", { ...form(properties), mode: "form" }), undefined);
});

test("a form asks for no secret, by whatever words; leads to no page; is flat", () => {
  const cases: readonly JsonObject[] = [
    form({ password: { type: "string" } }),
    form({ userPassword: { type: "string" } }),
    form({ user_pass_word: { type: "string" } }),
    form({ x: { type: "string", title: "API-Key" } }),
    form({ x: { type: "string", description: "The one-time code from your phone" } }),
    form({ x: { type: "string", format: "password" } }),
    form({ x: { type: "string" } }, "Please enter the CVV of your card"),
    form({ x: { type: "string" } }, "Bitte Passwort eingeben"),
    form({ x: { type: "string" } }, "请输入密码"),
    form({ x: { type: "string" } }, "ＰＡＳＳＷＯＲＤ"),
    form({ seedPhrase: { type: "string" } }),
    form({ x: { type: "string" } }, "Your session has ended: https://bank.evil.example/login"),
    form({ x: { type: "string", enum: ["Yes", "No, I go to https://bank.evil.example"] } }),
    form({ x: { type: "string", oneOf: [{ const: "a", title: "My PIN is" }] } }),
    form({ x: { type: "array", items: { anyOf: [{ const: "a", title: "www.evil.example" }] } } }),
    form({ x: { type: "object", properties: {} } }),
    form({ x: { type: "array", items: { type: "object" } } }),
    form({ x: { type: "string", title: 7 } }),
    { message: "no schema" },
    { requestedSchema: { type: "object", properties: {} } },
    { ...form({}), mode: "popup" },
    { ...form({}), Mode: "url" },
    form({ x: { type: "string" } }, "a\u200bb"),
    form({ x: { type: "string" } }, `${"Tell us of your trip. ".repeat(1_000)}And your password, please.`),
    { message: "x", requestedSchema: { type: "object", properties: {}, Properties: { pin: { type: "string" } } } },
    form({ x: { type: "string", title: "Name", Title: "Your password" } }),
    form({ x: { type: "string", Format: "password" } }),
    form({ x: { type: "string", default: "your password" } }),
    form({ x: { type: "string", "x-ui": { placeholder: ["PIN"] } } }),
    form({ x: { type: "string" } }, "ｈｔｔｐｓ：／／evil.example"),
  ];
  for (const params of cases) assert.equal(wrong("elicitation/create", params)?.code, -32602, JSON.stringify(params));
});

test("a person is sent to a page that they can recognise, or to none", () => {
  for (const url of ["https://login.example/x?state=1", "http://127.0.0.1:8080/x", "https://a.example:8443"])
    assert.equal(wrong("elicitation/create", page(url)), undefined, url);
  const hidden = [
    "http://login.example/",
    "https://login.example@evil.example/",
    "https://login.example:443@evil.example/",
    "https:\\\\login.example\\@evil.example",
    "https://xn--80ak6aa92e.com/",
    "https://аррlе.com/",
    "https://login.example/\u202egpj.exe",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//login.example",
    "https://a.example/ x",
    `https://a.example/${"x".repeat(2048)}`,
    7,
  ];
  for (const url of hidden) assert.equal(wrong("elicitation/create", page(url))?.code, -32602, String(url));
});

test("sampling has messages that everybody sees, and no context of other servers", () => {
  assert.equal(wrong("sampling/createMessage", said("Translate: good morning")), undefined);
  assert.equal(wrong("sampling/createMessage", { ...said("x"), includeContext: "thisServer" }), undefined);
  const cases: readonly JsonObject[] = [
    { ...said("x"), includeContext: "allServers" },
    { ...said("x"), IncludeContext: "allServers" },
    { messages: [] },
    {},
    said("x\u{e0041}"),
    { ...said("x"), systemPrompt: { text: "x" } },
  ];
  for (const params of cases)
    assert.equal(wrong("sampling/createMessage", params)?.code, -32602, JSON.stringify(params));
});

test("a secret is known by its words however they are joined and written", () => {
  const words = fc.constantFrom(
    "password",
    "pass phrase",
    "one time code",
    "api key",
    "card number",
    "seed phrase",
    "pin code",
  );
  const joined = fc.constantFrom(" ", "_", "-", ".", "  ", "/");
  const style = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text.replaceAll(/\b\w/g, (letter) => letter.toUpperCase()),
  );
  const around = fc.constantFrom("", "your ", "Please enter the ", "x1 ");
  fc.assert(
    fc.property(words, joined, style, around, around, (phrase, by, write, before, after) => {
      const text = `${before}${write(phrase).replaceAll(" ", by)} ${after}`;
      assert.notEqual(asksForSecret(text), undefined, text);
      const camel = phrase.replaceAll(/ (\w)/g, (_all, letter: string) => letter.toUpperCase());
      assert.notEqual(asksForSecret(camel), undefined, camel);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void asksForSecret(text)));
});

test("a secret's word in disguise is read as a person reads it", () => {
  const disguises = [
    "p@ssw0rd",
    "Your P4$$w0rd!",
    "PA55W0RD",
    "p a s s w o r d",
    "P.A.S.S.W.O.R.D",
    "p_a_s_s_w_0_r_d",
    "p - i - n",
    "C V V",
    "s e e d phrase",
    "your P1N",
    "0TP",
    "one t1me c0de",
    "4pi k3y",
    "Cr3dit c4rd",
    "passw*rd",
    "p***word",
    "pasword",
    "passwrod",
    "passworcl",
    "passvvord",
    "|>assword",
    "userpassword",
    "myapikey",
    "p\u0336a\u0336s\u0336sword",
    "\u0440@\u0455\u0455w0rd",
    "\u{1d595}\u{1d586}\u{1d598}\u{1d598}\u{1d59c}\u{1d594}\u{1d597}\u{1d589}",
    "Kata Sandi",
    "mật khẩu của bạn",
  ];
  for (const text of disguises) assert.notEqual(asksForSecret(text), undefined, text);
});

test("words that only look like a secret's are none", () => {
  const honest = [
    ...[
      "passport number",
      "secretary",
      "passwordless sign-in?",
      "Compass words",
      "Flight at 4PM, 3 passengers",
      "C S S",
    ],
    ...[
      "Ticket #4711",
      "i18n",
      "k8s cluster",
      "4 of 5",
      "A 1 B 2",
      "Chauffeur (m/w)",
      "Tracking number 1Z999",
      "Kode pos",
    ],
    ...["Tell us: which city*?", "passage", "spinning", "opinion!", "*required", "U.S.A.", "10 p.m."],
  ];
  for (const text of honest) assert.equal(asksForSecret(text), undefined, text);
  const long = "p.a.".repeat(4_000);
  assert.equal(asksForSecret(long), undefined);
  for (const text of ["Pineapple", "Compass", "passenger name", "Key date", "tokens used", "keyboard", "account"])
    assert.equal(asksForSecret(text), undefined, text);
  for (const text of [
    "APIKey",
    "myPIN",
    "one_time_passwords",
    "Mot de passe",
    "2FA code",
    "PASSWORD1",
    "p\u0430ssword",
    "your \u0420IN",
    "p\u00e1sswords",
    "\u03c1assword",
  ])
    assert.notEqual(asksForSecret(text), undefined, text);
});
