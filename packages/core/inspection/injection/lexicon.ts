/**
 * The ideas that attacks on a model's instructions are made of, and their words in many languages. In: nothing. Out: a
 * lookup from words to ideas. Patterns of ideas ("override" then "prior" then "instruction") carry over to wordings and
 * languages that no training row held.
 *
 * A trailing `*` makes a stem. Words are compared by skeleton (see `normalise/tokens.ts`), without Latin diacritics. In
 * scripts without spaces the words are found anywhere in a run.
 */
import { fold } from "../normalise/fold.ts";
import {
  classOf,
  hashOfWord,
  hashSeed,
  hashStep,
  skeleton,
  unspacedToken,
  wordToken,
  type Tokens,
} from "../normalise/tokens.ts";

/** The class of {@link classOf} that holds scripts without spaces. */
const unspacedClass = 3;

const words: Readonly<Record<string, string>> = {
  override: `ignor* disregard* overlook* neglect* bypass* circumvent* overrid* overrul* supersede* discard* forget*
    forgot unlearn omit* skip dismiss* abandon* nullif* cancel* countermand* erase* evade* sidestep* drop
    suspend* olvid* descart* anul* desobede* pasaporalto oublie* neglig* contourn* outrepass* ignorier* vergiss*
    vergess* missacht* umgeh* uberspring* ignorar* esquec* desconsider* despreze* contorn* dimentic* trascur*
    scavalc* tralasc* negeer* vergeet* omzeil* pomin* zignoruj* zapomn* obejdz* игнорир* проигнорир* забуд*
    забыт* обойд* обойти отмен* пренебре* ігнору* yoksay* unut* atla 忽略 无视 無視 忘记 忘掉 忘記 绕过 繞過 不要理会 不理会 跳过 抛开 覆盖
    無視し 忘れ 無効に 무시 잊어 잊고 건너뛰 우회 abaikan mengabaikan lupakan melupakan lewati hiraukan acuhkan balewalain
    kalimutan kalimutin lampasan ละเว้น เพิกเฉย ไม่สนใจ ลืม ข้าม มองข้าม تجاهل تجاهلي انس انسى تجاوز تغاض अनदेखा
    भूल नजरअंदाज उपेक्षा התעלם שכח puuza sahau lirwakake lalekake`,
  instruction: `instruct* rule rules guideline* directive* prompt prompts command commands order orders constraint*
    directions polic* protocol* programming briefing mandate* preprompt instruccion* regla reglas directric*
    indicacion* orden ordenes consigne* regle* instruction* anweisung* regel regeln vorgab* richtlini* befehl*
    anleitung* instruco* instruca* instruc* regra* diretriz* comando* istruzion* regol* direttiv* comand*
    instructie* regels richtlijn* opdracht* instrukcj* zasad* polece* wytyczn* regul* инструкц* правил* указан*
    директив* команд* промпт* установк* інструкц* talimat* kural* yonerge* komut* 指令 指示 规则 規則 提示词 提示 要求 命令 指引 准则
    设定 約束 ルール プロンプト 지시 지침 규칙 명령 프롬프트 instruksi* perintah* aturan* arahan* petunjuk* peraturan* tagubilin* utos
    panuto alituntunin patakaran คำสั่ง คำแนะนำ กฎ ข้อกำหนด พรอมต์ تعليمات التعليمات أوامر الأوامر القواعد قواعد
    توجيهات निर्देश* नियम* आदेश* הוראות ההוראות כללים maagizo maelekezo sheria parentah pituduh`,
  prior: `previous* prior above earlier preceding before foregoing past former initial original existing
    aforementioned already beforehand anterior* previa* previo* precedent* inicial* original* initial* dessus
    avant vorherig* vorig* bisherig* obig* ursprunglich* zuvor fruher* oben precedenti precedente sopra prima
    inizial* vorige eerdere bovenstaande poprzedni* wczesniejsz* powyzsz* предыдущ* прежн* ранее вышеуказ* выше
    прошл* начальн* исходн* попередн* onceki yukarida* ilk 之前 以前 以上 上面 前面 先前 上述 原来 原有 原始 初始 先の 以前の 上記 これまで 最初 이전
    위의 앞의 앞선 기존 원래 지금까지 sebelumnya terdahulu diatas awal semula nakaraan nauna naunang dati itaas ก่อนหน้า
    ข้างต้น ด้านบน เดิม ทั้งหมดก่อน السابقة السابق أعلاه الأصلية पिछल* पहले ऊपर पूर्व הקודמות הקודם יקודם awali
    zilizotangulia sadurunge samemeh`,
  all: `all any every everything each whatever anything entire whole todas todos todo toda toutes tous tout alle
    alles samtliche jegliche tutte tutti tutto qualsiasi wszystk* kazd* все всех всё всю любые усі tum butun
    hepsi 所有 一切 全部 任何 すべて 全て 全部の 모든 전부 모두 semua segala seluruh lahat anumang ทั้งหมด ทุก جميع كل أي सभी सब कोई
    הכל zote yote kabeh sadaya moi`,
  now: `now instead henceforth onwards hereafter afterwards ahora adelante maintenant desormais dorenavant jetzt nun
    stattdessen agora adesso invece teraz zamiast теперь отныне вместо сейчас simdi artik 现在 从现在起 从现在开始 接下来 今から
    これから 代わりに 지금부터 이제부터 대신 이제 sekarang mulai ngayon simula ตอนนี้ ต่อจากนี้ จากนี้ แทน الآن بدلا अब עכשיו sasa
    saiki ayeuna`,
  fresh: `new latest updated newest nueva* nuevo* nouvel* nouveau* neue* novo* nova* nuov* nieuwe nowy nowe nowa нов*
    yeni 新的 新しい 새로운 baru bago ใหม่ جديدة الجديدة जديد नए नया חדש* mpya anyar`,
  reveal: `reveal* disclos* expos* divulg* leak* dump* show shows shown print* display* output* repeat* recite*
    regurgitat* echo reproduc* share summari* unveil uncover extract* paste copy tell list spill confess*
    surrender revel* muestra* mostrar* imprim* repite* repetir dime decir montre* affiche* revele* repete* zeig*
    verrat* offenbar* wiederhol* ausgeb* nenn* mostr* repita* exib* revela* mostra* ripeti* stampa* dimmi toon
    onthul* herhaal* pokaz* ujawni* powtorz* wypisz* покаж* раскро* повтор* выведи* расскаж* сообщи* назови*
    покажи* goster* acikla* tekrarla* yazdir* soyle 显示 展示 透露 泄露 告诉 重复 输出 打印 列出 揭示 公开 教えて 表示 繰り返 出力 公開 明かし 알려 보여
    공개 출력 반복 말해 tampilkan tunjukkan ungkapkan ulangi beritahu bocorkan cetak perlihatkan sebutkan ipakita
    ibunyag ulitin sabihin ilabas แสดง เปิดเผย บอก ทำซ้ำ พิมพ์ออก اعرض أظهر اكشف كرر أخبرني اطبع दिखा* बता*
    प्रकट दोहरा* הצג חשוף onyesha fichua rudia tuduhake`,
  say: `say says respond* repl* answer* return* state write writes speak utter generat* produce responde* respuesta*
    contesta* escribe* dis reponds repond* ecris* sag sage antwort* schreib* diga responda* escreva* rispondi*
    scrivi* zeg antwoord* schrijf* powiedz odpowied* napisz скажи* ответ* отвеч* напиши* пиши* soyle yanitla*
    cevap* yaz 说 回答 回复 写 输出 言って 答え 返信 書いて 応答 말하 대답 답변 응답 써 katakan jawab balas tulis ucapkan sabihin sagutin
    sumagot isulat พูด ตอบ เขียน قل أجب اكتب رد कहो कहें उत्तर जवाब लिखो लिखें אמור ענה כתוב sema jibu andika`,
  system: `system systems developer* admin* root sudo sysadmin superuser operator* kernel backend sistema*
    desarrollador* systeme developpeur* entwickler* desenvolvedor* sviluppatore* systeem ontwikkelaar* systemow*
    systemu programist* систем* разработчик* админ* sistem gelistirici* 系统 系統 开发者 开发人员 管理员 管理者 システム 開発者 시스템 개발자
    관리자 pengembang ระบบ ผู้พัฒนา ผู้ดูแล النظام نظام المطور المسؤول सिस्टम प्रणाली डेवलपर מערכת המערכת mfumo`,
  prompt: `prompt* preamble configuration config context metaprompt sysprompt prompted directives setup conversation
    transcript persona configuracion contexto configurac* kontext configurazion* контекст* конфигурац* 提示词 プロンプト
    上下文 프롬프트 konteks พรอมต์`,
  secret: `secret* password* passwort passphrase passcode credential* token* key keys apikey confidential* hidden
    private classified internal* sensitive proprietary vault pin ssn secreto* secreta* contrasena* clave*
    confidencial* ocult* motdepasse confidentiel* cache geheim* vertraulich* versteckt* senha* segred* segret*
    nascost* wachtwoord* verborgen hasl* tajn* ukryt* poufn* секрет* парол* скрыт* конфиденц* ключ* gizli*
    sifre* parola* 秘密 密码 密钥 机密 隐藏 口令 パスワード 機密 隠し 비밀 암호 기밀 rahasia sandi tersembunyi lihim kumpidensyal ความลับ
    รหัสผ่าน ลับ سر السر السري سرية गुप्त पासवर्ड गोपनीय סוד סיסמה siri`,
  persona: `act acting pretend* roleplay* simulat* impersonat* imagine embody persona character emulat* immers* portray*
    become transform* role actua* finge* simula* imagina* personaje rol jouer joue agis pretends incarne*
    personnage spiel* rolle verhalt* stell finja* atue* aja personagem papel fingi* comportati recita ruolo
    gedraag udawaj zachowuj wciel притвор* представ* роль веди роли сыграй davran* canlandir* 扮演 假装 假設 假设 模拟 角色
    想象 演じ ふり 役割 ロールプレイ 연기 역할 가정 상상 berpura* berperan bertindak bayangkan peran magpanggap gumanap kumilos
    สวมบทบาท แกล้ง สมมติ จินตนาการ تصرف تظاهر تخيل دور العب बनो कल्पना अभिनय भूमिका מדמה`,
  free: `unrestricted uncensored unfiltered unlimited unbound* unchained jailbr* dan freed liberat* limitless
    unaligned unmoderated unshackled amoral nonmoral evil devmode godmode dude stan aim antigpt libre libremente
    irrestrict* uneingeschrankt* unzensiert* frei ungefiltert* irrestrito livre illimitat* libero onbeperkt
    nieograniczon* неограничен* свободн* ограничений sinirsiz ozgur 不受限制 无限制 不受任何 自由 越狱 制限なし 制約なし 無制限 自由に 제한없
    자유롭 탈옥 bebas malaya ไม่มีข้อจำกัด อิสระ حر`,
  restrict: `restrict* limit limits limitation* filter* censor* safet* safeguard* guardrail* ethic* moral* polic*
    boundar* alignment moderat* protections prohibit* forbidden compliance ethos restriccion* limitac* filtro*
    etic* censur* segurid* restriction* limites filtre* ethique* morale* beschrankung* einschrankung* zensur
    sicherheits* grenzen restric* restrizion* limitazion* beperking* ogranicz* ограничен* фильтр* цензур* этик*
    этич* моральн* безопасност* kisitlama* sansur etik guvenlik 限制 约束 道德 伦理 审查 过滤 安全 法律 制限 倫理 検閲 フィルター 제한 윤리 검열
    필터 안전 batasan etika sensor keamanan penyaring limitasyon ข้อจำกัด จริยธรรม การกรอง القيود قيود أخلاق الرقابة
    السلامة प्रतिबंध नैतिक सुरक्षा מגבלות`,
  not: `not no never without dont don't doesnt cannot cant can't none nothing nor avoid stop nunca sin nada ninguna
    pas jamais sans aucun* nicht kein* ohne nie niemals nao sem nenhum* non mai senza nessun* niet geen zonder
    bez не без никогда нельзя никаких нет degil asla hicbir 不要 不能 不会 不得 没有 不 别 ない しない なく 않 없이 말고 마세요 tidak
    jangan tanpa bukan hindi huwag wala ไม่ อย่า ห้าม لا ليس دون بدون لن नहीं मत बिना לא בלי`,
  only: `only just exactly solely merely verbatim literally nothing exclusively precisely solo solamente unicamente
    exactamente seulement uniquement exactement nur lediglich ausschliess* genau apenas somente exatamente
    soltanto esattamente alleen slechts tylko wylacznie dokladnie только лишь точно дословно исключительно
    sadece yalnizca aynen 只 仅 只需 一字不差 逐字 原封不动 だけ のみ そのまま 만 그대로 오직 정확히 hanya persis cuma lamang lang เท่านั้น
    เพียง فقط حرفيا बस केवल सिर्फ רק`,
  you: `you your yours yourself youre you're vous votre dich dir du ihr sie dein* ihre* usted tus eres su voce voces
    seu sua seus tuo tua jij jouw twoj* ты тебя твои твой тебе вы вам ваш* вас sen senin siz sizin 你 您 你的 あなた お前
    君 당신 너 네가 kamu anda engkau mu kau ikaw iyong คุณ เธอ أنت لك आप तुम तेरे आपके אתה wewe kowe anjeun`,
  ai: `ai assistant* chatbot* chatgpt gpt llm model models bot bots claude gemini llama copilot bard openai
    anthropic agent agents asistente* modelo* ia assistent* modell* ki assistente* modello asystent* ассистент*
    ассистент модел* нейросет* ии бот asistan* 人工智能 助手 模型 机器人 语言模型 アシスタント モデル 人工知能 인공지능 어시스턴트 모델 챗봇 asisten
    katulong ผู้ช่วย โมเดล ปัญญาประดิษฐ์ مساعد المساعد نموذج الذكاء सहायक मॉडल एआई עוזר`,
  user: `user users usuario* utilisateur* benutzer* nutzer usuari* utente gebruiker* uzytkownik* пользовател*
    kullanici* 用户 ユーザー 사용자 pengguna gumagamit ผู้ใช้ المستخدم उपयोगकर्ता`,
  send: `send sends sending email emails mail forward* post upload* transmit* exfiltrat* deliver* submit webhook
    envia* enviar* reenvi* correo envoie* envoyer transfere* courriel sende* schick* weiterleit* envie*
    encaminh* invia* inoltra* stuur* verzend* wysl* przesl* отправ* перешл* письмо gonder* ilet* 发送 发给 转发 邮件 上传
    送信 メール 転送 보내 전송 이메일 전달 kirim* teruskan unggah ipadala ipasa ส่ง อีเมล ส่งต่อ أرسل ارسل إرسال بريد भेज* ईमेल
    שלח tuma kirimake`,
  execute: `execut* run invoke* call calls perform* launch* carry fulfil* proceed ejecut* realiza* llama execute* lance*
    appel* fuhr* ausfuhr* starte rufe chame esegui* chiama voer* wykonaj* uruchom* выполн* запуст* вызов*
    calistir* uygula* yurut* 执行 运行 调用 実行 呼び出 실행 호출 jalankan lakukan panggil laksanakan isagawa patakbuhin
    ดำเนินการ เรียกใช้ รัน نفذ قم شغل استدع चला* निष्पादित करो הפעל fanya`,
  tool: `function functions tool tools api command script shell bash terminal endpoint plugin herramienta* funcion*
    outil* fonction* werkzeug* funktion* ferramenta* func* strument* funzion* инструмент* функци* arac fonksiyon
    工具 函数 接口 ツール 関数 도구 함수 alat fungsi เครื่องมือ ฟังก์ชัน أداة دالة उपकरण`,
  act: `transfer* delete* purchas* buy grant* schedul* cancel* update modif* install* download* disable* remove*
    unlock* approve* create add pay wire deposit withdraw* book subscribe enable access retrieve fetch
    transfiere* elimina* borra* compra* supprim* achet* losch* kauf* uberweis* exclua* apague* transfira*
    cancella* trasferisci usun* przelej* удал* перевед* купи* установи* sil satin 删除 转账 购买 授权 安装 削除 購入 삭제 구매 송금
    hapus beli transfer burahin bilhin ลบ โอน ซื้อ احذف حول اشتر हटा* खरीद*`,
  urgent: `important importante* urgent* attention critical* warning alert notice mandatory immediate* emergency
    priority required wichtig* achtung dringend* obrigator* avviso belangrijk wazne uwaga важно внимание срочно
    немедленно onemli dikkat acil 重要 紧急 注意 警告 必须 立即 緊急 중요 긴급 주의 경고 penting segera perhatian mahalaga agad สำคัญ
    ด่วน โปรดทราบ هام مهم عاجل تنبيه महत्वपूर्ण तुरंत ध्यान חשוב muhimu`,
  authority: `authorized authoris* authoriz* permission* permitted clearance owner creator* engineer* administrator*
    supervisor ceo official* verified elevated privileg* maintenance debug* diagnostic* audit* testing test
    approved autorizado* permiso* autoris* berechtig* autorizad* autorizz* uprawni* разрешен* уполномоч*
    полномоч* проверк* yetkili izin 授权 权限 调试 测试 維持 許可 権限 デバッグ テスト 권한 허가 테스트 디버그 berwenang pahintulot awtorisado
    อนุญาต ทดสอบ مصرح تصريح إذن अनुमति अधिकृत הרשאה`,
  mode: `mode modes modo modus modalita tryb режим* mod modu 模式 モード 모드 โหมด وضع मोड מצב`,
  harm: `illegal* unethical* harmful* immoral* dangerous hack* malware ransomware explicit nsfw violen* weapon* bomb*
    drug* poison* exploit* phish* fraud* steal* kill* offensive profan* racis* hate* ilegal* danin* schadlich*
    illegale* незаконн* вредн* опасн* взлом* yasadisi zararli 非法 违法 有害 黑客 違法 불법 해로운 ilegal berbahaya meretas
    ผิดกฎหมาย อันตราย ضار अवैध`,
  refuse: `refus* declin* apolog* sorry disclaimer* warn* lecture* deny denied reject* hesitat* moraliz* unable rechaz*
    disculp* excus* verweiger* entschuldig* ablehn* recus* desculp* rifiut* scus* odmawia* przeprasza* отказ*
    извин* предупрежд* reddet* ozur 拒绝 抱歉 道歉 警告 拒否 申し訳 거부 거절 사과 menolak maaf tumanggi paumanhin ปฏิเสธ ขอโทษ
    ترفض اعتذر मना माफ`,
  obey: `must obey* comply complies follow* adhere* accept always submit fulfill* abide required oblig* debes
    obedece* sigue* cumpl* dois obeir suivez suis musst befolg* gehorch* folge* deve* obedec* siga* devi segui*
    obbedi* moet volg* musisz przestrzega* должен должн* следуй* подчин* повину* слушай* meli zorunda uy 必须 遵守
    服从 遵循 听从 従って 従う 必ず 따르 반드시 복종 harus patuhi ikuti wajib dapat sundin ต้อง ปฏิบัติตาม เชื่อฟัง يجب اتبع أطع
    चाहिए पालन חייב`,
  finish: `end ended ends finish* complete completed over stop begin* start starts fin termina* ende beginn* fim fine
    inicio einde koniec конец начал* son basla* 结束 开始 終了 開始 끝 시작 selesai akhir tapos จบ สิ้นสุด เริ่ม نهاية
    بداية समाप्त`,
  text: `text texts sentence* document* message* conversation* content* article* page passage paragraph* input inputs
    translation summary phrase* question* word words letter letters data texto* frase* documento* mensaje*
    conversacion* texte satz dokument* nachricht* testo messaggio* tekst* zdani* текст* предложени* документ*
    сообщени* фраз* разговор* metin cumle belge mesaj 文本 句子 文档 内容 消息 对话 文章 翻译 テキスト 会話 メッセージ 텍스트 문장 문서 대화 내용 메시지
    teks kalimat dokumen percakapan pesan teksto pangungusap ข้อความ ประโยค เอกสาร เนื้อหา النص نص الجملة
    المحادثة पाठ वाक्य दस्तावेज़ संदेश`,
  encode: `translat* encod* decod* base64 rot13 hex cipher* caesar revers* backward* spell* binary morse ascii emoji
    unicode concatenat* substitut* replace* traduc* codific* tradui* encode* ubersetz* kodier* ruckwarts traduz*
    vertaal* przetlumacz* zakoduj* перевед* закодир* расшифр* наоборот cevir* kodla* 翻译 编码 解码 反转 翻訳 逆 エンコード 번역
    인코딩 거꾸로 terjemahkan balik isalin แปล เข้ารหัส ย้อนกลับ ترجم شفر عكس अनुवाद`,
  fiction: `hypothetical* fiction* story novel* scenario* game play imaginar* dream* movie script theoretical* pretend
    grandma* hipotetic* ficcion* juego historia* hypothetique* fictif* jeu histoire hypothetisch* fiktiv*
    geschichte* jogo ficcao gioco storia gra гипотетич* вымышлен* игр* истори* сценари* kurgu* oyun hikaye 假设 虚构
    游戏 故事 小说 架空 ゲーム 物語 小説 가상 게임 이야기 소설 hipotetis fiksi permainan cerita kathang laro kwento สมมุติ นิยาย เกม
    เรื่อง خيال لعبة قصة काल्पनिक खेल कहानी`,
  link: `link links url urls http https www href website site click visit browse image img markdown src iframe onload
    onerror enlace lien bild klick* imagem clique* sito clicca ссылк* сайт* перейд* baglanti tikla 链接 网址 点击 访问
    图片 リンク クリック 画像 링크 클릭 이미지 tautan klik gambar ลิงก์ คลิก رابط انقر लिंक क्लिक`,
  include: `include* add append* insert* mention* attach* prefix* suffix* prepend* embed* begin conclude incluy* incluir
    agreg* anad* ajout* inclu* fuge* hinzufug* inclua* adicion* aggiungi* includi* voeg* dodaj* включ* добав*
    ekle* 包含 添加 插入 加上 附上 追加 含め 추가 포함 sertakan tambahkan masukkan isama idagdag เพิ่ม ใส่ รวม أضف ضمن जोड़* शामिल`,
  question: `how what why when where which who whom does did can could would is are should explain describe como que cual
    cuando quien donde comment pourquoi quoi quel* wie was warum welche* wann wer qual quais porque come perche
    cosa quale hoe wat waarom dlaczego czy почему зачем какой какие nasil neden nedir 什么 怎么 如何 为什么 何 なぜ どう 무엇
    어떻게 왜 apa bagaimana mengapa ano paano bakit อะไร อย่างไร ทำไม كيف لماذا ما क्या कैसे क्यों`,
  code: `git github file files python java javascript class method variable* compiler css html sql npm docker linux
    import const return void struct pytest unittest typescript regex parser repository commit branch merge`,
};

