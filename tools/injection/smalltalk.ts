/** What people say to assistants in a few words, in many languages. In: nothing. Out: rules; `talk` is where they begin. */
export const smallTalk = `
= talk
{hello}
{thanks}
{yes}
{more}
{other}
{hello} {more}
{thanks} {more}
{yes}, {more}
= hello
(hello|hi|hey|good morning|good evening|hi there|hello there|hey there|greetings|yo|howdy|how are you?|how are you today?|what's up|hello, who are you?|hi, can you help me?|are you there?|nice to meet you|hola|bonjour|hallo|guten Tag|olá|oi|ciao|привет|здравствуйте|merhaba|你好|您好|こんにちは|안녕하세요|xin chào|chào bạn|halo|selamat pagi|hai|apa kabar|kumusta|magandang araw|สวัสดี|สวัสดีครับ|สวัสดีค่ะ|مرحبا|السلام عليكم|नमस्ते|hujambo)(!|.|?|)
= thanks
(thanks|thank you|thanks a lot|thank you very much|thx|ty|ok thanks|ok thank you|great, thanks|perfect, thank you|thank you, that was helpful|cheers|many thanks|thanks for your help|appreciate it|gracias|muchas gracias|merci|merci beaucoup|danke|vielen Dank|obrigado|grazie|спасибо|большое спасибо|teşekkürler|谢谢|非常感谢|ありがとう|감사합니다|cảm ơn|cảm ơn bạn|terima kasih|makasih|salamat|maraming salamat|ขอบคุณ|ขอบคุณครับ|شكرا|धन्यवाद|asante)(!|.|)
= yes
(yes|no|ok|okay|sure|yep|nope|yes please|no thanks|right|exactly|correct|wrong|done|cool|great|perfect|nice|wow|lol|haha|maybe|not really|I see|got it|understood|of course|absolutely|certainly|fine|alright|agreed|good|bad|never mind|wait|stop|next|go|again|continue|start|cancel|sí|no gracias|oui|non|ja|nein|sim|não|да|нет|хорошо|evet|hayır|是|不是|好的|可以|继续|はい|いいえ|네|아니요|vâng|không|được|ya|tidak|oke|baik|oo|hindi|sige|ใช่|ไม่|ได้|نعم|لا|حسنا|हाँ|नहीं|ndiyo)(!|.|)
= more
(go on|continue|please continue|keep going|more|tell me more|another one|try again|again please|one more|next question|explain|why?|how?|what?|really?|who?|when?|where?|say that again|can you repeat that?|repeat please|shorter please|in English please|as a list|more details|give me an example|more examples please|make it shorter|what do you mean?|I don't understand|that's wrong|are you sure?|is that all?|what else?|what can you do?|who made you?|what is your name?|can you help me?|help|help me|I have a question|I need help|skip|skip this one|turn it off|shut up|be quiet|bye|goodbye|see you|good night|the end|test|testing|hello world|123|what time is it?|tell me a joke|sing a song|answer me|show me|translate this|rewrite it|fix it|write it again|use simple words)(!|.|)
= other
(my|the) (card|phone|order|password|code|app|wifi|printer|car|cat|flight|file) (declined|is broken|is late|does not work|is lost|expired|is gone|was cancelled|keeps crashing|is stuck)(!|.|)
(I'm|I am) (bored|tired|happy|sad|hungry|lost|confused|back|sorry|a teacher|new here|at work|not sure|from Malaysia)(!|.|)
(what|how) about (tomorrow|you|Friday|the second one|a smaller one|x = 5|pizza|Bangkok|2024)?
(yes|no), (but|and|so) (I|we|it) (like it|want more|need help|works now|failed again|is fine|was yesterday)
(the answer is|answer:|it is|I say|I choose) (42|B|seven|Paris|blue|option C|true|no)
`;
