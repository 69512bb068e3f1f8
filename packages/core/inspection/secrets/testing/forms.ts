/**
 * How people write secrets down, form by form, and what looks like that and holds none. In: nothing. Out: texts with a secret's place
 * marked, and texts without one.
 */
import { createHash } from "node:crypto";

/** Characters that look random and are the same in every run: nothing in this file is a credential. */
export function random(alphabet: string, length: number, seed: string): string {
  let out = "";
  for (let block = 0; out.length < length; block++)
    for (const byte of createHash("sha256").update(`${seed} ${block}`).digest())
      out += alphabet.charAt(byte % alphabet.length);
  return out.slice(0, length);
}
const lower = "abcdefghijklmnopqrstuvwxyz";
export const upper = lower.toUpperCase();
const digits = "0123456789";
const hex = `${digits}abcdef`;
export const base62 = lower + upper + digits;
const base64 = `${base62}+/`;
const url64 = `${base62}-_`;
const encoded = (text: string): string => Buffer.from(text).toString("base64");
const part = (text: string): string => Buffer.from(text).toString("base64url");
const uuid = (seed: string): string => [8, 4, 4, 4, 12].map((length) => random(hex, length, seed + length)).join("-");
const lines = (count: number, seed: string): string =>
  Array.from({ length: count }, (_, at) => random(base64, 64, `${seed}${at}`)).join("\n");

const signs = `${base62}!#%^*|,;(){}~[]?-!#%^*|,;(){}~[]?-`;

/** What people think of: a word, and a word with a number in it. */
const word = "opensesame";
export const chosen = "hunter2horse";

export type Form = readonly [type: string, secret: string, text: string];

/** The secret stands where `¤` is. */
const files: readonly Form[] = [
  ["password", word, "localhost:5432:*:postgres:¤\n"],
  ["password", chosen, "db.internal:5433:shop:app_user:¤\nother:5432:x:y:$PW\n"],
  ["password", word, "machine ftp.example.org login joe password ¤\n"],
  ["password", "s3same-open", "machine h\n  login joe\n  password ¤\n"],
  ["password", chosen, "[client]\nuser = root\npassword = ¤\n"],
  ["credential", encoded(`joe:${chosen}9`), "_auth=¤\n"],
  ["password", chosen, "[pypi]\nusername: joe\npassword: ¤\n"],
  [
    "credential",
    encoded(`joe:${chosen}9`),
    '{"auths":{"https://r.example/v1/":{"auth":"¤","email":"joe@example.com"}}}',
  ],
  [
    "registry-login",
    encoded(`{"auths":{"r.example":{"auth":"${encoded(`joe:${chosen}9`)}"}}}`),
    "  .dockerconfigjson: ¤\n",
  ],
  ["password-hash", `{SHA}${random(base64, 27, "sha")}=`, "joe:¤\n"],
  ["password-hash", `$y$j9T$${random(base62, 22, "y1")}$${random(base62, 43, "y2")}`, "root:¤:19000:0:99999:7:::"],
  ["password-hash", random(hex, 32, "nt"), "NTLM: ¤"],
  ["password-hash", random(hex, 40, "ph"), '"password_hash": "¤",'],
  ["password", word, "requirepass ¤\n"],
  ["password", "0822455D0A16", "username joe password 7 ¤\n"],
  ["password", "hunter2Horse", "snmp-server community ¤ RO\n"],
  ["password", word, 'network={\n  ssid="x"\n  psk="¤"\n}'],
  ["password", word, '10.0.0.1 %any : PSK "¤"'],
  ["jenkins-secret", `AQAAABAAAAAQ${random(base64, 42, "jk")}=`, "<secret>{¤}</secret>"],
  ["credential", random(base62, 32, "jk2"), "<secret>{acme AQAAABAAA ¤}</secret>"],
];