/** Vietnamese writes its words in syllables; each idea there is a pair of them, as folded (no diacritics). */
const syllablePairs: Readonly<Record<string, string>> = {
  override: "bo_qua quen_di phot_lo lo_di",
  instruction: "huong_dan chi_thi chi_dan quy_tac menh_lenh cau_lenh yeu_cau",
  prior: "truoc_do truoc_day ben_tren phia_tren o_tren ban_dau",
  all: "tat_ca moi_thu toan_bo",
  now: "bay_gio tu_gio thay_vao",
  reveal: "hien_thi tiet_lo cho_biet cho_toi lap_lai in_ra",
  say: "tra_loi hay_noi viet_ra",
  system: "he_thong nha_phat quan_tri",
  secret: "bi_mat mat_khau",
  persona: "dong_vai gia_vo hay_tuong vai_tro gia_su",
  restrict: "han_che gioi_han kiem_duyet dao_duc an_toan",
  free: "tu_do khong_han",
  not: "khong_duoc dung_co",
  only: "chi_tra chi_noi chi_can",
  ai: "tri_tue tro_ly mo_hinh",
  user: "nguoi_dung",
  send: "gui_email gui_cho chuyen_tiep gui_toi",
  execute: "thuc_hien thuc_thi chay_lenh",
  urgent: "quan_trong khan_cap chu_y",
  obey: "phai_tuan tuan_theo tuan_thu lam_theo",
  text: "van_ban tin_nhan noi_dung tai_lieu cau_van",
  encode: "ma_hoa giai_ma dich_sang dao_nguoc",
  mode: "che_do",
  include: "bao_gom them_vao",
  link: "lien_ket duong_dan hinh_anh",
  refuse: "tu_choi xin_loi",
};

