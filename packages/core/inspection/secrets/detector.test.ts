import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanDetector } from "../finding.ts";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { secretDetector } from "./detector.ts";
import { longSecretDetector } from "./long.ts";
import { random } from "./testing/forms.ts";

const lower = "abcdefghijklmnopqrstuvwxyz";
const base62 = `${lower}${lower.toUpperCase()}0123456789`;
const hex = "0123456789abcdef";
const upperDigits = `${lower.toUpperCase()}234567`;

const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;
const jwtPart = (text: string): string => Buffer.from(text).toString("base64url");
const jwt = `${jwtPart('{"alg":"HS256","typ":"JWT"}')}.${jwtPart('{"sub":"1234567890","name":"x"}')}.${random(base62, 43, "jwt")}`;

/** What is found, and the text around it: `@` stands for the secret. */
const found: readonly (readonly [type: string, secret: string, text: string])[] = [
  ["aws-access-key", `AKIA${random(upperDigits, 16, "aws")}`, "aws_access_key_id = @\n"],
  ["credential", random(`${base62}/+`, 40, "aws2"), "aws_secret_access_key = @\n"],
  [
    "github-token",
    `ghp_${random(base62, 36, "gh")}`,
    "git clone https://@:x-oauth-basic@github.com/a/b".replace(":x-oauth-basic@github.com/a/b", ""),
  ],
  ["gitlab-token", `glpat-${random(base62, 20, "gl")}`, "GITLAB_TOKEN=@"],
  [
    "slack-token",
    `xoxb-${random("0123456789", 12, "s")}-${random("0123456789", 12, "t")}-${random(base62, 24, "u")}`,
    "token: @",
  ],
  ["stripe-key", `sk_live_${random(base62, 24, "st")}`, 'stripe("@")'],
  ["anthropic-key", `sk-ant-api03-${random(base62, 93, "an")}AA`, "ANTHROPIC_API_KEY='@'"],
  ["openai-key", `sk-proj-${random(base62, 48, "oa")}`, "export OPENAI_API_KEY=@"],
  ["huggingface-token", `hf_${random(lower + lower.toUpperCase(), 34, "hf")}`, "login(token='@')"],
  ["npm-token", `npm_${random(base62, 36, "npm")}`, "//registry.example/:_authToken=@"],
  ["sendgrid-key", `SG.${random(base62, 22, "sg")}.${random(base62, 43, "sg2")}`, "(@)"],
  ["telegram-token", `${random("123456789", 10, "tg")}:AA${random(base62, 33, "tg2")}`, "bot @ runs"],
  ["azure-client-secret", `${random(base62, 3, "az")}8Q~${random(base62, 34, "az2")}`, '"clientSecret": "@"'],
  [
    "credential",
    `${random(`${base62}+/`, 86, "acc")}==`,
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=@;EndpointSuffix=core.windows.net",
  ],
  ["jwt", jwt, "cookie session=@; path=/"],
  ["credential", random(hex, 40, "gitalk"), String.raw`'clientSecret: \\\'@\\\','`],
  ["password", "specialbill_user", '"Provider=SQLOLEDB.1;User ID=bill_user; " & "Password =@;Initial Catalog=BILLS"'],
  ["token", `live_126031192_${random(base62, 30, "tw")}`, "stream to @ now"],
  ["private-key", pem.trim(), "the key:\n@\nkeep it"],
  ["url-password", "Tr0ub4dor&3", "postgresql://app:@@db.internal:5432/app"],
  ["url-password", "s3cr3t!", "redis://:@@cache:6379/0"],
  ["password", "hunter2hunter", "DB_PASSWORD=@"],
  ["password", "Tr0ub4dor&3", 'password = "@"'],
  ["password", "open-sesame-9", "{ user: 'joe', password: '@' }"],
  ["password", "Vault!2024", "Server=db;User Id=sa;Password=@;Encrypt=true"],
  ["password", "pass123word", "machine raw.example.com\n  login joe\n  password @"],
  ["password", "Gl1mmer!ng", "kata laluan: @"],
  ["password", "Mu0nNam#", "mật khẩu là @"],
  ["password", "d2LkV78zLx!t", "curl -u admin:@ https://h/x"],
  ["authorization", random(hex, 32, "bearer"), 'curl -H "Authorization: Bearer @" https://h'],
  ["credential", random(base62, 32, "generic"), "acme_api_key: @"],
  ["credential", random(hex, 40, "generic2"), 'const clientSecret = "@";'],
  ["credential", random(base62, 24, "q"), "GET https://h/v1?access_token=@&x=1"],
  ["token", `acme_live_${random(base62, 32, "pfx")}`, "use @ for that"],
  ["password-hash", `$2b$12$${random(base62, 53, "bc")}`, "joe:@:1000"],
  ["password", "opensesame", "user = aladdin\n; comment\npassword = @\n"],
  ["password", "H7IKC85R#@4$", "Ldap user       ----   joe\nLdap password   ----   @"],
  ["credential", "open-sesame", "if creds.Secret != '@' {"],
  ["credential", random("0123456789abcdefABCDEF", 40, "sg"), "sourcegraph: @"],
  ["credential", random(hex, 32, "dd"), "DATADOG_KEY=@"],
  ["credential", random(base62, 32, "hump"), "geocoderKey: '@'"],
  ["credential", random(hex, 40, "boxkey"), "box-key = @"],
  ["vault-token", `b.AAAAAQ${random(`${base62}-_`, 180, "vb")}`, "vault @"],
  ["thingsboard-token", `thingsboard.cloud/api/v1/${random(base62, 20, "tb")}`, "https://@/telemetry"],
  ["password", "Rrhh1234", 'new DirectoryEntry("LDAP://DC.LOCAL", "joe@dc.local", "@");'.replace("joe@dc", "joe.dc")],
  [
    "pypi-token",
    `pypi-AgEI${random(base62, 60, "py")}8fakE2${random(base62, 60, "py2")}`,
    "password: @ # a word within random signs is chance",
  ],
  ["age-key", `AGE-SECRET-KEY-1${random("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58, "age")}`, "@"],
];

