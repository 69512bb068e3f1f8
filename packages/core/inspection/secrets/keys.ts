/**
 * The names that secrets go by. In: nothing. Out: keywords for the automaton, each with what its value looks like. A space
 * in a keyword stands for a space, an underscore or a hyphen; names without are matched within `camelCase` too.
 */

/**
 * `password`: people choose it. `token`: machines do. `key`: as a token, and the word means much else. `hump`: a key whose name goes on in capitals, as
 * `geocoderKey` and `geocoderKEY`. `pass`: the word alone, or so within a name.
 */
export type SecretKind = "password" | "token" | "key" | "header" | "hump" | "pass" | "chosen";

const names: readonly (readonly [SecretKind, string])[] = [
  [
    "password",
    'password|passwd|passwort|passphrase|pass phrase|pwd|pass word|passcode|userpass|dbpass|db pass|root pass|admin pass|smtp pass|mysql pwd|pgpass|app pass|auth pass|ldap pass|_pass|$pass|&pass|?pass|:pass|\npass|"pass|\'pass|.pass|,pass|{pass|(pass|;pass|<pass|identified by|snmp server community|_psk|\npsk|"psk|pswd|pword|passwrd|pasword|psswd|,pw|(pw|/pw|/pass|/password|_pw|\npw|requirepass|masterauth|bindpw|rootpw|wpa psk|kata sandi|sandi|kata laluan|mật khẩu|รหัสผ่าน|contraseña|mot de passe|senha|wachtwoord|пароль|密码|密碼|パスワード|비밀번호|jelszó|hasło|kennwort|lösenord|adgangskode|passord|salasana|heslo|palavra-passe|пароля|паролем|पासवर्ड|كلمة المرور|كلمة السر|סיסמה|סיסמא|κωδικός|slaptažodis|şifre|şifrem|şifresi|비번|암호|暗証番号|口令|pre shared key|shared secret|network key|wifi key|wi fi key|wlan key|wpa key',
  ],
  [
    "token",
    "token|secret|api key|apikey|api secret|apisecret|access key|accesskey|secret key|secretkey|private key|privatekey|client secret|clientsecret|auth key|authkey|encryption key|encryptionkey|signing key|signingkey|master key|masterkey|shared key|sharedkey|account key|accountkey|shared access key|sharedaccesskey|preshared key|presharedkey|deploy key|deploykey|license key|licensekey|service key|servicekey|insert key|insertkey|query key|querykey|admin key|adminkey|consumer key|consumerkey|webhook key|stream key|streamkey|provision device key|provisiondevicekey|app key|appkey|developer key|developerkey|auth token|authtoken|credential|credentials|bearer|jenkins crumb|sonar.login|sonar login|sonarlogin|apitoken|accesstoken|usertoken|bottoken|refreshtoken|sessiontoken|hftoken|ghtoken|npmtoken|personal access token|pat|api tok|unseal key|recovery key|salt|jwt secret|session secret|cookie secret|nonce key|dsn|kunci api|khóa api|คีย์ api|unseal|operator unseal|postmark",
  ],
  [
    "key",
    "io key|_key|ssh key|gh key|github key|heroku key|mailgun key|maps key|google key|stripe key|firebase key|crypto key|aes key|hmac key|des key",
  ],
  [
    "header",
    "authorization|x api key|x auth token|private token|x vault token|x gitlab token|x access token|x figma token|api token",
  ],
  ["hump", "key|access|private"],
  ["pass", "pass|pw"],
  [
    "chosen",
    "mdp|รหัส|parola|clave|palabra clave|parole|lozinka|geslo|sifre|mk|katasandi|passcode|access code|accesscode|kode akses|codice",
  ],
];

export interface SecretKey {
  readonly word: string;
  readonly kind: SecretKind;
}

export const secretKeys: readonly SecretKey[] = names.flatMap(([kind, list]) =>
  list.split("|").map((word) => ({ word: word.replaceAll("_", " ").normalize("NFC"), kind })),
);