const settings: readonly Form[] = [
  ["password", chosen, '{"user":"joe","pass":"¤"}'],
  ["password", word, '{"user":"joe","pass":"¤"}'],
  ["password", word, "user: joe\npass: ¤\n"],
  ["password", word, "db:\n  username: joe\n  password: ¤\n"],
  ["password", word, "<username>joe</username><password>¤</password>"],
  ["password", "Hunter2horse", "<Password><Value>¤</Value><PlainText>true</PlainText></Password>"],
  ["password", chosen, "<key>password</key>\n<string>¤</string>"],
  ["password", word, "spring.datasource.url=x\nspring.datasource.password=¤\n"],
  ["password", word, "jdbc:postgresql://h:5432/d?user=joe&password=¤"],
  ["password", "tiger99x", "jdbc:oracle:thin:scott/¤@//h:1521/orcl"],
  ["password", word, "environment:\n  POSTGRES_USER: joe\n  POSTGRES_PASSWORD: ¤\n"],
  ["password", chosen, "env:\n  - name: DB_PASSWORD\n    value: ¤\n"],
  ["password", word, '"environment": [{"name": "DB_PASSWORD", "value": "¤"}]'],
  ["password", chosen, "ENV DB_PASSWORD ¤\n"],
  ["password", word, 'variable "db_password" {\n  type = string\n  default = "¤"\n}'],
  ["password", word, "helm install x y --set auth.rootPassword=¤ --set a=b"],
  ["password", word, "h ansible_host=10.0.0.1 ansible_user=joe ansible_ssh_pass=¤ ansible_port=22"],
  ["password", word, "define('DB_PASSWORD', '¤');"],
  ["password", chosen, 'props.put("mail.smtp.password", "¤");'],
  ["password", word, 'ds.setPassword("¤");'],
  ["password", word, '#define WIFI_PASSWORD "¤"'],
  ["password", chosen, "ALTER ROLE joe WITH LOGIN PASSWORD '¤';"],
  ["password", "Hunter2!horse", "CREATE LOGIN joe WITH PASSWORD = N'¤', CHECK_POLICY = ON"],
  ["password", chosen, "CREATE USER joe IDENTIFIED BY '¤';"],
  ["credential", encoded("hunter2horse"), "kind: Secret\nmetadata:\n  name: db\ndata:\n  db-conn: ¤\n"],
  ["credential", random(base62, 24, "list"), '"tokens": ["unset-token", "¤"]'],
  ["credential", random(lower, 24, "letters"), 'acme_secret = "¤"'],
  ["credential", random(hex, 12, "shorthex"), 'acme_token = "¤"'],
  ["credential", `${uuid("uh")}-${random(hex, 12, "uh2")}`, "acme_secret: ¤"],
  ["credential", random(hex, 16, "hex16"), 'zenvolly_key = "¤"'],
  ["credential", uuid("glued"), "zenvollyaccess ¤"],
  ["credential", random(hex, 32, "quoted"), "packagecloud '¤'"],
  ["credential", `12345678:${random(hex, 32, "pair")}`, "acme_token=¤"],
];

/** Values with a mark in them that ends others: a quote that is escaped, what parts words where a line or an element holds one alone. */
const whole: readonly Form[] = [
  ["password", String.raw`Xk9!\"mmQ2zz`, '{"password":"¤","next":1}'],
  ["password", String.raw`Xk9!\\\"mmQ2zz`, String.raw`{"a":"{\"password\":\"¤\",\"b\":1}"}`],
  [
    "password",
    String.raw`Xk9!\\\\\\\"mmQ2zz`,
    String.raw`{"a":"{\"b\":\"{\\\"password\\\":\\\"¤\\\",\\\"c\\\":1}\"}"}`,
  ],
  ["password", String.raw`Xk9!mmQ2\\`, '{"password":"¤","next":"x"}'],
  ["password", String.raw`Xk9!\"mmQ2zz`, '{"password":"¤'],
  ["password", String.raw`Xk9!\'mmQ2zz`, "password = '¤'\n"],
  ["password", String.raw`Xk9!'\''mmQ2zz`, "export PASSWORD='¤'\n"],
  ["password", `Xk9!'"'"'mmQ2zz`, "export PASSWORD='¤' X=1"],
  ["password", String.raw`Xk9mm2\ `.trim(), "password='¤',user='joe'"],
  ["password", String.raw`Xk9mm2\ `.trim(), "password='¤' and more"],
  ["password", String.raw`four \"blue\" horses 9 dogs`, 'passphrase: "¤"\n'],
  ["password", String.raw`four \\\"blue\\\" horses 9 dogs`, String.raw`{"a":"{\"passphrase\":\"¤\"}"}`],
  ["password", String.raw`four horses 9 dogs\ `.trim(), "psk='¤'\n"],
  ["password", String.raw`Xk9!\"mmQ2zz`, 'requests.get(u, auth=("joe", "¤"))'],
  ["password", String.raw`Xk9!\"mmQ2zz`, 'mysqli_connect("h", "joe", "¤")'],
  ["password", String.raw`Xk9!mmQ2zz\ `.trim(), "mysqli_connect('h', 'joe', '¤','shop')"],
  ["password", String.raw`Xk9!\'mmQ2zz`, "INSERT INTO users (name, password) VALUES ('joe', '¤');"],
  ["password", "AEJ8ah,nVmA6L7q", "DB_PASSWORD=¤\nDB_NAME=shop\n"],
  ["password", "AEJ8ah,nVmA6L7q", "DB_PASSWORD=¤"],
  ["password", "AE,J8ahnVmA6L7q", "DB_PASSWORD=¤\n"],
  ["password", "AEJ8ah;nVmA6L7q", "export DB_PASSWORD=¤\n"],
  ["password", "AEJ8ah&nVmA6|L7q<y'z\"w`q", "environment:\n  - DB_PASSWORD=¤\r\n"],
  ["password", "AEJ8ah&amp;nVmA6L7q", "<password>¤</password>"],
  ["password", "AEJ8ah;nVm'A6L7q", "<Password><Value>¤</Value></Password>"],
  // Here the same marks end it.
  ["password", "Abc1234xx", "a=1&password=¤&b=2"],
  ["password", "Abc1234xx", "password=¤&b=2\n"],
  ["password", "Abc1234xx", "password=¤;other=1\n"],
  ["password", "Abc1234xx", "password=¤; other=1"],
  ["password", "Abc1234xx", "    password=¤,\n    user=x\n"],
  ["password", "Abc1234xx", "password=¤,readonly\n"],
  ["password", "Abc1234xx", "PASSWORD=¤;export PASSWORD\n"],
  ["password", "Abc1234xx", "PASSWORD=¤&&run\n"],
  ["password", "Abc1234xx", "set the password=¤,Then go\n"],
  ["password", "Abc1234xx", "password=¤</code>\n"],
];

