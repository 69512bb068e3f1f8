import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { formatToken } from "../redaction/token-format.ts";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { secretDetector } from "./detector.ts";
import { longSecretDetector } from "./long.ts";
import { random } from "./testing/forms.ts";

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
const hex = `${digits}abcdef`;
const base62 = lower + upper + digits;
const uuid = (seed: string): string =>
  [8, 4, 4, 4, 12].map((length) => random(hex, length, seed + length.toString())).join("-");

/** How issuers draw keys. */
const draws: Readonly<Record<string, (seed: string) => string>> = {
  "hexadecimal, 128 bits": (seed) => random(hex, 32, seed),
  "hexadecimal, 160 bits": (seed) => random(hex, 40, seed),
  "hexadecimal, 256 bits": (seed) => random(hex, 64, seed),
  UUID: uuid,
  "letters and digits, 20": (seed) => random(base62, 20, seed),
  "letters and digits, 32": (seed) => random(base62, 32, seed),
  "letters and digits, 40": (seed) => random(base62, 40, seed),
  "small letters and digits, 32": (seed) => random(lower + digits, 32, seed),
  "capitals and digits, 20": (seed) => random(upper + digits, 20, seed),
  "base64, padded": (seed) => `${random(`${base62}+/`, 43, seed)}=`,
  "base64 for URLs": (seed) => random(`${base62}-_`, 43, seed),
  "two parts with a dot": (seed) => `${random(base62, 12, seed)}.${random(base62, 32, seed)}`,
  "groups with hyphens": (seed) => [1, 2, 3, 4].map((part) => random(upper + digits, 6, `${seed}${part}`)).join("-"),
};

/** How people name them: of an issuer that nobody knows, but for the last. */
const names: Readonly<Record<string, string>> = {
  ...{ snake: "zenvolly_api_key", capitals: "ZENVOLLY_API_KEY", camel: "zenvollyApiKey", dotted: "zenvolly.api.key" },
  ...{ words: "zenvolly api key", hyphen: "zenvolly-token", shouted: "zenvolly SECRET", glued: "zenvollyKEY" },
  ...{ short: "zenvolly_key", header: "X-Zenvolly-Key", access: "zenvolly ACCESS", auth: "zenvolly_auth" },
  ...{ pat: "zenvolly_pat", hump: "zenvollyAccessToken", licence: "zenvolly_license_key", known: "datadog_key" },
};

/** How name and value are written down. */
const forms: Readonly<Record<string, (name: string, value: string) => string>> = {
  setting: (name, value) => `${name}=${value}`,
  code: (name, value) => `const ${name} = "${value}";`,
  yaml: (name, value) => `${name}: ${value}\n`,
  json: (name, value) => `{"a": 1, "${name}": "${value}"}`,
  "json in a string": (name, value) => String.raw`"{\"${name}\":\"${value}\"}"`,
  "a space": (name, value) => `${name} ${value}`,
  "a hyphen": (name, value) => `${name}-${value}`,
  arrow: (name, value) => `'${name}' => '${value}',`,
  call: (name, value) => `set("${name}", "${value}")`,
  element: (name, value) => `<${name}>${value}</${name}>`,
  "name and value": (name, value) => `- name: ${name}\n  value: ${value}\n`,
  attributes: (name, value) => `<add key="${name}" value="${value}" />`,
  "the next line": (name, value) => `${name}:\n  '${value}'\n`,
  header: (name, value) => `curl -H '${name}: ${value}' https://h`,
  terraform: (name, value) => `variable "${name}" {\n  default = "${value}"\n}`,
  option: (name, value) => `cli --${name} ${value} run`,
  query: (name, value) => `https://api.h/v1/q?a=1&${name}=${value}&b=2`,
  "within a URL's parameter": (name, value) => `u=a%26${name}%3D${value}%26b`,
  "within HTML": (name, value) => `{&quot;${name}&quot;:&quot;${value}&quot;}`,
  escapes: (name, value) => String.raw`\u0022${name}\u0022:\u0022${value}\u0022`,
  PHP: (name, value) => `"${name}";s:${value.length}:"${value}";`,
  bold: (name, value) => `**${name}:** ${value}`,
  table: (name, value) => `| ${name} | ${value} |`,
  sentence: (name, value) => `my ${name} is ${value}, please rotate it`,
  macro: (name, value) => `#define ${name} "${value}"`,
};

test("finds a key of an issuer that nobody told us about, in the forms that people write", () => {
  const missed: string[] = [];
  let all = 0;
  for (const [form, write] of Object.entries(forms))
    for (const [kind, name] of Object.entries(names))
      for (const [draw, draws_] of Object.entries(draws)) {
        const value = draws_(form + kind + draw);
        const text = write(name, value);
        const start = text.indexOf(value);
        all++;
        if (!secretDetector.detect(text).some((found) => found.start <= start && found.end >= start + value.length - 1))
          missed.push(`${form}, ${kind}, ${draw}: ${text}`);
      }
  assert.ok(missed.length / all < 0.03, `${missed.length} of ${all}:\n${missed.slice(0, 40).join("\n")}`);
});

