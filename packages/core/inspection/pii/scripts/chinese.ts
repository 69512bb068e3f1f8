/**
 * Names and addresses in Chinese, simplified and traditional. In: a stretch of text. Out: spans.
 *
 * A name is a family name and one or two signs that people are called by, where its surroundings say so: a form's field, "my name
 * is", a title behind it, or a verb of people. Signs that are also common words need more around them. An address is a number
 * with 号 behind a road, back to where it begins; or what a field "address" holds.
 */
import { everywhere, type PushSpan } from "./script-span.ts";

/** Family names by how often they are a name where they stand: nearly always, or as often a word. */
const families = new Map<string, number>([
  ...signsOf(
    "李张刘陈杨赵吴周徐孙朱胡郭罗郑梁谢宋许韩冯邓曹彭曾萧潘袁蔡蒋余杜程魏苏吕丁卢姚沈钟姜崔谭陆范汪廖韦贾邹熊孟秦邱侯尹薛闫雷黎史贺郝龚邵覃戴莫樊葛俞倪柯洪汤欧符聂翁詹温庞殷牟冉卞肖涂唐缪甘闵臧褚裴阮蒲麦麥肖佘晏",
  ).map((sign): [string, number] => [sign, 2]),
  ...signsOf("張劉陳楊趙吳孫鄭許韓馮鄧蕭蔣呂盧鐘鍾譚陸範韋賈鄒閻賀龔歐聶龐蘇謝羅詹").map((sign): [string, number] => [
    sign,
    2,
  ]),
  ...signsOf(
    "王林何高马黄叶田董任石金夏付方白江段龙陶毛顾万武钱严孔向常于文施牛安康成齐伍尤易时关连季左鲁馬黃葉龍顧錢嚴萬齊時關連魯游童管柳路岳华華简簡餘申尚柴焦庄莊温蓝藍宁寧余樂乐花",
  ).map((sign): [string, number] => [sign, 1]),
]);
const compounds =
  /^(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|司徒|慕容|皇甫|尉迟|尉遲|公孙|公孫|令狐|夏侯|东方|東方|申屠|端木)/;

/** Signs that are hardly anything but part of a given name; and those that are often part of one, and words besides. */
const given = new Set(
  "伟芳娜敏静丽艳娟霞磊洋勇杰涛超秀兰桂英琴玲鑫浩宇轩梓涵怡欣佳雨婷雪莹颖慧洁琳琪瑶瑞倩薇蕾萍莉莲菊梅琼玉珍珠凤淑雅晨晓旭晗昊昕晟辉煜炜烨炫焱熙彤彬斌峰峻岩嵩鹏鸿鹤翔翰俊健伦俪仪佩偉靜麗豔濤傑蘭瑩穎潔瓊鳳曉輝煒燁鵬鴻儀楠栋棟桐榕樺桦松柏柯枫楓淼渊淵清沐沛泽澤润潤瀚澜豪毅诚誠诺懿恺愷悦悅惠恩慈轲轶逸迪远遠宸宏宁寧寅宛婉妍妮姗姿娇嬌嫣嬿嘉哲喆博凯凱刚剛钧鈞铭銘锋鋒锐銳钰鈺韬韜馨馥驰馳骏駿骁祥祺禄福禹舒舟芸苑茜茹荣榮蓉蓓蕊薏虹裕贤賢贵貴赟霖霄靖睿瑜瑾璇璐璟珊珂玥玮瑋珩琛琦瓒胜勝聪聰耀翊翠艺藝依伊俐俏侃仁义義信忠孝礼禮恭谦謙",
);
const oftenGiven = new Set(
  "国國文明海建军軍华華平生成天子安家新中志智立正永春夏秋冬东東红紅美爱愛思源民强強林龙龍云雲光世德庆慶学學金木水心月星阳陽山川石江河波阿小大一二三长長方元万萬良友人来來保振兴興发發富财財康乐樂进進继繼宗祖少若如意可容之以然君士才武昌全启啟彦彥奇峰树樹卫衛先业業群敬晶景兵利力克达達尚开開连連",
);
const never =
  /[的了是在不我他她它们們这這那有和与與或及也就都而被把让讓给給对對从從向往到于於什么麼吗嗎呢吧啊呀个個些哪谁誰怎为為因所但如果没沒很更最再又还還只才会會能要想说說做看见見去过過得地着著等年月日时時分点點第]/;