/** The ideas, in a fixed order: an idea's number is its place here. Trained weights depend on it. */
export const concepts: readonly string[] = Object.keys(words);

const none = 0xff;

interface Lexicon {
  /** Idea by hash of a whole word, of a stem, or of a pair of syllables. */
  readonly exact: ReadonlyMap<number, number>;
  readonly stems: ReadonlyMap<number, number>;
  /** Hashes of stems' first three units; no stem is shorter. */
  readonly stemStarts: ReadonlySet<number>;
  readonly pairs: ReadonlyMap<number, number>;
  /** Words of scripts without spaces, by hash. */
  readonly runs: ReadonlyMap<number, number>;
  /** One bit a hash (16 bits of it): whether a map is worth asking. */
  readonly stemFilter: Uint8Array;
  readonly runFilter: Uint8Array;
  readonly pairFilter: Uint8Array;
  readonly longestRun: number;
}

const lexicon: Lexicon = build();

/** The words of ideas by hash, for a kernel that looks for them as {@link findIdeas} does. */
export const lexiconTables: Pick<Lexicon, "exact" | "stems" | "stemStarts" | "pairs" | "runs" | "longestRun"> = lexicon;

function build(): Lexicon {
  const exact = new Map<number, number>();
  const stems = new Map<number, number>();
  const stemStarts = new Set<number>();
  const pairs = new Map<number, number>();
  const runs = new Map<number, number>();
  const stemFilter = new Uint8Array(0x10000);
  const runFilter = new Uint8Array(0x10000);
  const pairFilter = new Uint8Array(0x10000);
  let longestRun = 0;
  concepts.forEach((concept, idea) => {
    for (const entry of (words[concept] ?? "").split(/\s+/)) {
      const isStem = entry.endsWith("*");
      const plain = fold(isStem ? entry.slice(0, -1) : entry).text;
      const hash = hashOfWord(plain);
      if (classOf(plain.charCodeAt(0)) === unspacedClass) {
        if (runs.has(hash)) continue;
        runs.set(hash, idea);
        runFilter[hash & 0xffff] = 1;
        longestRun = Math.max(longestRun, plain.length);
      } else if (isStem) {
        if (!stems.has(hash)) stems.set(hash, idea);
        if (plain.length < 3) throw new Error(`the stem \`${plain}\` has fewer than three units`);
        stemStarts.add(hashOfWord(plain.slice(0, 3)));
        stemFilter[hash & 0xffff] = 1;
      } else if (!exact.has(hash)) exact.set(hash, idea);
    }
    for (const pair of (syllablePairs[concept] ?? "").split(" ")) {
      const [first = "", second = ""] = pair.split("_");
      if (second === "") continue;
      const hash = pairHash(hashOfWord(first), hashOfWord(second));
      pairs.set(hash, idea);
      pairFilter[hash & 0xffff] = 1;
    }
  });
  return { exact, stems, stemStarts, pairs, runs, stemFilter, runFilter, pairFilter, longestRun };
}

