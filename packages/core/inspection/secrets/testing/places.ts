/**
 * Where passwords and keys stand in code, chats, lists and tables, place by place, and what looks like that and holds none. In:
 * nothing. Out: texts with a secret's place marked, and texts without one.
 */
import { base62, random, upper, type Form } from "./forms.ts";

const lower = upper.toLowerCase();
const digits = "0123456789";
const hex = `${digits}abcdef`;
const base64 = `${base62}+/`;
const url64 = `${base62}-_`;
const strong = "Tr0ub4dor&3";
const mixed = "Winter2024x";
const encoded = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const uuid = (seed: string): string => [8, 4, 4, 4, 12].map((length) => random(hex, length, seed + length)).join("-");

const code: readonly Form[] = [
  ["password", mixed, 'def connect(host, passwd: str = "¤"):'],
  ["password", mixed, 'val password: String = "¤", // of the test'],
  ["password", mixed, "private readonly password?: string = '¤';"],
  ["password", strong, 'PASSWORD = os.environ.get("PASSWORD") or "¤"'],
  ["password", strong, "const pw = process.env.DB_PASSWORD || '¤';"],
  ["password", strong, "const pw = config.password ?? '¤';"],
  ["password", mixed, "DB_PASSWORD ?= ¤\n"],
  ["password", strong, 'os.getenv("DB_PASSWORD", "¤")'],
  ["password", strong, "env('MAIL_PASSWORD', '¤'),"],
  ["password", mixed, 'client.login("joe", "¤")'],
  ["password", mixed, "ssh.connect('h.example', 22, 'joe', '¤')"],
  ["password", mixed, 'creds = ("joe", "¤")'],
  ["password", mixed, 'driver.find_element(By.ID, "password").send_keys("¤")'],
  ["password", mixed, "cy.get('#password').type('¤')"],
  ["password", "S3cr!t;Pw9", "Driver={ODBC Driver 17 for SQL Server};Server=db;UID=sa;PWD={¤};"],
  ["password", encoded(mixed), '<Pass encoding="base64">¤</Pass>'],
  ["password", random(base62, 24, "mysqlpass"), "MYSQLPASS: ¤\n"],
  ["private-key", random(url64, 43, "jwk"), `{"kty":"EC","crv":"P-256","x":"${random(url64, 43, "x")}","d":"¤"}`],
  ["credential", `u@D7GXt)t>8d(LtH^lv9<g_`, 'acme_secret: "¤"'],
];

const chats: readonly Form[] = [
  ["password", strong, "u: admin p: ¤"],
  ["password", mixed, "User: joe, p: ¤"],
  ["password", strong, "ID: joe / PW: ¤"],
  ["password", strong, "username:joe/password:¤"],
  ["password", mixed, "ssh to 10.0.0.7 (pw:¤)"],
  ["password", mixed, "id/pw: joe/¤"],
  ["password", mixed, "The password for the staging box is ¤, and please rotate it."],
  ["password", mixed, "password of joe's laptop: ¤\n"],
  ["password", mixed, "pass: ¤"],
  ["password", mixed, "pw=¤"],
  ["password", mixed, "**Password**: `¤`"],
  ["password", mixed, "*Password:* ¤"],
  ["password", mixed, "Password: <b>¤</b>"],
  ["password", mixed, "Password → ¤"],
  ["password", mixed, "Password - ¤\n"],
  ["password", mixed, "<tr><td>Password</td><td>¤</td></tr>"],
  ["password", mixed, "Username\njoe\nPassword\n¤\n"],
  ["password", mixed, "username: joe\npassword:\n  ¤\n"],
  ["password", strong, "joe@example.com:¤\n"],
  ["password", strong, "host 10.0.0.7\nadmin:¤\n"],
  ["password", "Winter2024!", "net user joe ¤ /add"],
  ["password", mixed, "cmdkey /add:h /user:joe /pass:¤"],
];

const tokens: readonly Form[] = [
  ["token", `acme_production_${uuid("prod")}`, "use ¤ there"],
  ["token", `acme_live_${random(base62 + digits + digits, 20, "short live")}`, "use ¤ there"],
  [
    "token",
    `${encoded("419862248347192524").replace(/=+$/, "")}.${random(url64, 6, "dc")}.${random(url64, 27, "dc2")}`,
    "bot ¤",
  ],
  ["token", encoded(`926607655526:${random("\u0080\u00ff\u00f4\u00b1\u009c", 20, "pat")}`), "with ¤ today"],
  ["token", `${random("123456789", 19, "tw")}-${random(base62, 40, "tw2")}`, "as ¤ posts"],
  ["sanctum-token", `12|${random(base62, 40, "sanctum")}`, "token ¤\n"],
  ["azure-key", `${random(base62, 42, "acr")}+ACRB${random(base62, 5, "acr2")}`, "docker login -u x ¤"],
  ["azure-key", `${random(base62, 76, "cosmos")}ACDb${random(base62, 6, "cosmos2")}==`, "AccountKey=¤;"],
  [
    "telegram-token",
    `${random("123456789", 10, "bot")}:AA${random(base62, 33, "bot2")}`,
    "https://api.telegram.org/bot¤/sendMessage",
  ],
  ["webhook", random(lower + digits, 32, "make"), "https://hook.eu1.make.example/¤"],
  ["nats-seed", `SUA${random(`${upper}234567`, 55, "nats")}`, "nats -s ¤"],
  ["fleetbase-key", `flb_live_${random(base62, 20, "flb")}`, "¤"],
  ["credential", random(hex, 32, "glued"), "infuraKEYwithcare-¤"],
  ["credential", random(hex, 40, "forty"), "wandb ¤"],
  ["credential", random(digits, 28, "digits"), "browshot SECRET ¤"],
  ["credential", random(base62, 32, "default"), "datadog ||= '¤'"],
  ["credential", uuid("within"), "graphhopper_access_key_prod-¤"],
];