const commands: readonly Form[] = [
  // What people write to one another.
  ["password", "Tr0ub4dor&3", "creds: admin / ¤"],
  ["password", "Winter2024!", "Staging is up. Credentials: svc_backup:¤, tell me when you are in."],
  ["password", chosen + "7", "You can log in with demo/¤ until Friday."],
  ["password", "Spring#2025", "Login: jane.doe@corp.example / ¤\n"],
  ["password", "Zx81spectrum", "user/pass: admin/¤"],
  ["password", "x7K!p2q", "username: admin, pw: ¤"],
  ["password", chosen, "redis-cli -h h -a ¤ ping"],
  ["password", chosen, "ldapsearch -x -D cn=admin,dc=x -w ¤ -b dc=x"],
  ["password", chosen, "keytool -list -keystore k.jks -storepass ¤"],
  ["password", chosen, "smbclient //h/share -U joe%¤"],
  ["password", chosen, "lftp -u joe,¤ ftp.example.org"],
  ["password", "Hunter2horse", String.raw`net use Z: \\h\share /user:joe ¤`],
  ["password", chosen, "useradd -m joe -p ¤"],
  ["password", chosen, "htpasswd -b .htpasswd joe ¤"],
  ["password", "Hunter2horse!", "ConvertTo-SecureString '¤' -AsPlainText -Force"],
  ["password", "tiger99x", "sqlplus scott/¤@orcl"],
];

const addresses: readonly Form[] = [
  [
    "url-signature",
    encodeURIComponent(`${random(base64, 43, "sas")}=`),
    "https://a.example/c?sv=2022-11-02&sp=r&sig=¤",
  ],
  ["url-signature", random(url64, 43, "la"), "https://h.example/paths/invoke?sp=%2Ft&sv=1.0&sig=¤&x=1"],
  ["url-signature", random(hex, 64, "amz"), "https://b.example/k?X-Amz-Expires=900&X-Amz-Signature=¤"],
  ["webhook", random(url64, 43, "reset"), "https://h.example/password/reset/¤"],
  ["zapier-webhook", "hooks.zapier.com/hooks/catch/1234567/d6dd7gq", "POST https://¤"],
  ["healthchecks-ping", `hc-ping.com/${uuid("hc")}`, "curl https://¤"],
];

const sessions: readonly Form[] = [
  ["session", random(lower + digits, 26, "php"), "Cookie: theme=dark; PHPSESSID=¤; lang=en"],
  ["session", random(`${digits}ABCDEF`, 32, "java"), "Cookie: JSESSIONID=¤"],
  ["session", random(base62, 120, "lara"), "Cookie: laravel_session=¤"],
  ["session", random(hex, 32, "doc"), 'document.cookie = "auth_session=¤; path=/"'],
];