function bone(unit: number): number {
  return unit < 0x80 ? (skeleton[unit] ?? unit) : unit;
}

function pairHash(first: number, second: number): number {
  return Math.imul(first, 0x01000193) ^ second;
}

/** Where ideas stand in a text: parallel arrays, by token. */
export interface Ideas {
  readonly count: number;
  readonly token: Int32Array;
  readonly idea: Uint8Array;
}

let room = { token: new Int32Array(2048), idea: new Uint8Array(2048) };

/**
 * Finds the ideas in a text's tokens, at most one a token; in scripts without spaces one a token of a few characters. The next
 * call writes over what it gives.
 */
export function findIdeas(tokens: Tokens): Ideas {
  if (room.token.length < tokens.count)
    room = { token: new Int32Array(tokens.count * 2), idea: new Uint8Array(tokens.count * 2) };
  const { token, idea } = room;
  let count = 0;
  let before = 0;
  for (let at = 0; at < tokens.count; at++) {
    const kind = tokens.kind[at];
    let found = none;
    if (kind === wordToken) {
      const hash = tokens.hash[at] as number;
      found = lexicon.exact.get(hash) ?? findStem(tokens, at);
      const pair = pairHash(before, hash);
      if (lexicon.pairFilter[pair & 0xffff] === 1) found = lexicon.pairs.get(pair) ?? found;
      before = hash;
    } else if (kind === unspacedToken) found = findInRun(tokens, at);
    if (found === none) continue;
    token[count] = at;
    idea[count++] = found;
  }
  return { count, token, idea };
}

