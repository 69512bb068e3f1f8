/**
 * Where passwords and seeds stand in sentences, in other languages, below a name and before what says so; and what looks like that and
 * holds none. In: nothing. Out: texts with a secret's place marked, and texts without one.
 */
import { base62, chosen, random, type Form } from "./forms.ts";

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
const strong = "Tr0ub4dor&3";
const mixed = "Winter2024x";
const seed = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const numbered = seed.split(" ").map((word, at) => `${at + 1}. ${word}`);

const sentences: readonly Form[] = [
  ["password", chosen, "I changed the root password to ¤ yesterday."],
  ["password", chosen, "His password used to be ¤ then."],
  ["password", chosen, "Log in as admin with password ¤."],
  ["password", mixed, "use ¤ as the password"],
  ["password", chosen, "'¤' is my wifi password"],
  ["password", mixed, "pw: ¤ btw"],
  ["password", strong, "Here's the login for the portal: joe@corp.example / ¤"],
  ["password", "sunshine", "username 'joe' and password '¤'"],
  ["password", "bluewhale", "the wifi password is ¤."],
  ["pin", "9271", "my debit card pin is ¤"],
  ["pin", "48151623", "The PIN for the safe is ¤."],
  ["password", strong, "la contraseña nueva es ¤"],
  ["password", strong, "รหัสผ่าน WiFi คือ ¤"],
  ["password", strong, "La contraseña del wifi es ¤."],
  ["password", strong, "Le mot de passe est ¤ pour tous"],
  ["password", strong, "Das Passwort lautet ¤."],
  ["password", strong, "Kennwort = ¤"],
  ["password", strong, "Kata sandinya adalah ¤ ya"],
  ["password", strong, "Mật khẩu wifi là ¤".normalize("NFC")],
  ["password", strong, "Пароль от почты — ¤"],
  ["password", strong, "parola: ¤"],
  ["password", strong, "şifre: ¤"],
  ["password", strong, "पासवर्ड: ¤"],
  ["password", strong, "كلمة المرور: ¤"],
  ["password", strong, "סיסמה: ¤"],
  ["password", strong, "密码是 ¤。"],
  ["password", strong, "パスワード「¤」"],
  ["password", strong, "contraseña para el VPN: ¤"],
  ["password", strong, "รหัสผ่านใหม่คือ ¤"],
  ["password", mixed, "Changed password from oldOne to ¤"],
  ["password", strong, "Contraseña temporal: ¤"],
  ["password", strong, "mdp: ¤"],
  ["password", strong, "Zugangsdaten: hans / ¤"],
  ["password", strong, "와이파이 비밀번호는 ¤ 입니다"],
  ["password", strong, "पासवर्ड है ¤"],
  ["password", chosen, "new password is now ¤"],
  ["password", chosen, "tell him the password, it's ¤"],
  ["url-password", mixed, "here you go -> root:¤@10.1.1.5"],
];

const settings: readonly Form[] = [
  ["password", chosen, "password: |\n  ¤\n"],
  ["password", chosen, "db_password: >-\n    ¤\n"],
  ["password", chosen, "export DB_PASSWORD=\\\n¤\n"],
  ["password", chosen, '"password":\n    "¤",'],
  ["credential", random(base62, 40, "bytes"), 'var apiSecret = []byte("¤")'],
  ["password", mixed, 'Const DbPassword As String = "¤"'],
  ["password", strong, "ENV.fetch('DB_PASSWORD', '¤')"],
  ["password", mixed, 'DBI->connect("dbi:mysql:x", "root", "¤");'],
  ["password", mixed, "//nas/share /mnt cifs username=joe,password=¤,uid=1000 0 0\n"],
  ["password", mixed, "echo ¤ | docker login -u joe --password-stdin r.example"],
  ["password", chosen, "echo 'joe:¤' | chpasswd"],
  ["password", mixed, "echo ¤ | sudo -S apt update"],
  ["password", mixed, "winrs -r:host -u:admin -p:¤ ipconfig"],
  ["password", mixed, "7z x archive.7z -p¤ -y"],
  ["password", mixed, "unzip -P ¤ backup.zip"],
  ["password", mixed, "net use Z: \\\\srv\\share ¤ /user:CORP\\joe"],
  ["password", mixed, "sqlplus scott/¤@//dbhost:1521/ORCLPDB"],
];

