/**
 * The console's API from the command line. In: where it is, and a key. Out: its answers, each request signed by the key as a
 * browser would sign it; or a `CordonError` in the console's own words.
 */
import { createHash, createPrivateKey, randomBytes, sign } from "node:crypto";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import type { z } from "zod";
import { consoleError, signatureHeader, signedText } from "@cordon/core/contract/console-api";
import { CordonError, errorCodes, type ErrorCode } from "@cordon/core/errors";
import type { Login } from "./login-file.ts";

const maxAnswerBytes = 4 * 1024 * 1024;
const timeoutMs = 15_000;

export interface ConsoleCall {
  /** The console's origin. */
  readonly console: string;
  readonly ca?: string | undefined;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  /** Signs with this key; without it the request goes unsigned. */
  readonly key?: { readonly id: string; readonly pem: string };
}

/** Asks, and reads the answer by its schema. @throws {CordonError} `CONTROL_UNREACHABLE`, or the console's own code */
export async function askConsole<S extends z.ZodType>(schema: S, call: ConsoleCall): Promise<z.output<S>> {
  const { status, text } = await exchange(call);
  const value = parseJson(text);
  if (status < 200 || status > 299) throw refusalOf(call, status, value);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unreachable(call, "its answer is not one this version knows");
  return parsed.data;
}

/** A call as whoever is signed in here. */
export function signedCall(login: Login, call: Pick<ConsoleCall, "method" | "path" | "body">): ConsoleCall {
  const { console, ca, privateKey, credential } = login;
  return { ...call, console, ca, key: { id: credential.keyId, pem: privateKey } };
}

function exchange(call: ConsoleCall): Promise<{ readonly status: number; readonly text: string }> {
  const url = new URL(call.path, call.console);
  const payload = call.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(call.body));
  const secure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const request = (secure ? tlsRequest : plainRequest)(url, {
      method: call.method,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(secure && call.ca !== undefined ? { ca: call.ca } : {}),
      headers: {
        ...(payload.length === 0 ? {} : { "content-type": "application/json", "content-length": payload.length }),
        ...(call.key === undefined ? {} : { [signatureHeader]: signatureOf(call, url, payload, call.key) }),
      },
    });
    request.once("error", (error: NodeJS.ErrnoException) =>
      reject(unreachable(call, error.code ?? error.message, error)),
    );
    request.once("response", (response) => {
      readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        (error: unknown) => reject(unreachable(call, "its answer broke off", error)),
      );
    });
    request.end(payload);
  });
}

function signatureOf(
  { method, path }: ConsoleCall,
  { host }: URL,
  body: Buffer,
  key: { readonly id: string; readonly pem: string },
): string {
  const timestampMs = Date.now();
  const nonce = randomBytes(16).toString("base64url");
  const bodySha256 = createHash("sha256").update(body).digest("hex");
  const text = signedText({ method, host, target: path, timestampMs, nonce, bodySha256 });
  return `${key.id} ${timestampMs} ${nonce} ${signText(key.pem, text)}`;
}

/** ECDSA P-256 over a text, as WebCrypto writes it (ieee-p1363), in base64url. */
export function signText(pem: string, text: string): string {
  return sign("sha256", Buffer.from(text), { key: createPrivateKey(pem), dsaEncoding: "ieee-p1363" }).toString(
    "base64url",
  );
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refusalOf(call: ConsoleCall, status: number, value: unknown): CordonError {
  const parsed = consoleError.safeParse(value);
  if (!parsed.success) return unreachable(call, `it answered ${status}`);
  const { code, message } = parsed.data.error;
  const known = (errorCodes as readonly string[]).includes(code);
  const words = status === 401 ? `${message} Or your sign-in has ended: \`cordon login\`.` : message;
  return new CordonError(known ? (code as ErrorCode) : "CONTROL_UNREACHABLE", words);
}

function unreachable({ console }: ConsoleCall, why: string, cause?: unknown): CordonError {
  return new CordonError("CONTROL_UNREACHABLE", `The console at ${console} cannot be used: ${why}.`, { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