/** The longest stem that the word begins with. */
function findStem(tokens: Tokens, at: number): number {
  const { units } = tokens;
  const start = tokens.start[at] ?? 0;
  const end = Math.min(tokens.end[at] ?? 0, start + longestStem);
  let hash = hashSeed;
  let found = none;
  for (let unit = start; unit < end; unit++) {
    hash = hashStep(hash, bone(units[unit] as number));
    if (lexicon.stemFilter[hash & 0xffff] === 1) found = lexicon.stems.get(hash) ?? found;
  }
  return found;
}

const longestStem = 16;

/** The first word of an idea that begins inside the token; it may end in the next. The longest one at its place. */
function findInRun(tokens: Tokens, at: number): number {
  const { units } = tokens;
  const end = tokens.end[at] ?? 0;
  for (let start = tokens.start[at] ?? 0; start < end; start++) {
    let hash = hashSeed;
    let found = none;
    const limit = Math.min(tokens.folded.length, start + lexicon.longestRun);
    for (let unit = start; unit < limit; unit++) {
      hash = hashStep(hash, bone(units[unit] as number));
      if (lexicon.runFilter[hash & 0xffff] === 1) found = lexicon.runs.get(hash) ?? found;
    }
    if (found !== none) return found;
  }
  return none;
}