const code: readonly Form[] = [
  ["password", mixed, 'NSString *password = @"¤";'],
  ["password", mixed, 'password <- "¤"'],
  ["password", mixed, "password = '''¤'''"],
  ["password", mixed, 'let password = r"¤";'],
  ["credential", random("0123456789abcdef", 64, "fromhex"), "encryption_key = bytes.fromhex('¤')"],
  ["password", mixed, 'DriverManager.getConnection(url, "joe", "¤");'],
  ["password", mixed, "$pdo = new PDO($dsn, 'joe', '¤');"],
  ["password", mixed, "INSERT INTO users (name, password) VALUES ('joe', '¤');"],
  ["password", mixed, "EXEC sp_addlogin 'joe', '¤'"],
  ["password", mixed, '<setting name="Password" serializeAs="String"><value>¤</value></setting>'],
  ["credential", "acme2024x", "ldap.bind.credentials=¤\n"],
  ["credential", "acme2024x", "enable secret 0 ¤\n"],
  ["password", mixed, 'wifi.setPassword(F("¤"));'],
  ["password", mixed, 'WiFi.begin("HomeNet", "¤");'],
  ["password", mixed, "curl -sku joe:¤ https://h.example"],
  ["password", mixed, "mysqladmin -u root password '¤'"],
  ["url-password", random("0123456789abcdef", 40, "user"), "https://¤@github.com/a/b.git"],
  ["password", mixed, '"adminPassword": { "value": "¤" }'],
  ["password", mixed, "ALTER USER 'root'@'h' IDENTIFIED WITH mysql_native_password BY '¤';"],
  ["password", mixed, "new Sequelize('db', 'joe', '¤', {})"],
  ["password", mixed, 'UsernamePassword("joe", "¤")'],
  ["password", mixed, 'System.getenv().getOrDefault("DB_PASSWORD", "¤")'],
  ["password", mixed, "process.env.PW ?? '¤'"],
  ["password", mixed, "await page.fill('#password', '¤')"],
  [
    "service-account",
    encoded({ type: "service_account", private_key: random(base62, 300, "service") }),
    "  credentials.json: ¤\n",
  ],
  ["webhook", random("0123456789abcdef", 32, "node"), "https://mainnet.infura.io/v3/¤"],
  ["credential", random("0123456789abcdef", 32, "init"), "rollbar.init('¤', 'prod')"],
  ["nostr-key", `nsec1${random("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58, "nsec")}`, "¤"],
];

const below: readonly Form[] = [
  ["password", mixed, "User        Password      Host\njoe         ¤    db1.local\n"],
  ["password", strong, "Host   Password\r\ndb1    ¤\r\n"],
  ["password", strong, "<tr><th>User</th><th>Password</th></tr>\n<tr><td>joe</td><td>¤</td></tr>"],
];

/** Of tables, which the detector of long secrets reads. */
export const looseTables: readonly Form[] = [
  ["password", mixed, "name, email, password\nJoe, joe@x.example, ¤\n"],
  ["password", strong, "Username ; Password ; Role\njoe ; ¤ ; admin\n"],
  ["password", mixed, "+------+-----------+\n| user | password  |\n+------+-----------+\n| joe  | ¤ |\n"],
];

const seeds: readonly Form[] = [
  ["seed-phrase", seed, "¤"],
  ["seed-phrase", seed, "My wallet backup: ¤"],
  ["seed-phrase", seed, "1) the words are: ¤. Keep them"],
  ["seed-phrase", seed.replaceAll(" ", ", "), "wallet words: ¤"],
  ["seed-phrase", seed.replaceAll(" ", "\n"), "My wallet:\n¤\n"],
  ["seed-phrase", numbered.join(" ").slice(3), "recovery: 1. ¤"],
];

export const saids: readonly Form[] = [...sentences, ...settings, ...code, ...below, ...seeds];

export const saidTwins: readonly string[] = [
  "Change your password to something strong. Reset the password to the default. Set the password to at least 12 characters.",
  "The password for this account expired on 2024-05-01. The password of a user is 8-64 characters. His password was reset.",
  "Argon2 is a password-based function; PBKDF2 is the password hash; SHA256 as password digest; Winter2024x is a password policy",
  "use OAuth2 as the login, TLS1.3 was the default; step3 is the password step",
  "Das Passwort ist falsch. Le mot de passe est obligatoire. La contraseña es obligatoria. A senha é fraca. Kata sandi adalah rahasia.",
  "parola d'ordine, la parola chiave; clave primaria: id; lozinka: obavezno; şifre: zorunlu",
  "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\npassword: !Ref DbPassword\npassword: |\n  see the vault\n",
  '"password":\n    "required"',
  "password = [\n  'a', 'b'\n]\npassword:\n  type: string\n",
  "echo $PASSWORD | docker login -u $USER --password-stdin; cat pw.txt | chpasswd; echo done | sudo -S true2",
  "mkdir -p src/components7/Button; unzip -p archive7.zip file2.txt; docker run -p 8080:80 nginx:1.25; 7z is the archiver",
  "User        Password      Host\njoe         (none)        db1.local\nann         $PASSWORD     db2.local\n",
  "<tr><th>Field</th><th>Password</th></tr><tr><td>kind</td><td>required</td></tr>",
  "login, password\nWe asked for both, then Winter2024x came\nuser, token\nsome, words, more\n",
  "| Option | Password |\n|---|---|\n| length | twelve |\n+---+---+\n",
  "The wifi password is printed below. My password is invalid, the admin password is wrong. The router password is default.",
  "password: vault:secret/data/db#password9 password:Winter = 'x'",
  "pin 13 is the LED, pin code: 560001, the pin is 2024, pin: 1234, PIN is on page 14; rolling pin: 4",
  "mongodb://<username>:<password>@cluster0.mongodb.net/test cache key: node-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
  "REG_NAME_PAT = r\"(?:[^%:/?#]|%[a-fA-F0-9]{2})*\"; _opword = r'(?:equ|geq|gtr2)'",
  "mailto:Mike%26family7@example.org, To:9John.Smith@example.com, git@github.com:joe/Repo22",
  "INSERT INTO users (name, password) VALUES ('joe', :password); INSERT INTO t (password, n) VALUES (?, 1)",
  "Authorization: Basic dXNlcjpwYXNzd29yZA== amqp://guest:guest@localhost:5672/",
  `pk_live_${random(base62, 24, "publishable")} x5t: ${random(base62, 27, "thumb")}`,
  "legal winner thank year wave sausage worth useful legal winner thank winner",
  "wallet words: legal winner thank year wave sausage worth useful legal winner thank",
  "apple banana cherry grape lemon mango olive orange peach pear plum quince",
];
