/**
 * Somebody whose browser is a script: for attacks that no real browser would carry out. In: an estate. Out: calls of the console's
 * API as that person's browser would make them, each of which a test may bend.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { request as httpRequest } from "node:http";
import { signatureHeader, signedText } from "@cordon/core/contract/console-api";
import { softAuthenticator, type Ceremony, type SoftAuthenticator } from "./soft-authenticator.ts";
import type { Json } from "./estate.ts";

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: Json;
}

export interface Jwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

export function newKey(): { readonly privateKey: KeyObject; readonly jwk: Jwk } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, jwk: { kty: "EC", crv: "P-256", x, y } };
}

/** One POST or GET, with any header. */
export function send(
  console: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const url = new URL(path, console);
  const payload = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port: url.port,
        path,
        method,
        agent: false,
        setHost: false,
        headers: { host: url.host, "content-type": "application/json", ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, json: parse(text) }));
      },
    );
    request.once("error", reject);
    request.end(payload);
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface SoftPerson {
  readonly authenticator: SoftAuthenticator;
  key: ReturnType<typeof newKey>;
  keyId: string;
  readonly console: string;
  /** How far its clock is ahead of the machine's. */
  aheadMs: number;
  /** Where it believes to be. */
  readonly ceremony: Ceremony;
  call(method: string, path: string, body?: unknown): Promise<Reply>;
  signatureFor(
    method: string,
    path: string,
    body: string,
    with_?: { readonly key?: KeyObject; readonly keyId?: string },
  ): string;
  enrol(name: string, code: string, more?: Partial<Ceremony>): Promise<Reply>;
  signIn(more?: Partial<Ceremony>): Promise<Reply>;
  confirm(
    purpose: string,
    subject: string,
    more?: Partial<Ceremony>,
  ): Promise<{ readonly id: string; readonly response: Json }>;
  /** Asks for a grant, and answers with its id. */
  ask(request: Record<string, unknown>): Promise<Reply>;
  voice(verdict: "approve" | "deny" | "review", id: string, words?: string): Promise<Reply>;
}

export function softPerson(console: string, authenticator: SoftAuthenticator = softAuthenticator()): SoftPerson {
  const label = "a script";
  const person: SoftPerson = {
    ...{ authenticator, console, aheadMs: 0, key: newKey(), keyId: "", ceremony: { origin: console } },
    signatureFor(method, path, body, with_ = {}) {
      const timestampMs = Date.now() + person.aheadMs;
      const nonce = randomBytes(16).toString("base64url");
      const bodySha256 = createHash("sha256").update(body).digest("hex");
      const text = signedText({ method, host: new URL(console).host, target: path, timestampMs, nonce, bodySha256 });
      const key = { key: with_.key ?? person.key.privateKey, dsaEncoding: "ieee-p1363" as const };
      return `${with_.keyId ?? person.keyId} ${timestampMs} ${nonce} ${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
    },
    call(method, path, body) {
      const payload = body === undefined ? "" : JSON.stringify(body);
      return send(console, method, path, payload === "" ? undefined : payload, {
        [signatureHeader]: person.signatureFor(method, path, payload),
      });
    },
    async enrol(name, code, more = {}) {
      const enrolment = { name, code, publicKey: person.key.jwk };
      const started = await send(console, "POST", "/v1/enrol/start", enrolment);
      if (started.status !== 200) return started;
      const response = authenticator.create(started.json.options, { ...person.ceremony, ...more });
      const finished = await send(console, "POST", "/v1/enrol/finish", {
        ...enrolment,
        label,
        credential: { id: started.json.id, response },
      });
      if (finished.status === 200) person.keyId = finished.json.keyId;
      return finished;
    },
    async signIn(more = {}) {
      person.key = newKey();
      const { json } = await send(console, "POST", "/v1/sign-in/start", { publicKey: person.key.jwk });
      const response = authenticator.get(json.options, { ...person.ceremony, ...more });
      const finished = await send(console, "POST", "/v1/sign-in/finish", {
        publicKey: person.key.jwk,
        label,
        assertion: { id: json.id, response },
      });
      if (finished.status === 200) person.keyId = finished.json.keyId;
      return finished;
    },
    async confirm(purpose, subject, more = {}) {
      const { status, json, text } = await person.call("POST", "/v1/confirm", { purpose, subject });
      if (status !== 200) throw new Error(`nothing to confirm: ${status} ${text}`);
      return { id: json.id, response: authenticator.get(json.options, { ...person.ceremony, ...more }) };
    },
    ask: (request) => person.call("POST", "/v1/grants", request),
    async voice(verdict, id, words = "as asked") {
      return person.call("POST", `/v1/grants/${verdict}`, { id, words, assertion: await person.confirm(verdict, id) });
    },
  };
  return person;
}