const tokens: readonly Form[] = [
  [
    "jwe",
    `${part('{"alg":"dir","enc":"A256GCM"}')}..${random(url64, 16, "e1")}.${random(url64, 200, "e2")}.${random(url64, 22, "e3")}`,
    "t=¤",
  ],
  ["jwt", `${part('{ "alg":"RS256" }')}.${part('{ "sub":"joe","exp":1700000000}')}.${random(url64, 342, "j3")}`, "t=¤"],
  ["fernet-token", `gAAAAABm${random(url64, 112, "fn")}`, "x ¤"],
];

const keys: readonly Form[] = [
  [
    "private-key",
    lines(3, "ppk"),
    `PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\n${lines(1, "pub")}\nPrivate-Lines: 3\n¤\nPrivate-MAC: ${random(hex, 40, "mac")}\n`,
  ],
  [
    "private-key",
    lines(3, "ppk2").replaceAll("\n", "\\n"),
    String.raw`"Public-Lines: 0\nPrivate-Lines: 3\n¤\nPrivate-MAC: 00"`,
  ],
  [
    "private-key",
    `-----BEGIN OpenVPN Static key V1-----\n${random(hex, 32, "ov")}\n${random(hex, 32, "ov2")}\n-----END OpenVPN Static key V1-----`,
    "<tls-auth>\n¤\n</tls-auth>",
  ],
  ["private-key", random(base64, 86, "rsad"), "<RSAKeyValue><Exponent>AQAB</Exponent><D>¤</D></RSAKeyValue>"],
];

const phrases: readonly Form[] = [
  ["seed-phrase", "letter advice cage absurd amount doctor acoustic avoid letter advice cage above", "mnemonic: ¤\n"],
  ["seed-phrase", "legal winner thank year wave sausage worth useful legal winner thank yellow", 'seed_phrase = "¤"'],
  ["password", "correct horse battery staple", '{"passphrase": "¤"}'],
  ["password", "hunter2 horse9", 'ssid="x"\npsk="¤"'],
  ["password", "open sesame", "user = 'Aladdin'\npassword = '¤'\n"],
  ["password", `aB3]${random(signs, 28, "wp")} ${random(signs, 31, "wp2")}`, "define('AUTH_KEY',         '¤');"],
];

/** All of them. */
export const forms: readonly Form[] = [
  ...[files, settings, whole, commands, addresses, sessions, tokens, keys, phrases].flat(),
];

/** A form with its secret in place. */
export function written([, secret, text]: Form): string {
  return text.replace("¤", () => secret);
}

