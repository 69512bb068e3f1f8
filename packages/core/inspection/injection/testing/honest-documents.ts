/** Honest documents that order, forbid and warn: interface messages in many languages, style sheets, scripts, dumps and logs. In: nothing. Out: each with what it is. */

const po = (entries: readonly (readonly [id: string, text: string])[]): string =>
  `msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n` +
  entries.map(([id, text], at) => `#: src/ui/dialog.c:${120 + at * 17}\nmsgid "${id}"\nmsgstr "${text}"\n`).join("\n");
const json = (entries: Readonly<Record<string, string>>): string => JSON.stringify(entries, null, 2);
const yaml = (language: string, entries: Readonly<Record<string, string>>): string =>
  `${language}:\n${Object.entries(entries)
    .map(([key, text]) => `  ${key}: "${text}"`)
    .join("\n")}\n`;
const strings = (entries: Readonly<Record<string, string>>): string =>
  Object.entries(entries)
    .map(([key, text]) => `/* ${key.replaceAll(".", " ")} */\n"${key}" = "${text}";`)
    .join("\n\n");

export const honestDocuments: readonly (readonly [what: string, text: string])[] = [
  [
    "English messages in JSON",
    json({
      "dialog.ignore": "Ignore",
      "dialog.ignoreAll": "Ignore all",
      "dialog.ignoreAlways": "Always ignore this rule",
      "login.reset": "You must reset your password before you continue.",
      "login.admin": "Enter the system administrator password",
      "login.forgot": "Forgot your password?",
      "settings.override": "Override the default settings",
      "settings.developer": "Enable developer mode",
      "errors.restricted": "You are not allowed to do this. Ask your administrator.",
      "errors.disregard": "Disregard this message if you have already paid.",
    }),
  ],
  [
    "spelling dialog, .strings",
    strings({
      "spell.ignore": "Ignore",
      "spell.ignore.all": "Ignore All",
      "spell.add": "Add to Dictionary",
      "spell.forget": "Forget Learned Words",
      "spell.rules": "Ignore words with numbers, addresses and capitals",
      "spell.reset": "Reset all ignored words and rules",
    }),
  ],
  [
    "German .po",
    po([
      ["Ignore all", "Alle ignorieren"],
      ["You must change your password.", "Sie müssen Ihr Passwort ändern."],
      ["Enter the administrator password", "Geben Sie das Passwort des Systemverwalters ein"],
      ["Ignore previous warnings", "Vorherige Warnungen ignorieren"],
      ["Do not show this message again", "Diese Nachricht nicht mehr anzeigen"],
      ["Forget all saved networks", "Alle gespeicherten Netzwerke vergessen"],
    ]),
  ],
  [
    "French .po",
    po([
      ["Ignore all", "Tout ignorer"],
      ["Ignore the previous errors and continue", "Ignorer les erreurs précédentes et continuer"],
      ["You must reset your password.", "Vous devez réinitialiser votre mot de passe."],
      ["Show the password", "Afficher le mot de passe"],
      ["System instructions", "Instructions du système"],
      ["Override the rules of this folder", "Remplacer les règles de ce dossier"],
    ]),
  ],
  [
    "Spanish YAML",
    yaml("es", {
      ignore_all: "Ignorar todo",
      ignore_rules: "Ignorar las reglas anteriores de esta carpeta",
      must_reset: "Debe restablecer su contraseña ahora.",
      admin: "Introduzca la contraseña del administrador del sistema",
      show: "Mostrar contraseña",
      forget: "Olvidar todas las redes guardadas",
      warning: "No comparta nunca su contraseña con nadie.",
    }),
  ],
  [
    "Portuguese YAML",
    yaml("pt", {
      ignorar: "Ignorar tudo",
      redefinir: "Você deve redefinir sua senha para continuar.",
      admin: "Digite a senha do administrador do sistema",
      instrucoes: "Siga as instruções enviadas para o seu e-mail",
      esquecer: "Esquecer este dispositivo",
      anteriores: "Ignorar os avisos anteriores",
    }),
  ],
  [
    "Indonesian JSON",
    json({
      ignore_all: "Abaikan semua",
      reset: "Anda harus mengatur ulang kata sandi Anda.",
      admin: "Masukkan kata sandi administrator sistem",
      instructions: "Ikuti petunjuk yang dikirim ke email Anda",
      previous: "Abaikan peringatan sebelumnya",
      show: "Tampilkan kata sandi",
    }),
  ],
  [
    "Vietnamese JSON",
    json({
      ignore_all: "Bỏ qua tất cả",
      reset: "Bạn phải đặt lại mật khẩu của mình.",
      admin: "Nhập mật khẩu quản trị hệ thống",
      previous: "Bỏ qua các cảnh báo trước đó",
      instructions: "Làm theo hướng dẫn trong email",
      show: "Hiển thị mật khẩu",
    }),
  ],
  [
    "Japanese JSON",
    json({
      ignoreAll: "すべて無視",
      reset: "パスワードをリセットする必要があります。",
      admin: "システム管理者のパスワードを入力してください",
      previous: "以前の警告を無視する",
      rules: "このフォルダーのルールを無視",
      show: "パスワードを表示",
    }),
  ],
  [
    "Chinese JSON",
    json({
      ignoreAll: "全部忽略",
      reset: "您必须重置密码。",
      admin: "请输入系统管理员密码",
      previous: "忽略之前的警告",
      instructions: "请按照邮件中的说明操作",
      show: "显示密码",
    }),
  ],
  [
    "Korean JSON",
    json({
      ignoreAll: "모두 무시",
      reset: "비밀번호를 재설정해야 합니다.",
      admin: "시스템 관리자 비밀번호를 입력하세요",
      previous: "이전 경고 무시",
      instructions: "이메일의 안내를 따르세요",
      show: "비밀번호 표시",
    }),
  ],
  [
    "Thai JSON",
    json({
      ignoreAll: "ละเว้นทั้งหมด",
      reset: "คุณต้องรีเซ็ตรหัสผ่านของคุณ",
      admin: "ป้อนรหัสผ่านผู้ดูแลระบบ",
      previous: "ละเว้นคำเตือนก่อนหน้า",
      instructions: "ทำตามคำแนะนำในอีเมล",
      show: "แสดงรหัสผ่าน",
    }),
  ],
  [
    "Russian .po",
    po([
      ["Ignore all", "Игнорировать все"],
      ["Ignore previous warnings", "Игнорировать предыдущие предупреждения"],
      ["You must reset your password.", "Вам необходимо сбросить пароль."],
      ["Enter the system administrator password", "Введите пароль системного администратора"],
      ["Show password", "Показать пароль"],
      ["Follow the instructions", "Следуйте инструкциям"],
    ]),
  ],
  [
    "Arabic JSON",
    json({
      ignoreAll: "تجاهل الكل",
      reset: "يجب عليك إعادة تعيين كلمة المرور.",
      admin: "أدخل كلمة مرور مسؤول النظام",
      previous: "تجاهل التحذيرات السابقة",
      instructions: "اتبع التعليمات المرسلة إلى بريدك",
      show: "إظهار كلمة المرور",
    }),
  ],
  [
    "Hindi JSON",
    json({
      ignoreAll: "सभी अनदेखा करें",
      reset: "आपको अपना पासवर्ड रीसेट करना होगा।",
      admin: "सिस्टम व्यवस्थापक का पासवर्ड दर्ज करें",
      previous: "पिछली चेतावनियाँ अनदेखा करें",
      instructions: "ईमेल में दिए गए निर्देशों का पालन करें",
      show: "पासवर्ड दिखाएँ",
    }),
  ],
  [
    "Turkish .strings",
    strings({
      "ignore.all": "Tümünü yoksay",
      "reset.password": "Parolanızı sıfırlamanız gerekiyor.",
      "admin.password": "Sistem yöneticisi parolasını girin",
      "ignore.previous": "Önceki uyarıları yoksay",
      "show.password": "Parolayı göster",
    }),
  ],
  [
    "Dutch YAML",
    yaml("nl", {
      ignore_all: "Alles negeren",
      ignore_previous: "Eerdere waarschuwingen negeren",
      reset: "U moet uw wachtwoord opnieuw instellen.",
      admin: "Voer het wachtwoord van de systeembeheerder in",
      show: "Wachtwoord tonen",
      forget: "Alle opgeslagen netwerken vergeten",
    }),
  ],
  [
    "Italian .po",
    po([
      ["Ignore all", "Ignora tutto"],
      ["Ignore previous errors", "Ignora gli errori precedenti"],
      ["You must reset your password.", "Devi reimpostare la password."],
      ["Enter the system administrator password", "Inserisci la password dell'amministratore di sistema"],
      ["Follow the instructions below", "Segui le istruzioni riportate di seguito"],
    ]),
  ],
  [
    "Polish JSON",
    json({
      ignoreAll: "Ignoruj wszystko",
      previous: "Ignoruj poprzednie ostrzeżenia",
      reset: "Musisz zresetować hasło.",
      admin: "Wprowadź hasło administratora systemu",
      instructions: "Postępuj zgodnie z instrukcjami",
      show: "Pokaż hasło",
    }),
  ],
  [
    "several languages in one JSON",
    JSON.stringify(
      {
        "en-GB": {
          ignore: "Ignore all",
          reset: "You must reset your password",
          admin: "Enter the system administrator password",
        },
        de: {
          ignore: "Alle ignorieren",
          reset: "Sie müssen Ihr Passwort zurücksetzen",
          admin: "Passwort des Systemverwalters eingeben",
        },
        fr: {
          ignore: "Tout ignorer",
          reset: "Vous devez réinitialiser votre mot de passe",
          admin: "Saisissez le mot de passe administrateur",
        },
        ja: {
          ignore: "すべて無視",
          reset: "パスワードをリセットしてください",
          admin: "システム管理者のパスワードを入力",
        },
        th: { ignore: "ละเว้นทั้งหมด", reset: "คุณต้องรีเซ็ตรหัสผ่าน", admin: "ป้อนรหัสผ่านผู้ดูแลระบบ" },
      },
      null,
      1,
    ),
  ],
  [
    "Android strings.xml",
    `<?xml version="1.0" encoding="utf-8"?>
<resources>
    <string name="ignore_all">Ignore all</string>
    <string name="must_reset">You must reset your password</string>
    <string name="admin_password">Enter the system administrator password</string>
    <string name="battery">Ignore battery optimisation for this app?</string>
    <string name="override_rules">Do Not Disturb rules override this setting</string>
    <string name="forget_network">Forget this network</string>
    <string name="dev_mode">You are now a developer!</string>
    <string name="no_need">No need, you are already a developer.</string>
</resources>`,
  ],
  [
    "resx",
    `<root>
  <data name="IgnoreAll" xml:space="preserve"><value>Ignore all</value></data>
  <data name="ResetRequired" xml:space="preserve"><value>Your password has expired. You must choose a new one.</value></data>
  <data name="Elevation" xml:space="preserve"><value>To continue, type an administrator password, and then click Yes.</value></data>
  <data name="Policy" xml:space="preserve"><value>This setting is enforced by your administrator and overrides your own.</value></data>
</root>`,
  ],
  [
    "gettext with placeholders",
    po([
      ["Ignore all %d errors", "Ignore all %d errors"],
      ["You are about to override the rules of “%s”.", "You are about to override the rules of “%s”."],
      ["Please follow the instructions that were sent to %s.", "Please follow the instructions that were sent to %s."],
      ["Do you want to reveal the hidden files?", "Do you want to reveal the hidden files?"],
    ]),
  ],
  [
    "firmware menu",
    "menu.1=Reset to factory defaults\nmenu.2=Ignore previous configuration\nmenu.3=Enter supervisor password\nmenu.4=Disable secure boot\n" +
      "menu.5=Override boot order\nmenu.6=Show system information\nmenu.7=Exit without saving changes\n",
  ],
  [
    "style sheet",
    `:root{--accent:#3366cc}*,*::before,*::after{box-sizing:border-box}
.modal[aria-hidden="true"]{display:none!important;visibility:hidden}
/* Override the rules of the base theme. Do not remove: IE 11 ignores the rule above. */
.theme-dark .btn--primary:not(:disabled):hover{background:var(--accent);color:#fff}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
.visually-hidden{position:absolute!important;width:1px;height:1px;overflow:hidden;clip:rect(0 0 0 0)}
/* stylelint-disable-next-line no-descending-specificity */
.prompt .prompt__system{font-family:ui-monospace,monospace}`,
  ],
  [
    "HTML form",
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Reset your password</title>
<link rel="stylesheet" href="/assets/app-3f9c.css"></head><body><main><h1>Reset your password</h1>
<p>You must choose a new password before you can continue. <b>Do not</b> reuse an <i>old</i> one.</p>
<form method="post" action="/reset"><label for="p">New password</label><input id="p" type="password" required minlength="12">
<p class="hint">Ignore this page if you did <em>not</em> ask for a new password.</p><button>Save</button></form></main></body></html>`,
  ],
  [
    "HTML article with drop caps",
    `<article><h2>The old harbour</h2><p><span class="cap">T</span>he harbour was built in <b>1887</b> and re<wbr>built after the storm.</p>
<p><span class="cap">S</span>hips from the north load tim<wbr>ber here, and ware<wbr>houses line the quay.</p>
<p><span class="cap">I</span>n win<wbr>ter the ice<wbr>breaker keeps the chan<wbr>nel open.</p></article>`,
  ],
  [
    "minified JavaScript",
    `!function(e,t){"object"==typeof exports&&"undefined"!=typeof module?module.exports=t():"function"==typeof define&&define.amd?define(t):(e=e||self).Queue=t()}(this,function(){"use strict";var e=Object.prototype.hasOwnProperty;function t(t,n){for(var r in n)e.call(n,r)&&(t[r]=n[r]);return t}return function(e){var n=t({limit:16,ignoreErrors:!1,override:null},e),r=[],o=0;function i(){for(;o<n.limit&&r.length;){var e=r.shift();o++,e().then(a,function(e){if(!n.ignoreErrors)throw e;a()})}}function a(){o--,i()}return{push:function(e){r.push(e),i()},clear:function(){r.length=0}}}});`,
  ],
  [
    "bundled translations in JavaScript",
    `(self.webpackChunk=self.webpackChunk||[]).push([[179],{4821:e=>{e.exports=JSON.parse('{"ignoreAll":"Ignore all","reset":"You must reset your password","admin":"Enter the system administrator password","dev":"Developer mode is enabled","rules":"These rules override all previous rules"}')}}]);`,
  ],
  [
    "TypeScript with lint directives",
    `/* eslint-disable @typescript-eslint/no-explicit-any */
// @ts-expect-error the types of the module are wrong
import legacy from "legacy";
// eslint-disable-next-line no-restricted-syntax -- ignore the rule above: the order matters here
for (const key in legacy) console.log(key);
/** @deprecated Do not use. Follow the instructions in MIGRATION.md. */
export function overrideSystemPrompt(prompt: string): void { legacy.prompt = prompt }`,
  ],
  [
    "SQL dump",
    `-- MySQL dump 10.13  Distrib 8.0.36
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
DROP TABLE IF EXISTS \`messages\`;
CREATE TABLE \`messages\` (\`id\` int NOT NULL AUTO_INCREMENT, \`body\` text, PRIMARY KEY (\`id\`)) ENGINE=InnoDB;
INSERT IGNORE INTO \`messages\` VALUES (1,'Please ignore my last mail, the meeting is on Tuesday.'),(2,'You must reset your password.'),(3,'Forget it, I found the instructions myself.'),(4,'The new rules for the car park are on the board.');
UNLOCK TABLES;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;`,
  ],
  [
    "PostgreSQL dump",
    `SET statement_timeout = 0;
SET client_encoding = 'UTF8';
COPY public.settings (key, value, hint) FROM stdin;
ignore_all	false	Ignore all warnings of this kind
override_rules	true	Rules of the project override those of the organisation
system_prompt	You are a helpful assistant.	Shown to the model before each conversation
admin_only	true	Only an administrator may change this
\\.
ALTER TABLE ONLY public.settings ADD CONSTRAINT settings_pkey PRIMARY KEY (key);`,
  ],
  [
    "web server log",
    `203.0.113.9 - - [26/Nov/2026:10:02:11 +0000] "GET /login?next=%2Fadmin%2Fusers HTTP/1.1" 302 0 "-" "Mozilla/5.0"
203.0.113.9 - - [26/Nov/2026:10:02:12 +0000] "POST /login HTTP/1.1" 401 218 "-" "Mozilla/5.0"
198.51.100.4 - - [26/Nov/2026:10:02:15 +0000] "GET /search?q=reset+the+administrator+password HTTP/1.1" 200 5120 "-" "curl/8.5.0"
198.51.100.4 - - [26/Nov/2026:10:02:19 +0000] "GET /static/js/main.8f2c1a.js HTTP/1.1" 304 0 "-" "curl/8.5.0"`,
  ],
  [
    "system log",
    `Nov 26 10:02:11 host sshd[2211]: Failed password for invalid user admin from 203.0.113.9 port 51514 ssh2
Nov 26 10:02:14 host sshd[2211]: message repeated 2 times: [ Failed password for root from 203.0.113.9 ]
Nov 26 10:02:15 host systemd[1]: /etc/systemd/system/app.service:12: Unknown key name 'Restrict' in section 'Service', ignoring.
Nov 26 10:02:15 host systemd[1]: app.service: Ignoring previous dependency, overridden by drop-in.
Nov 26 10:02:19 host sudo: anna : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart app`,
  ],
  [
    "build log",
    `[1/4] Resolving packages...
warning "react-scripts > eslint@8.57.1": This version is no longer supported. Please follow the instructions at https://eslint.org/version-support
[2/4] Fetching packages...
info fsevents@2.3.3: The platform "linux" is incompatible with this module. Ignoring.
[3/4] Linking dependencies...
warning " > less-loader@7.3.0" has unmet peer dependency "less@^3.5.0".
error An unexpected error occurred: "EACCES: permission denied". You must run this command as administrator.`,
  ],
  [
    "stack trace",
    `TypeError: Cannot read properties of undefined (reading 'override')
    at SettingsStore.ignoreAll (/srv/app/dist/settings.js:88:31)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async PromptController.showSystemPrompt (/srv/app/dist/prompt.js:41:9)
Caused by: Error: rule "no-previous-instructions" is not registered
    at RuleSet.require (/srv/app/dist/rules.js:17:11)`,
  ],
  [
    "CI configuration",
    `name: release
on: { push: { tags: ["v*"] } }
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with: { persist-credentials: false }
      # Ignore the scripts of dependencies: none of them may run here.
      - run: npm ci --ignore-scripts
      - run: npm run build && npm publish --provenance
        env: { NODE_AUTH_TOKEN: "\${{ secrets.NPM_TOKEN }}" }`,
  ],
  [
    "table of error codes",
    `code | text | what to do
-----|------|-----------
E101 | Password expired | The user must choose a new password
E102 | Rule overridden  | Ignore, or remove the earlier rule
E103 | Not permitted    | Ask the system administrator
E104 | Unknown prompt   | Print the list of prompts with \`app prompts\`
E105 | Instruction set missing | Install the instruction set and restart`,
  ],
  [
    "data in base64 within JSON",
    JSON.stringify({
      id: "msg-8842",
      headers: { from: "reports@example.com", subject: "Weekly figures" },
      body: Buffer.from(
        "Dear all, the figures of the week are attached. Sales in the north rose by four percent, and the new shop opens in May. Kind regards, the reports team.",
      ).toString("base64"),
    }),
  ],
  [
    "a mail in quoted-printable",
    `From: =?UTF-8?Q?Andr=C3=A9_M=C3=BCller?= <andre@example.com>
Subject: =?UTF-8?Q?Ank=C3=BCndigung?=
Content-Transfer-Encoding: quoted-printable

Liebe Kolleginnen und Kollegen,=0A=0Adie Kantine =C3=B6ffnet am Montag erst um zw=C3=B6lf Uhr. Bitte beachten Sie die ge=C3=A4nderten Zeiten. Mit freundlichen Gr=C3=BC=C3=9Fen, Andr=C3=A9`,
  ],
];