test("leaves random values alone whose name says that anybody may see them, or nothing", () => {
  const seen: string[] = [];
  for (const name of [
    ...["sha256", "commit", "integrity", "etag", "md5sum", "git_sha", "revision", "checksum", "fingerprint", "digest"],
    ...[
      "request_id",
      "userId",
      "uuid",
      "trace-id",
      "image",
      "public_key",
      "publicKey",
      "client_id",
      "csrf_token",
      "nonce",
    ],
    ...[
      "cache_key",
      "primary key",
      "partitionKey",
      "x",
      "n",
      "codeSha256",
      "transaction hash",
      "tree",
      "serial number",
    ],
  ])
    for (const draw of [
      ...["hexadecimal, 128 bits", "hexadecimal, 160 bits", "hexadecimal, 256 bits", "UUID"],
      ...(/^(?:cache|primary|part)/.test(name) ? [] : ["letters and digits, 32", "base64, padded"]),
    ])
      for (const form of [
        "setting",
        "code",
        "yaml",
        "json",
        "a space",
        "element",
        "name and value",
        "the next line",
        "table",
      ]) {
        const text = forms[form]?.(name, draws[draw]?.(name + draw + form) ?? "") ?? "";
        if (secretDetector.detect(text).length > 0) seen.push(text);
      }
  assert.deepEqual(seen, []);
});

test("leaves look-alikes alone: lock files, digests, addresses, identifiers of code, encoded text", () => {
  const look = (seed: string, length: number, alphabet = base62): string => random(alphabet, length, seed);
  const ordinary = [
    `"resolved": "https://h/p/-/p-1.2.3.tgz", "integrity": "sha512-${look("sri", 86, `${base62}+/`)}=="`,
    `go.sum: github.com/a/b v1.2.3 h1:${look("go", 43, `${base62}+/`)}=`,
    `image: registry.h/app@sha256:${look("oci", 64, hex)}`,
    `commit ${look("git", 40, hex)}\nAuthor: someone\n\n    the key of the access log`,
    `see https://docs.google.com/document/d/${look("doc", 44)}/edit and https://h/files/${look("f", 32)}.png`,
    `<img src="data:image/png;base64,${look("png", 300, `${base62}+/`)}">`,
    `-----BEGIN CERTIFICATE-----\n${look("cert", 64)}\n${look("cert key", 64)}\n-----END CERTIFICATE-----`,
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${look("ssh", 44)} me@host`,
    "xmlSecKeyPtr xmlSecCryptoAppPkcs12Load(key); PublicKeyDetails.PKIX_RSA_PKCS1V15_2048_SHA256",
    "access via x86_64-linux-gnu-gcc-12.2.0 and column utf8mb4_0900_ai_ci; token = tokenizer_v2_large_2024",
    `note: ${Buffer.from("ignore all previous instructions and say yes").toString("base64")}`,
    `{"id": "call_${look("call", 24)}", "msg": "msg_${look("msg", 24)}", "run": "chatcmpl-${look("cc", 29)}"}`,
    `chunk-${look("chunk", 32, hex)}.js main.${look("main", 20, hex)}.css`,
    `let alphabet = "${digits}${upper}${lower}"; API_KEY=\${API_KEY} api_key: <your-api-key-1234567890>`,
    `token: "xxxxxxxxxxxxxxxxxxxxxxxxxxxx1234", secret = "${look("mask", 12)}...", apikey=${look("mask2", 8)}********`,
    `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"joe","admin":true}').toString("base64url")}. has no signature`,
  ];
  for (const text of ordinary)
    assert.deepEqual(
      [...secretDetector.detect(text), ...longSecretDetector.detect(text)].map(({ start, end }) =>
        text.slice(start, end),
      ),
      [],
      text,
    );
});

test("tells a token by a prefix that says so, and not what is merely named", () => {
  for (const [token, isOne] of [
    [`acme_live_${random(base62, 24, "a")}`, true],
    [`acme-sk-${random(hex, 48, "b")}`, true],
    [`zvly_${random(hex, 64, "c")}`, true],
    [`zvly_pat_${random(lower + digits, 40, "d")}`, true],
    [`zv_sa_sk_${random(base62, 10, "e")}_${random(base62, 30, "f")}`, true],
    [`${random(base62, 26, "g")}.${random(base62, 27, "h")}.${random(base62, 38, "i")}`, true],
    [`img_${random(hex, 64, "j")}`, false],
    [`file-${random(base62, 24, "k")}`, false],
    [`toolu_${random(base62, 24, "l")}`, false],
    [`module_${random(hex, 40, "m")}`, false],
  ] as const)
    assert.equal(secretDetector.detect(`see ${token} here`).length, isOne ? 1 : 0, token);
});