export const twins: readonly string[] = [
  // What a mark ends, and what follows it on the line.
  "f(password=abc12345x, x=1); password=foo,bar(baz)\npassword=args.user,args.host\npassword=input('it'),1\n",
  // What people write to one another.
  "login: see the wiki / ask Bob. Credentials: username / password. creds: AWS / GCP",
  "login: admin / user roles; sign in as guest / member; log in with SSO/SAML2 or Google/OAuth",
  "credentials: github.com/team42-infra, login: host.example.com:8443, login: 10:30 am/12:15 pm",
  "log in with github/acme-corp;v2, credentials: read/write-only;2024, sign in with name/first.last,2nd floor",
  "login: 2024-05-01T10:22:33Z ok; login: GET/users-list.v2; login:user/index.html?x=1; log in via portal:Monday-9am.",
  "login page/sign-up2, or log in with ssh/ed25519-key",
  "login: POST /oauth2x/token and GET /login/v2session; sign in with name/$PASSWORD",
  // Files.
  "localhost:5432:8080:tcp:open\n::1:5432: listening\nhttp://localhost:5432:*: refused",
  "machine learning: login page, password field. The machine stops at login prompt password entry.",
  "username: string\npassword: required\nuser: joe\npassword: $DB_PASSWORD\npass: {{ pass }}",
  `_auth=\${NPM_AUTH}\nauth: ${encoded("this is plain text about auth")}`,
  '{"password_hash": "bcrypt", "hash": "sha256", "ntlm": true, "lm_hash_enabled": "no"}',
  "requirepass is a directive; masterauth <password>\nrequirepass $REDIS_PASSWORD\n",
  "username joe password 8 characters or more; password 7 days old; line password 0 means clear text",
  "snmp-server community strings are no passwords",
  `<commit>${random(hex, 40, "commit")}</commit><sha256>${random(hex, 64, "sha")}</sha256><id>${uuid("id")}</id>`,
  // Settings.
  '{"pass": "shadow", "passes": "two", "passed": true}, {"name": "render", "pass": "main"}',
  "label.username=User\nlabel.password=Password\nlogin.password=Kennwort\nuser: Benutzer\npassword: Passwort",
  '<label for="password">Secret word</label><th>Password</th><td class="password">strongly</td>',
  '<input type="password" value="" placeholder="choose one"><password required="true"/><password></password>',
  "self.password = password; this.user.password=hashed; opts.password=getpass(); user.password = newPassword",
  "env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef: {name: db, key: password}\n",
  '"environment": [{"name": "DB_PASSWORD", "value": "${DB_PASSWORD}"}]',
  "ENV PASSWORD_FILE /run/secrets/db\nENV DB_PASSWORD $PW\nARG DB_PASSWORD\n",
  'variable "db_password" {\n  type = string\n  sensitive = true\n}\nvariable "region" { default = "eu-west-1" }',
  "define('DB_PASSWORD', getenv('DB_PASSWORD')); gettext('password', 'Enter'); label(\"password\", \"Your word\")",
  'form.setPassword(""); field.setPasswordHint("the usual"); page.fill("password", value)',
  "GRANT ALL ON db TO joe IDENTIFIED BY PASSWORD; it is identified by number",
  `kind: ConfigMap\ndata:\n  note: ${encoded("hunter2horse")}\n`,
  `kind: Secret\n---\nkind: ConfigMap\ndata:\n  note: ${encoded("a longer note!")}\n`,
  `"commits": ["${random(hex, 40, "c1")}", "${random(hex, 40, "c2")}"], "names": ["${random(hex, 24, "n1")}", "b"]`,
  'getElementsByClassName("xxxxxxxx"); const internationalization = require("internationalization"); key = "abcdefghijklmnop"',
  "cache_key = 9f86d081884c7d65; primary_key=id; foreign_key: user_id; the _key in prose is a name, dict_key 9f86d081884c7d65",
  `request access ${uuid("acc")} was given; last access ${uuid("acc2")}; build '${random(hex, 32, "build")}'; sort_key: "9f86d081884c7d65"`,
  'algorithm: "aes256gcm", secret_type: "ed25519", token = "sha256rsa", secret: "utf8mb4x", key="x25519"',
  // Commands.
  "redis-cli -h h ping; ldapsearch -x -W; keytool -list -storepass $PW; useradd -m joe; net use Z: /user:joe *",
  "htpasswd -c .htpasswd joe; sqlplus /nolog; sqlplus scott/$PW@orcl; lftp -u joe, ftp.example.org",
  'ConvertTo-SecureString $pw; ConvertTo-SecureString "$env:PW"',
  // Addresses.
  "https://h.example/c?sig=1&signature=none; https://h.example/?sig=<signature>&sp=r; ?sig=your-signature-goes-in-here",
  "https://h.example/password/reset/confirm-your-address-by-mail and https://h.example/reset-password/instructions-for-users",
  "https://hooks.zapier.com/hooks/catch/ is where, https://hc-ping.com/your-uuid-here",
  // Sessions.
  `Cookie: _ga=GA1.2.${random(digits, 10, "ga")}.${random(digits, 10, "ga2")}; csrftoken=${random(base62, 32, "cs")}; theme=dark`,
  "Set-Cookie: session=deleted; Max-Age=0\nCookie: PHPSESSID=<id>; lang=en",
  // Keys.
  `Public-Lines: 2\n${lines(2, "p")}\nComment: none`,
  "Private-Lines: 3 are read, then the MAC",
  "-----BEGIN OpenVPN Static key V1-----\n...\n-----END OpenVPN Static key V1-----",
  `-----BEGIN OpenVPN tls-crypt-v2 notes-----\n${lines(1, "notes")}\n-----END OpenVPN tls-crypt-v2 notes-----`,
  "<P>a paragraph</P><D>definition</D>",
  // Phrases.
  "seed phrase: write down the twelve words in order and keep them in a safe",
  "mnemonic: never eat soggy waffles helps people learn where north east south west are",
  'passphrase: "Enter your passphrase again", "passphrase": "must be long", psk: "wrong key for this network"',
  '"password": "at least eight characters", password = "see the other file", passwordHint: "name of first pet"',
  'the secret phrase is "open the door"; recovery words = [one, two, three]',
];