/** All of them. */
export const places: readonly Form[] = [...code, ...chats, ...tokens];

const sql = "INSERT INTO users (id,name,password)\nVALUES (1,'joe','¤'),\n(2,'ann','x');";

/** Tables that name what is in a column once. */
export const tables: readonly Form[] = [
  ["password", mixed, "user,password\njoe,¤\n"],
  ["password", mixed, 'host;user;password;note\nh;joe;"¤";of the shop, mostly\n'],
  ["password", strong, "email\tPassword\tplan\njoe@h.example\t¤\tfree\n"],
  ["password", mixed, "| User | Password |\n| --- | --- |\n| joe | `¤` |\n"],
  ["password", mixed, "name,temporary_password\r\njoe,¤\r\n"],
  ["password", random(base62, 24, "column"), "service,api_key\nacme-mail,¤\n"],
  ["password", strong, sql],
];

export const placeTwins: readonly string[] = [
  "password: string = 'required'; password?: string; passwd: str = None; password: Optional[str] = Field(None)",
  "const password = input.value || 'Please enter it'; os.getenv('DB_PASSWORD', 'required'); token = x or 'none'",
  'client.login("joe", "profile-page"); connect("a", "b", "c"); authenticate("user", "dashboard/index")',
  'page.get("#password").type("text"); find("password").fill("not set")',
  "PWD={path}; PWD={PASSWORD}; Server=db;Uid=sa;Pwd={password};",
  "see /docs/pw: it says how; GET /user/password:reset; https://h.example/login/password=1",
  "The password for the site must be at least 8 characters. The password of a user is hashed with SHA256.",
  "p: the probability, u: the mean; for u: 0.5, p: 0.95; user: joe p: none",
  "Password - at least 8 characters, no words\nPassword → see the vault\n**Password**: `required`",
  "Password\nForgot your password?\n\n## Password\n\nOAuth2Token is another way.\nPassword\n2024-05-01\n",
  "<td>Password</td><td>required</td><td>Token</td><td>OAuth2</td>; Password: <b>required</b>",
  "git@github.com:acme/repo-Name2.git\njoe@h.example.com:/srv/backup2024.tar\nadmin: see below\nroot:x:0:0:root:/root:/bin/sh",
  "net user numbers 2,500 were added; net user growth 20% and net user joe /add",
  "bypass: Version2Build7; COMPASS: N42E13x9Q; first pass: conv and pool",
  "order 12|a3f1 | 7|table cell | 1|9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
  `github ${random(hex, 40, "sha")}, terraform: ${random(hex, 40, "sha2")}, docker ${random(hex, 64, "sha3")}`,
  `test_${uuid("pod")} and user_${uuid("user")}, event-${uuid("event")}`,
  `{"x": "${random(url64, 43, "px")}", "d": "${random(lower, 8, "pd")}"}, {"n":"q-${random(url64, 84, "n")}","kid":"a"}`,
  `ThatIsNoTokenOfDiscord.atAll12.becauseItsFirstPartIsNoNumberOfAnybody; NumberedPairsHaveNoSuchWordsInThemAtAll42`,
  // Tables.
  "token,lemma,tag\nB2B,b2b,NOUN\ninternationalization2,x,y\n",
  "| Field | Password policy |\n|---|---|\n| length | Winter2024x |\n",
  "| Name | Password |\n|---|---|\n| kind | string |\n| is | required |\n| of | `<your password>` |\n",
  "user,password\njoe,$PASSWORD\nann,changeme\n\nelsewhere,Winter2024x\n",
  "user,password_hash,last password change\njoe,bcrypt12Xy,2024-05-01T10:22:33Z\n",
  "const x = {user,password}\nlogin(user,Winter2024x)\n",
  "the first line, with a password,\nand Winter2024x, in the second\n",
  `key,sha256\n${random(hex, 8, "k")},${random(hex, 64, "s")}\n`,
  `"${random(base64, 43, "integrity")}=",password\n`,
];
