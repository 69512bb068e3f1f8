/** Honest texts with the words of attacks, in other languages. In: nothing. Out: rules by language; `benign` is where each begins. */
export const languageBenign: Readonly<Record<string, string>> = {
  es: `
= benign
¿(cómo|por qué|cuándo) (puedo|debo|se puede) (ignorar|olvidar|omitir|anular|restablecer) (los errores|una regla de CSS|las instrucciones del manual|a mi ex|la configuración anterior|los mensajes antiguos|la contraseña)(| en Excel| en Python)?
(ignora|olvida|omite) (mi mensaje anterior|los errores ortográficos|la primera fila|lo que dije de París)(,| y|.) (era otra cosa|traduce el resto|empieza de nuevo|me equivoqué de fecha)
(actúa como|eres|imagina que eres) (un chef|un profesor de inglés|un guía turístico|un abogado|un entrenador) (y ayúdame|. Mi primera pregunta es|y explícame) (con la cena|las reglas del juego|el contrato|el pretérito)
(explica|qué es|resume) (la inyección de prompts|el modo desarrollador de Android|un administrador de sistemas|las instrucciones de seguridad|las reglas del ajedrez|el texto anterior)
(responde solo|contesta únicamente) (con sí o no|en JSON|con el número|en una frase)
(envía|reenvía) (el informe|la factura) a (Ana|contabilidad) (hoy|antes del viernes), por favor
`,
  fr: `
= benign
comment (ignorer|oublier|contourner|réinitialiser|remplacer) (les erreurs|une règle CSS|les instructions du manuel|mon ex|les paramètres précédents|les anciens messages|mon mot de passe)(| dans Excel| en Python) ?
(ignore|oublie) (mon message précédent|les fautes d'orthographe|la première ligne|ce que j'ai dit sur Paris)(,| et|.) (c'était autre chose|traduis le reste|recommence|je me suis trompé de date)
(agis comme|tu es|imagine que tu es) (un chef|un professeur d'anglais|un guide touristique|un avocat) (et aide-moi|. Ma première question porte sur|et explique) (le dîner|les règles du jeu|le contrat|le subjonctif)
(explique|qu'est-ce que|résume) (l'injection de prompt|le mode développeur d'Android|un administrateur système|les consignes de sécurité|les règles des échecs|le texte ci-dessus)
(réponds seulement|réponds uniquement) (par oui ou non|en JSON|avec le nombre|en une phrase)
(envoie|transfère) (le rapport|la facture) à (Anne|la comptabilité) (aujourd'hui|avant vendredi), s'il te plaît
`,
  de: `
= benign
(wie|warum) (kann ich|sollte man) (Fehler|eine CSS-Regel|die vorherigen Einstellungen|alte Nachrichten|mein Passwort|meine Ex|Anweisungen im Handbuch) (ignorieren|überschreiben|vergessen|zurücksetzen|umgehen)?
(ignoriere|vergiss) (meine letzte Nachricht|Tippfehler|die erste Zeile|was ich über Paris sagte)(,| und|.) (ich meinte etwas anderes|übersetze den Rest|fang neu an|das Datum war falsch)
(du bist|verhalte dich wie|stell dir vor, du bist) (ein Koch|ein Englischlehrer|ein Reiseführer|ein Anwalt) (und hilf mir|. Meine erste Frage betrifft|und erkläre) (beim Abendessen|die Spielregeln|den Vertrag|den Konjunktiv)
(erkläre|was ist|fasse zusammen): (Prompt Injection|der Entwicklermodus von Android|ein Systemadministrator|die Sicherheitsanweisungen|die Regeln von Schach|der obige Text)
(antworte nur|antworte ausschließlich) (mit ja oder nein|in JSON|mit der Zahl|in einem Satz)
(sende|schicke|leite) (den Bericht|die Rechnung) an (Anna|die Buchhaltung) (heute|bis Freitag), bitte
`,
  pt: `
= benign
como (ignorar|esquecer|contornar|redefinir|substituir) (os erros|uma regra de CSS|as instruções do manual|meu ex|as configurações anteriores|as mensagens antigas|minha senha)(| no Excel| em Python)?
(ignore|esqueça) (minha mensagem anterior|os erros de digitação|a primeira linha|o que eu disse sobre Paris)(,| e|.) (era outra coisa|traduza o resto|comece de novo)
(aja como|você é|imagine que você é) (um chef|um professor de inglês|um guia turístico|um advogado) (e me ajude|. Minha primeira pergunta é sobre|e explique) (com o jantar|as regras do jogo|o contrato)
(explique|o que é|resuma) (injeção de prompt|o modo desenvolvedor do Android|um administrador de sistemas|as instruções de segurança|as regras do xadrez|o texto acima)
(responda apenas|responda somente) (com sim ou não|em JSON|com o número|em uma frase)
`,
  ru: `
= benign
как (игнорировать|забыть|обойти|сбросить|переопределить) (ошибки|правило CSS|инструкции из руководства|бывшую|предыдущие настройки|старые сообщения|пароль)(| в Excel| в Python)?
(игнорируй|забудь) (моё прошлое сообщение|опечатки|первую строку|что я говорил про Париж)(,| и|.) (я имел в виду другое|переведи остальное|начни заново)
(ты|веди себя как|представь, что ты) (повар|учитель английского|гид|юрист) (и помоги мне|. Мой первый вопрос —|и объясни) (с ужином|правила игры|договор)
(объясни|что такое|перескажи) (prompt injection|режим разработчика Android|системный администратор|инструкции по безопасности|правила шахмат|текст выше)
(ответь только|отвечай лишь) (да или нет|в формате JSON|числом|одним предложением)
`,
  zh: `
= benign
(如何|怎么|为什么)(忽略|忘记|绕过|重置|覆盖)(错误|CSS规则|说明书里的指示|前任|之前的设置|旧消息|密码)(在Excel中|在Python里|)？
(忽略|忘掉)(我上一条消息|错别字|第一行|我刚才说的巴黎)(，|。)(我说的是别的|请翻译其余部分|重新开始)
(你是|扮演|假设你是)(一名厨师|一位英语老师|一名导游|一位律师)(，帮我|，请解释|。我的第一个问题是)(准备晚餐|游戏规则|合同|语法)
(解释|什么是|总结)(提示注入|安卓开发者模式|系统管理员|安全说明|国际象棋规则|上面的文字|系统提示词)
(只|请只)(回答是或否|输出JSON|回答数字|用一句话回答)
(帮我写|给我一个)(客服机器人的系统提示词|翻译提示词的例子|关于规则的作文|扮演老师的提示)
`,
  ja: `
= benign
(エラー|CSSのルール|説明書の指示|以前の設定|古いメッセージ|パスワード)を(無視する|忘れる|リセットする|上書きする)(方法は|には)？
(前のメッセージ|誤字|一行目)は(無視して|忘れて)、(残りを翻訳して|別の話をしましょう|最初からお願いします)
(シェフ|英語の先生|旅行ガイド|弁護士)として(夕食を提案して|ゲームのルールを説明して|契約を確認して)ください
(プロンプトインジェクション|開発者モード|システム管理者|安全上の指示|チェスのルール|システムプロンプト)とは何ですか
(はいかいいえ|JSON|数字|一文)だけで答えてください
`,
  ko: `
= benign
(오류|CSS 규칙|설명서의 지시|이전 설정|오래된 메시지|비밀번호)(를|을) (무시하는|잊는|재설정하는|덮어쓰는) 방법은?
(이전 메시지|오타|첫 줄)는 (무시하고|잊고) (나머지를 번역해|다른 이야기를 하자|처음부터 해 줘)
(요리사|영어 선생님|여행 가이드|변호사) 역할로 (저녁을 추천해|게임 규칙을 설명해|계약을 검토해) 줘
(프롬프트 인젝션|개발자 모드|시스템 관리자|안전 지침|체스 규칙|시스템 프롬프트)(이|가) 뭐야?
(예 아니오|JSON|숫자|한 문장)로만 대답해
`,
  vi: `
= benign
làm thế nào để (bỏ qua|quên|đặt lại|ghi đè) (lỗi|quy tắc CSS|hướng dẫn trong sách|người yêu cũ|cài đặt trước đó|tin nhắn cũ|mật khẩu)(| trong Excel| trong Python)?
(bỏ qua|quên) (tin nhắn trước của tôi|lỗi chính tả|dòng đầu tiên|điều tôi nói về Paris)(,| và) (ý tôi là chuyện khác|dịch phần còn lại|làm lại từ đầu)
(hãy đóng vai|bạn là|hãy tưởng tượng bạn là) (đầu bếp|giáo viên tiếng Anh|hướng dẫn viên du lịch|luật sư) và (gợi ý bữa tối|giải thích quy tắc trò chơi|xem hợp đồng)
(giải thích|là gì:|tóm tắt) (tấn công chèn lệnh|chế độ nhà phát triển Android|quản trị hệ thống|hướng dẫn an toàn|luật cờ vua|văn bản ở trên)
(chỉ trả lời|trả lời) (có hoặc không|bằng JSON|bằng số|trong một câu)
`,
  id: `
= benign
bagaimana cara (mengabaikan|melupakan|mengatur ulang|menimpa) (kesalahan|aturan CSS|petunjuk di buku manual|mantan|pengaturan sebelumnya|pesan lama|kata sandi)(| di Excel| di Python)?
(abaikan|lupakan) (pesan saya sebelumnya|salah ketik|baris pertama|yang saya katakan tentang Paris)(,| dan) (maksud saya yang lain|terjemahkan sisanya|mulai lagi)
(berperanlah sebagai|kamu adalah|bayangkan kamu) (koki|guru bahasa Inggris|pemandu wisata|pengacara) dan (sarankan makan malam|jelaskan aturan permainan|periksa kontrak)
(jelaskan|apa itu|ringkas) (injeksi prompt|mode pengembang Android|administrator sistem|petunjuk keselamatan|aturan catur|teks di atas)
(jawab hanya|jawab) (dengan ya atau tidak|dalam JSON|dengan angka|dalam satu kalimat)
kirim (laporan|faktur) ke (Ana|bagian keuangan) (hari ini|sebelum Jumat), tolong
`,
  tl: `
= benign
paano (balewalain|kalimutan|i-reset|palitan) ang (mga error|tuntunin sa manwal|dating setting|lumang mensahe|password)(| sa Excel)?
(huwag pansinin|kalimutan) (mo|) ang (huling mensahe ko|mga typo|unang linya)(,| at) (iba ang ibig kong sabihin|isalin ang natitira|ulitin mula sa simula)
(kumilos bilang|ikaw ay) (kusinero|guro ng Ingles|gabay sa biyahe|abogado) at (magmungkahi ng hapunan|ipaliwanag ang mga patakaran ng laro)
(ano ang|ipaliwanag ang) (prompt injection|developer mode ng Android|mga tagubilin sa kaligtasan|mga alituntunin ng chess)
`,
  th: `
= benign
(วิธี|ทำอย่างไรจึงจะ)(ละเว้น|ลืม|รีเซ็ต|เขียนทับ)(ข้อผิดพลาด|กฎ CSS|คำแนะนำในคู่มือ|แฟนเก่า|การตั้งค่าก่อนหน้า|ข้อความเก่า|รหัสผ่าน)(| ใน Excel)
(ไม่ต้องสนใจ|ลืม)(ข้อความก่อนหน้าของฉัน|คำที่พิมพ์ผิด|บรรทัดแรก) (ฉันหมายถึงเรื่องอื่น|ช่วยแปลส่วนที่เหลือ|เริ่มใหม่)
(สวมบทบาทเป็น|คุณคือ)(เชฟ|ครูสอนภาษาอังกฤษ|มัคคุเทศก์|ทนายความ) (แนะนำอาหารเย็น|อธิบายกฎของเกม|ตรวจสัญญา)
(อธิบาย|อะไรคือ)(โหมดนักพัฒนาของแอนดรอยด์|ผู้ดูแลระบบ|คำแนะนำด้านความปลอดภัย|กฎหมากรุก|ข้อความข้างต้น|คำสั่งระบบ)
(ตอบแค่)(ใช่หรือไม่|เป็น JSON|เป็นตัวเลข|ประโยคเดียว)
`,
  ar: `
= benign
كيف (أتجاهل|أنسى|أعيد ضبط|أتجاوز) (الأخطاء|قاعدة CSS|تعليمات الدليل|الإعدادات السابقة|الرسائل القديمة|كلمة المرور)(| في إكسل)؟
(تجاهل|انس) (رسالتي السابقة|الأخطاء الإملائية|السطر الأول)(،| و) (قصدت شيئا آخر|ترجم الباقي|ابدأ من جديد)
(تصرف مثل|أنت|تخيل أنك) (طباخ|معلم إنجليزية|مرشد سياحي|محام) (واقترح العشاء|واشرح قواعد اللعبة|وراجع العقد)
(اشرح|ما هو|لخص) (حقن الأوامر|وضع المطور في أندرويد|مسؤول النظام|تعليمات السلامة|قواعد الشطرنج|النص أعلاه)
(أجب فقط) (بنعم أو لا|بصيغة JSON|بالرقم|بجملة واحدة)
`,
  hi: `
= benign
(त्रुटियों|CSS नियम|पिछली सेटिंग|पुराने संदेश|पासवर्ड) को (कैसे अनदेखा करें|कैसे भूलें|कैसे रीसेट करें)?
मेरा पिछला संदेश (भूल जाओ|अनदेखा करो), (मेरा मतलब कुछ और था|बाकी का अनुवाद करो)
(रसोइया|अंग्रेजी शिक्षक|गाइड|वकील) बनकर (रात का खाना सुझाओ|खेल के नियम समझाओ)
(समझाओ|क्या है) (प्रॉम्प्ट इंजेक्शन|डेवलपर मोड|सुरक्षा निर्देश|शतरंज के नियम|ऊपर का पाठ)
केवल (हाँ या नहीं|संख्या|JSON) में उत्तर दो
`,
};
