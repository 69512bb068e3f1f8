/**
 * A notebook that reads through Cordon for whoever sits before it: OAuth 2.1 with a token that is bound to a key of this process,
 * by `openid-client`. Nothing is kept: when it ends, what it had is worth nothing.
 *
 *   npm install openid-client
 *   NODE_EXTRA_CA_CERTS=cordon-bundle.pem node notebook.mjs ISSUER CLIENT-ID RESOURCE PATH
 *
 * ISSUER is `CONSOLE/oauth`; RESOURCE the route's address, such as https://gateway.bank.example:8443/training-data.
 */
import { createServer } from "node:http";
import * as oauth from "openid-client";

const [issuer, clientId, resource, path = ""] = process.argv.slice(2);
if (resource === undefined) throw new Error("usage: node notebook.mjs ISSUER CLIENT-ID RESOURCE PATH");
const local = new URL(issuer).protocol === "http:"; // a console on this machine
const config = await oauth.discovery(new URL(issuer), clientId, undefined, oauth.None(), {
  algorithm: "oauth2",
  execute: local ? [oauth.allowInsecureRequests] : [],
});
const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair("ES256"));

// The answer comes to the loopback address of this machine (RFC 8252), on a port that the system chooses.
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const redirectUri = `http://127.0.0.1:${server.address().port}/callback`;
const verifier = oauth.randomPKCECodeVerifier();
const state = oauth.randomState();
const address = oauth.buildAuthorizationUrl(config, {
  ...{ redirect_uri: redirectUri, resource, scope: "read", state, code_challenge_method: "S256" },
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
});
console.error(`open in your browser: ${address.href}`);
const answer = await new Promise((arrived) => {
  server.on("request", (request, response) => {
    response.end("You can close this page and go back to the notebook.\n");
    if (request.url?.startsWith("/callback?")) arrived(new URL(request.url, redirectUri));
  });
});
server.close();
server.closeIdleConnections();

const checks = { pkceCodeVerifier: verifier, expectedState: state };
const tokens = await oauth.authorizationCodeGrant(config, answer, checks, {}, { DPoP });
const response = await oauth.fetchProtectedResource(
  ...[config, tokens.access_token, new URL(resource + path), "GET", undefined, undefined, { DPoP }],
);
console.error(`the gateway answered ${response.status}`);
for await (const piece of response.body ?? []) process.stdout.write(piece);