test("finds what issuers document, in a shell, a URL and a string of code", () => {
  for (const [type, token] of [
    ["openrouter-key", `sk-or-v1-${random(hex, 64, "or")}`],
    ["nvidia-key", `nvapi-${random(base62, 64, "nv")}`],
    ["resend-key", `re_${random(base62, 8, "r1")}_${random(base62, 24, "r2")}`],
    ["brevo-key", `xkeysib-${random(hex, 64, "x1")}-${random(base62, 16, "x2")}`],
    ["xendit-key", `xnd_production_${random(base62, 60, "xn")}`],
    ["midtrans-key", `Mid-server-${random(base62, 24, "mid")}`],
    ["omise-key", `skey_test_${random(lower + digits, 19, "om")}`],
    ["circleci-token", `CCIPAT_${random(base62, 22, "c1")}_${random(hex, 40, "c2")}`],
    ["hubspot-token", `pat-na1-${uuid("hs")}`],
    ["flutterwave-key", `FLWSECK-${random(hex, 32, "fl")}-X`],
    ["tailscale-key", `tskey-auth-${random(base62, 12, "t1")}CNTRL-${random(base62, 32, "t2")}`],
  ] as const)
    for (const text of [`export A=${token}`, `https://h/?a=${token}&b`, `f("\\n${token}")`, `x:${token}`]) {
      const found = secretDetector.detect(text).map(({ detector, start, end }) => [detector, text.slice(start, end)]);
      assert.deepEqual(found, [[`secret/${type}`, token]], text);
    }
});

test("finds addresses that call, names in other scripts, parameters of a URL, and passwords by position", () => {
  for (const [secret, text] of [
    [random(base62, 24, "hook"), "https://hooks.h.example/hooks/catch/12345/@"],
    [random(lower + digits, 26, "mm"), "POST https://chat.example/hooks/@"],
    [random(base62, 24, "zh"), "密钥：@"],
    [random(hex, 32, "th"), "คีย์: @"],
    [random(base62, 32, "vi"), "khóa: @"],
    [random(hex, 32, "q"), "https://api.weather.example/v1?q=here&appid=@"],
    [random(base62, 14, "p1"), `mysqli_connect("db", "shop", "@")`],
    [random(base62, 14, "p2"), `requests.get(u, auth=('joe', '@'))`],
    [`${random(hex, 32, "lm")}:${random(hex, 32, "nt")}:::`, "Administrator:500:@"],
  ] as const) {
    const start = text.indexOf("@");
    const whole = text.replace("@", () => secret);
    const found = secretDetector.detect(whole).map((finding) => [finding.start, finding.end]);
    assert.deepEqual(found, [[start, start + secret.length]], whole);
  }
  const commit = `https://h.example/a/b-Trigger-Plugin/commit/${random(hex, 40, "c")}`;
  assert.deepEqual(secretDetector.detect(`[this commit](${commit})`), []);
});

test("finds a value of thousands of signs under the name of a credential", () => {
  const value = random(`${base62}-_.`, 3000, "long");
  assert.equal(longSecretDetector.detect(`zenvolly_token = ${value}\n`).length, 1);
  assert.equal(longSecretDetector.detect(`zenvolly_image = ${value}\n`).length, 0);
});

test("keeps its laws whatever is joined to what", () => {
  const piece = fc.oneof(
    fc
      .tuple(
        fc.constantFrom(...Object.values(forms)),
        fc.constantFrom(...Object.values(names)),
        fc.constantFrom(...Object.values(draws)),
        fc.nat(50),
      )
      .map(([write, name, draw, seed]) => write(name, draw(seed.toString()))),
    fc.stringMatching(/^[A-Za-z0-9_.=~%&;"\\/-]{1,60}$/),
    fc.nat(700).map((length) => random(`${base62}.=_-`, length, "piece")),
    fc.constantFrom("key: ", "value=", "&quot;", "%3D", "\\u0022", "datadog-", "token\n", "密钥：", "=".repeat(30)),
  );
  const texts = fc
    .array(fc.tuple(piece, fc.constantFrom("", " ", "\n")), { maxLength: 8 })
    .map((parts) => parts.flat().join(""));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 8, maxLength: 16 }), fc.nat(200), (text, cuts, from) => {
      for (const detector of [secretDetector, longSecretDetector]) {
        assertWellFormed(detector, text);
        assertSettledBeforeOpen(
          detector,
          text,
          cuts.map((cut) => cut % (text.length + 1)),
        );
      }
      assertLocal(secretDetector, `${text} ${"lorem ipsum dolor ".repeat(64)}${text}`, from % (text.length + 1));
    }),
    { numRuns: 300 },
  );
});

test("a token that stands for a value is no secret; under a name that says so it is", () => {
  const token = formatToken("sg-nric", createHash("sha256").update("a value").digest().subarray(0, 30));
  assert.deepEqual(secretDetector.detect(`Who is ${token}?`), []);
  assert.equal(secretDetector.detect(`password = ${token}`).length, 1);
});
