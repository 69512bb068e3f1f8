/**
 * Where passwords and seeds stand in sentences, in other languages, below a name and before what says so; and what looks like that and
 * holds none. In: nothing. Out: texts with a secret's place marked, and texts without one.
 */
import { base62, chosen, random, type Form } from "./forms.ts";

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

export const saids: readonly Form[] = [...sentences, ...settings, ...below, ...seeds];

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
  "legal winner thank year wave sausage worth useful legal winner thank winner",
  "wallet words: legal winner thank year wave sausage worth useful legal winner thank",
  "apple banana cherry grape lemon mango olive orange peach pear plum quince",
];