/** What stands right before a name: hardly ever before anything else, or now and then. */
const strongCue =
  /(?:姓名|名字|名叫|我叫|他叫|她叫|叫做|本人|联系人|聯絡人|聯繫人|收件人|寄件人|收货人|收貨人|申请人|申請人|负责人|負責人|法人|患者|病人|客户|客戶|学生|學生|员工|員工|签名|簽名|签字|户主|戶主|乘客|乘車人|会员|會員|监护人|監護人|持卡人|投保人|被保险人|家长|家長|嫌疑人|原告|被告|证人|證人|经办人|致电|致電|此致|尊敬的|亲爱的|親愛的)(?:是|为|為|叫|：|:|,|，|\s){0,3}$/;
const weakCue =
  /(?:经理|經理|主任|医生|醫生|大夫|护士|護士|老师|老師|教授|律师|律師|同事|朋友|邻居|鄰居|妻子|丈夫|儿子|兒子|女儿|女兒|父亲|父親|母亲|母親|哥哥|弟弟|姐姐|妹妹|总裁|總裁|董事长|董事長|书记|書記|局长|局長|秘书|秘書|司机|司機|记者|記者|作者|导演|導演|演员|演員|歌手|选手|警员|警員|请|請|找|由|和|与|與|跟|给|給|让|讓|通知|联系|聯繫|聯絡|感谢|感謝|转告|轉告)$/;
const title =
  /^(?:先生|女士|小姐|太太|夫人|同学|同學|老师|老師|医生|醫生|大夫|教授|博士|经理|經理|主任|律师|律師|护士|護士|院长|院長|校长|校長|警官|法官|师傅|師傅|阿姨|叔叔|同志|总监|總監|董事长|董事長|处长|處長|科长|科長|局长|局長|部长|部長|秘书|秘書|会计|會計|工程师|工程師)/;
