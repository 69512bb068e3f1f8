/**
 * A browser that is a script, and in it a person who is asked whether a program may act for them. In: a person, and where the
 * program sends them. Out: where they end up; each step of which a test may bend.
 */
import assert from "node:assert/strict";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { signatureHeader } from "@cordon/core/contract/console-api";
import type { Reply, SoftPerson } from "./soft-person.ts";

export interface Page extends Reply {
  readonly headers: IncomingHttpHeaders;
}

/** What a browser keeps of a site: cookies, each for its path. */
export interface SoftBrowser {
  readonly cookies: { name: string; value: string; path: string }[];
  get(url: string, headers?: Record<string, string>): Promise<Page>;
  post(url: string, body: string, headers?: Record<string, string>): Promise<Page>;
}

export function softBrowser(): SoftBrowser {
  const cookies: SoftBrowser["cookies"] = [];
  const visit = async (
    method: string,
    address: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<Page> => {
    const url = new URL(address);
    const own = cookies.filter(
      ({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, "/")),
    );
    const page = await exchange(method, url, body, {
      ...(own.length > 0 && { cookie: own.map(({ name, value }) => `${name}=${value}`).join("; ") }),
      ...headers,
    });
    for (const set of page.headers["set-cookie"] ?? []) keep(cookies, set);
    return page;
  };
  return {
    cookies,
    get: (url, headers = {}) => visit("GET", url, "", headers),
    post: (url, body, headers = {}) => visit("POST", url, body, headers),
  };
}

function keep(cookies: SoftBrowser["cookies"], set: string): void {
  const [pair = "", ...attributes] = set.split(";").map((part) => part.trim());
  const at = pair.indexOf("=");
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? "/";
  const old = cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
  if (old >= 0) cookies.splice(old, 1);
  if (value !== "") cookies.push({ name, value, path });
}

function exchange(method: string, url: URL, body: string, headers: Record<string, string>): Promise<Page> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...{ host: "127.0.0.1", port: url.port, path: url.pathname + url.search, method, agent: false, setHost: false },
        headers: { host: url.host, ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
        response.on("end", () => {
          const json = text.startsWith("{") ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.once("error", reject);
    request.end(body);
  });
}

/** One call of the page that asks, in a browser, signed as the person's. */
export function askedCall(
  browser: SoftBrowser,
  person: SoftPerson,
  uid: string,
  verb: "view" | "approve" | "deny",
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<Page> {
  const path = `/oauth/consent/${uid}/${verb}`;
  const payload = JSON.stringify(body);
  return browser.post(person.console + path, payload, {
    ...{ "content-type": "application/json", "sec-fetch-site": "same-origin", origin: person.console },
    [signatureHeader]: person.signatureFor("POST", path, payload),
    ...headers,
  });
}

/** Follows the program's address to the page that asks; what is asked there is named by what is returned. */
export async function openConsent(browser: SoftBrowser, address: string): Promise<string> {
  const started = await browser.get(address);
  assert.equal(started.status, 303, started.text);
  const asking = await browser.get(new URL(started.headers.location ?? "", address).href);
  assert.equal(asking.status, 303, asking.text);
  const [, uid = ""] = /^\/#\/authorize\/([A-Za-z0-9_-]+)$/.exec(asking.headers.location ?? "") ?? [];
  assert.notEqual(uid, "", asking.headers.location);
  return uid;
}

/** The person says yes with their passkey; out comes the address at the program. */
export async function sayYes(browser: SoftBrowser, person: SoftPerson, uid: string): Promise<URL> {
  const assertion = await person.confirm("oauth", uid);
  const approved = await askedCall(browser, person, uid, "approve", { assertion });
  assert.equal(approved.status, 200, approved.text);
  const back = await browser.get(approved.json.location);
  assert.equal(back.status, 303, back.text);
  return new URL(back.headers.location ?? "");
}