const both: SpanDetector = {
  ...longSecretDetector,
  detect: (text) =>
    [...secretDetector.detect(text), ...longSecretDetector.detect(text)].toSorted((a, b) => a.start - b.start),
  openFrom: (text) => Math.min(secretDetector.openFrom(text), longSecretDetector.openFrom(text)),
};

test("finds credentials of each kind: the secret alone, and nothing else", () => {
  for (const [type, secret, text] of found) {
    const start = text.indexOf("@");
    const whole = text.replace("@", () => secret);
    const findings = both.detect(whole).map((finding) => [finding.detector, finding.start, finding.end]);
    assert.deepEqual(findings, [[`secret/${type}`, start, start + secret.length]], whole);
  }
});

test("leaves placeholders, references, code and ordinary text alone", () => {
  const ordinary = [
    "password = os.environ['DB_PASSWORD']; token = get_token(); secret: ${{ secrets.X }}",
    'password: "<your password>", api_key: "YOUR_API_KEY", token="xxxxxxxxxxxxxxxxxxxx"',
    "PASSWORD=$DB_PASSWORD; TOKEN=%TOKEN%; KEY={{ key }}; curl -u $USER:$PASS https://h",
    "The password must be at least 12 characters. Forgot your password? Reset password: click here.",
    "max_tokens: 4096, tokenizer = AutoTokenizer, next_token: CAESBQ, csrf_token is checked",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 and id 123e4567-e89b-12d3-a456-426614174000",
    "import { secretKeys } from './keys.ts'; const passwordField = 'password'; type Token = string;",
    "https://example.com/path:8080/x@y and mailto:joe@example.com, http://host:80/a@b",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
    "the secret of a good token economy is patience; keyboard: qwerty, key: value",
    "jdbc:postgresql://localhost:5432/db?user=x&password=",
    'password "SOME_PASSWORD"; pwd = "my_password"; login = "application:" + key; usernamePassword = "application:" + key',
    "OKTA_API_KEY=00abcdefghijklmnopqrstuvwxyz0123456789ABCD; SLACK=xox" +
      "p-572370529330-573807301142-572331691188-####",
    "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29x is the text before the key",
    "github: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b is the commit, gitlab: release-notes-for-the-spring-of-2026",
    'cacheKey = "9f86d081884c7d659a2feaa0c55ad015"; if (rootKey === "metadata") next(); monkey: none; primary_key: 42',
    'user = getUser()\npassword = prompt\n; if (token === "end-of-statement") return;',
    "| name | kind |\n| password | string |\n| token | text |",
  ];
  for (const text of ordinary)
    assert.deepEqual(
      both.detect(text).map(({ detector, start, end }) => `${detector} ${text.slice(start, end)}`),
      [],
      text,
    );
});