const verb =
  /^(?:说|說|表示|认为|認為|指出|告诉|告訴|称|稱|来电|來電|反映|投诉|投訴|申请|申請|住在|家住|住院|入院|出生|生于|毕业|畢業|任职|任職|于|於|在|已|将|將|因|，?(?:男|女)(?:，|,|\s|$)|的(?:电话|電話|手机|手機|身份证|身份證|地址|邮箱|信箱|账户|帳戶|护照|護照|病历|病歷|工资|薪水|生日|家)|（|\(|【|签|簽|提交|预约|預約|购买|購買|订购|訂購|转账|轉帳|汇款|匯款|今年|现年|現年)/;
const leftBorder = /(?:^|[\s\p{P}\p{S}])$/u;
const rightBorder = /^(?:$|[\s\p{P}\p{S}0-9])/u;

const leastScore = 5;

function signsOf(text: string): string[] {
  return Array.from(text);
}

export function findChinese(text: string, push: PushSpan): void {
  for (let at = 0; at < text.length; at++) {
    const family = compounds.exec(text.slice(at, at + 2))?.[0] ?? text.charAt(at);
    const weight = family.length === 2 ? 3 : families.get(family);
    if (weight !== undefined) readName(text, at, family, weight, push);
  }
  findAddresses(text, push);
}

function readName(text: string, at: number, family: string, weight: number, push: PushSpan): void {
  const from = at + family.length;
  const before = text.slice(Math.max(0, at - 10), at);
  const cue = strongCue.test(before) ? 4 : weakCue.test(before) ? 1.5 : leftBorder.test(before) ? 1 : -0.5;
  let best = 0;
  let end = 0;
  for (const length of [2, 1]) {
    const called = text.slice(from, from + length);
    if (called.length < length || !/^[\u3400-\u9fff]+$/.test(called) || never.test(called)) continue;
    if (title.test(text.slice(from, from + 4)) || (length === 2 && title.test(text.slice(from + 1, from + 5))))
      continue;
    const signs = signsOf(called).reduce(
      (sum, sign) => sum + (given.has(sign) ? 1.7 : oftenGiven.has(sign) ? 0.7 : -0.6),
      0,
    );
    const behind = text.slice(from + length, from + length + 8);
    const after = title.test(behind) ? 4 : verb.test(behind) ? 2 : rightBorder.test(behind) ? 1 : 0;
    // One sign is a name where something says so on both sides.
    const score = weight + signs + cue + after - (length === 1 && after < 2 && cue < 4 ? 2 : 0);
    if (score > best) {
      best = score;
      end = from + length;
    }
  }
  if (best >= leastScore) push("person", at, end, Math.min(0.95, 0.4 + best / 16));
  else if (/^(?:先生|女士|小姐|太太)/.test(text.slice(from, from + 2))) push("person", at, from + 2, 0.7);
}

const road = /(?:路|街|道|巷|弄|胡同|里|村|段|大街|坊|庄|莊|园|園|苑|小区|社區|社区|新村|港|湾|灣|径|徑)$/;
const unitsBehind =
  /^(?:(?:之|-)?[0-9０-９A-Za-z甲乙丙丁一二三四五六七八九十]{1,5}(?:-[0-9]{1,4})?\s?(?:号院|号楼|號樓|号|號|弄|巷|栋|棟|幢|座|单元|單元|楼|樓|层|層|室|房|户|戶|门|門)\s?|(?:之[0-9]{1,3})|(?:[\u3400-\u9fff]{2,8}(?:大厦|大廈|广场|廣場|小区|花园|花園|公寓|中心)\s?)){1,6}/;
/** Where an address begins that runs on from a sentence: a province, a municipality, a city that everybody knows. */
const region =
  /北京|上海|天津|重庆|重慶|河北|山西|辽宁|遼寧|吉林|黑龙江|黑龍江|江苏|江蘇|浙江|安徽|福建|江西|山东|山東|河南|湖北|湖南|广东|廣東|海南|四川|贵州|貴州|云南|雲南|陕西|陝西|甘肃|甘肅|青海|台湾|台灣|臺灣|内蒙古|广西|廣西|西藏|宁夏|新疆|香港|澳门|澳門|广州|廣州|深圳|杭州|南京|武汉|武漢|成都|西安|苏州|蘇州|台北|臺北|新北|桃园|桃園|台中|臺中|台南|臺南|高雄|基隆|新竹|嘉义|嘉義|九龙|九龍|新界|新加坡/;
const lead =
  /^.*(?:住在|住址|地址|家住|位于|位於|寄到|寄往|寄给|送到|送至|搬到|搬去|前往|在|于|於|到|至|为|為|是|往|从|從|回)/;

function findAddresses(text: string, push: PushSpan): void {
  const number = /[0-9０-９]{1,5}(?:[-之][0-9]{1,4})?\s?(?:号|號|弄|巷)|[一二三四五六七八九十百]{1,4}(?:号|號)/g;
  everywhere(number, text, ({ index, 0: written }) => {
    if (/[0-9０-９一二三四五六七八九十百]/.test(text.charAt(index - 1)) && !/[段]/.test(text.charAt(index - 1))) return;
    let start = index;
    while (start > 0 && index - start < 40 && /[\u3400-\u9fff\s]/.test(text.charAt(start - 1))) start--;
    const run = text.slice(start, index);
    if (!road.test(run.trimEnd())) return;
    const known = run.search(region);
    start += known >= 0 ? known : (lead.exec(run)?.[0].length ?? 0);
    while (start < index && /\s/.test(text.charAt(start))) start++;
    if (index - start < 3) return;
    const end = index + written.length;
    const behind = unitsBehind.exec(text.slice(end, end + 36))?.[0] ?? "";
    push("address", start, end + behind.trimEnd().length, 0.9);
  });
  const field = /(?:地址|住址|户籍|戶籍|住所)(?:是|为|為|在)?\s?[：:]?\s?/g;
  everywhere(field, text, ({ index, 0: written }) => {
    const start = index + written.length;
    const held = /^[\u3400-\u9fff0-9０-９A-Za-z\-之#]{6,60}/.exec(text.slice(start, start + 61))?.[0] ?? "";
    const parts = new Set(held.match(/省|市|区|區|县|縣|镇|鎮|乡|鄉|村|路|街|道|巷|号|號|楼|樓|室/g));
    if (parts.size >= 2) push("address", start, start + held.length, 0.85);
  });
}
