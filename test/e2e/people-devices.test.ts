/** `cordon login` from an enrolled device: its session says which, by the device's own signature over that very key. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { cliProofText } from "@cordon/core/contract/people-api";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { makeDeviceProof } from "@cordon/core/risk/device-proof";
import { until } from "./estate.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { newKey, send } from "./soft-person.ts";
import { createPublicKey } from "node:crypto";

test("a login records the device that signed for its key; another's signature, another key's, or a retired device's is refused", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { store, snapshots } = estate.cordon.control;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const put = async (more: object): Promise<void> => {
    const key = { kind: "device", namespace: "default" as never, name: "mei-laptop" };
    const value = {
      keyFingerprint: sha256Hex(spki),
      publicKey: spki.toString("base64"),
      owner: "default/user/mei",
      managed: true,
      enrolledAt: 1,
      ...more,
    };
    const { revision } = await store.transact("test", Date.now(), (transaction) => transaction.put(key, value, "api"));
    await until(() => snapshots.current().revision >= revision, "the device is known");
  };
  await put({});
  const login = async (prove: (own: string) => string) => {
    const { privateKey: own, jwk } = newKey();
    const assertion = await mei.confirm("cli", JSON.stringify({ publicKey: jwk }));
    const { json } = await mei.call("POST", "/v1/cli/authorise", { publicKey: jwk, label: "notebook", assertion });
    const signature = sign("sha256", Buffer.from(cliProofText(json.code)), { key: own, dsaEncoding: "ieee-p1363" });
    const fingerprint = sha256Hex(
      createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ type: "spki", format: "der" }),
    );
    const body = {
      code: json.code,
      publicKey: jwk,
      signature: signature.toString("base64url"),
      device: prove(fingerprint),
    };
    return { fingerprint, ...(await send(mei.console, "POST", "/v1/cli/redeem", body)) };
  };
  const proof = (key: KeyObject, certificate: string, audience = mei.console): string =>
    makeDeviceProof({ device: "mei-laptop", certificate, gateway: audience as SpiffeId, issuedAt: Date.now() }, key);

  const good = await login((own) => proof(privateKey, own));
  assert.equal(good.status, 200, good.text);
  const sessions = snapshots.current().sessions;
  assert.equal(sessions?.get(good.fingerprint)?.device, "mei-laptop");

  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  assert.equal((await login((own) => proof(stranger, own))).status, 403, "another key");
  assert.equal((await login(() => proof(privateKey, good.fingerprint))).status, 403, "a proof for another login");
  assert.equal(
    (await login((own) => proof(privateKey, own, "https://elsewhere.example"))).status,
    403,
    "for another Cordon",
  );
  assert.equal((await login(() => "nonsense")).status, 403);
  await put({ retired: { at: 1, reason: "lost" } });
  assert.equal((await login((own) => proof(privateKey, own))).status, 403, "retired");
});
