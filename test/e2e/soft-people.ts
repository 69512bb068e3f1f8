/** People whose browsers are scripts, enrolled in a real Cordon. In: an estate. Out: administrators, others, and their credentials. */
import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import type { Login } from "@cordon/cli/login/login-file";
import { cliProofText } from "@cordon/core/contract/people-api";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { Estate } from "./estate.ts";
import { peopleOf, serverOf } from "./people-estate.ts";
import { newKey, send, softPerson, type SoftPerson } from "./soft-person.ts";

/** The first administrator. */
export async function administrator(estate: Estate, name = "ada"): Promise<SoftPerson> {
  const person = softPerson(serverOf(estate).url);
  const enrolled = await person.enrol(name, (await peopleOf(estate).firstCode())?.code ?? "");
  assert.equal(enrolled.status, 200, enrolled.text);
  return person;
}

/** Somebody whom an administrator invited. */
export async function invited(
  estate: Estate,
  by: SoftPerson,
  name: string,
  groups: readonly string[],
): Promise<SoftPerson> {
  const { status, json, text } = await by.call("POST", "/v1/people/invite", { name, displayName: name, groups });
  assert.equal(status, 200, text);
  const person = softPerson(serverOf(estate).url);
  const enrolled = await person.enrol(name, json.code);
  assert.equal(enrolled.status, 200, enrolled.text);
  return person;
}

/** `cordon login` without the browser's window: what the page does, and then what the command line does. */
export async function cliLogin(person: SoftPerson, grant?: string): Promise<Login> {
  const { privateKey, jwk } = newKey();
  const subject = { publicKey: jwk, ...(grant && { grant }) };
  const assertion = await person.confirm("cli", JSON.stringify(subject));
  const authorised = await person.call("POST", "/v1/cli/authorise", { ...subject, label: "notebook", assertion });
  assert.equal(authorised.status, 200, authorised.text);
  const { code } = authorised.json;
  const signature = sign("sha256", Buffer.from(cliProofText(code)), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  }).toString("base64url");
  const redeemed = await send(person.console, "POST", "/v1/cli/redeem", { code, publicKey: jwk, signature });
  assert.equal(redeemed.status, 200, redeemed.text);
  return {
    ...{ version: 1, console: person.console, credential: redeemed.json },
    privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** The certificate of such a login. */
export async function cliCredential(person: SoftPerson, grant?: string): Promise<X509Svid> {
  const { privateKey, credential } = await cliLogin(person, grant);
  const chain = [...credential.chain.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]+?)-----END/g)].map(([, body = ""]) =>
    Buffer.from(body, "base64"),
  );
  return {
    id: parseSpiffeId(credential.person.id),
    chain,
    key: createPrivateKey(privateKey),
    notBefore: Date.now(),
    notAfter: credential.notAfter,
  };
}