const planted = found.map(([, secret, text]) => text.replace("@", () => secret));
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...planted) },
  { weight: 2, arbitrary: fc.lorem({ maxCount: 5 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z0-9+/=_:@.$"'-]{1,40}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "password",
      "token = ",
      "-----BEGIN ",
      "RSA PRIVATE KEY-----",
      "-----END",
      "://",
      "\n",
      "Bearer ",
    ),
  },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", "\n", "", ": ", '"')), { maxLength: 8 })
  .map((parts) => parts.flat().join(""));

test("is settled before openFrom, whatever the text and wherever it is cut", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 8, maxLength: 24 }), (text, cuts) => {
      for (const detector of [secretDetector, longSecretDetector]) {
        assertWellFormed(detector, text);
        assertSettledBeforeOpen(
          detector,
          text,
          cuts.map((cut) => cut % (text.length + 1)),
        );
      }
    }),
    { numRuns: 400 },
  );
});

test("depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(200), (before, after, from) => {
      for (const detector of [secretDetector, longSecretDetector]) {
        const filler = "lorem ipsum dolor ".repeat(Math.ceil((detector.maxSpan * 1.1) / 18));
        assertLocal(detector, before + filler + after, from % (before.length + 1));
      }
    }),
    { numRuns: 60 },
  );
});

test("waits for the end of a key block and of the last word only", () => {
  const held = (text: string): string => text.slice(both.openFrom(text));
  assert.equal(held("We looked at the results of last ye"), "ye");
  const half = pem.slice(0, 120);
  assert.equal(held(`key:\n${half}`), half);
  assert.equal(held("key:\n-----BEGIN RSA"), "-----BEGIN RSA");
  assert.equal(held(`key:\n${pem}done `), "");
});

test("covers a key block that has no end, up to its bound", () => {
  const endless = `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEpAIBAAKCAQEA7+Zq\n".repeat(1000)}`;
  const [finding] = longSecretDetector.detect(endless);
  assert.equal(finding?.detector, "secret/private-key");
  assert.equal(finding?.end, 8192);
});

test("reads what a full-width colon announces, and a password that is attached to its option", () => {
  for (const [text, value] of [
    ["密码：Mima@2024x9", "Mima@2024x9"],
    ["mysql -u root -pS3cr3tPw99 shop", "S3cr3tPw99"],
    ["mysqldump --host db -p'Xk9!mmQ2z' shop", "Xk9!mmQ2z"],
    ["mysql -u root -p shop", ""],
    ["mkdir -p2024-reports", ""],
    ["mysql -p$MYSQL_PASSWORD shop", ""],
    ["密码：请输入", ""],
  ] as const) {
    const values = secretDetector.detect(text).map(({ start, end }) => text.slice(start, end));
    assert.deepEqual(values, value === "" ? [] : [value], text);
  }
});
