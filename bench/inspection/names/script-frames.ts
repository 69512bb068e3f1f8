/**
 * Frames of sentences, forms and records in Chinese, Thai, Tamil, Vietnamese, Indonesian and Malay, to judge names and addresses
 * by. `{person}`, `{family}` and `{address}` are filled. Rules were written with the first half of each language in view; the
 * second half was judged once they stood, and stays out of view.
 */
export interface Frames {
  readonly seen: readonly string[];
  readonly unseen: readonly string[];
}

export const frames: Readonly<Record<"zh" | "th" | "ta" | "vi" | "id" | "ms", Frames>> = {
  zh: {
    seen: [
      "我叫{person}，住在{address}。",
      "请联系{person}先生，电话 13800138000。",
      "客户{person}的地址是{address}，请尽快发货。",
      "姓名：{person}\n地址：{address}\n电话：010-12345678",
      "{person}女士已于昨天办理了入住手续。",
      "收件人：{person}\n收货地址：{address}",
      "患者{person}，男，45岁，因胸痛入院。",
      "昨天下午{family}先生打电话来投诉。",
      "帮我写一封给{person}老师的感谢信。",
      "{person}说他明天不能来开会。",
      "请把合同寄到{address}，{person}收。",
      "我和{person}一起去了北京。",
    ],
    unseen: [
      "尊敬的{person}女士：您的信用卡账单已生成。",
      "本人{person}，现申请将户口迁至{address}。",
      "投保人：{person}，联系地址：{address}。",
      "请通知{person}经理参加周一的会议。",
      "{person}，女，三十二岁，家住{address}。",
      "老板，{person}今天请假了。",
      "快递单号 887 的收货人是{person}，送到{address}。",
      "昨晚{person}在医院去世，享年八十岁。",
      "申请人{person}提交了护照复印件。",
      "报告由{person}医生签字。",
      "帮我查一下{person}的订单，地址在{address}。",
      "这是{person}的手机号码：13912345678。",
    ],
  },
  th: {
    seen: [
      "นาย{person} อยู่บ้านเลขที่ {address}",
      "ผมชื่อ{person} ทำงานที่ธนาคาร",
      "ชื่อ-นามสกุล: {person}\nที่อยู่: {address}",
      "คุณ{person} โทรมาสอบถามเรื่องบัตรเครดิต",
      "ผู้ป่วยชื่อ นางสาว{person} อายุ 34 ปี",
      "ส่งถึง: คุณ{person} {address}",
      "นาง{person} ได้ยื่นคำร้องเมื่อวานนี้",
      "กรุณาติดต่อ ดร.{person} ก่อนวันศุกร์",
      "ผู้รับ: {person}\nโทร 0812345678",
      "ดิฉันชื่อ {person} พักอยู่ที่ {address}",
    ],
    unseen: [
      "เรียน คุณ{person} ที่นับถือ",
      "เด็กหญิง{person} เกิดวันที่ 3 มกราคม 2560",
      "ชื่อผู้เอาประกัน: {person}",
      "จัดส่งสินค้าไปที่ {address} ในนามของนาย{person}",
      "ตำรวจจับกุมนาย{person} อายุ 45 ปี ที่บ้านพัก",
      "ลูกค้า: {person} ขอเปลี่ยนที่อยู่เป็น {address}",
      "พ.ต.อ.{person} กล่าวว่าคดีคืบหน้าแล้ว",
      "ลงชื่อ: นาง{person}\n{address}",
      "น.ส.{person} แจ้งว่าบัตรหาย",
      "หนูชื่อ{person} ค่ะ อยู่ชั้น ม.3",
    ],
  },
  ta: {
    seen: [
      "என் பெயர் {person}. நான் சென்னையில் வசிக்கிறேன்.",
      "திரு. {person} அவர்களுக்கு வணக்கம்.",
      "பெயர்: {person}\nமுகவரி: {address}",
      "நேற்று {person} மருத்துவமனையில் அனுமதிக்கப்பட்டார்.",
      "திருமதி {person} இன்று வரவில்லை.",
      "வாடிக்கையாளர்: {person}, தொலைபேசி 9876543210",
      "டாக்டர் {person} அறுவை சிகிச்சை செய்தார்.",
      "எனது வீடு {address} என்ற முகவரியில் உள்ளது.",
    ],
    unseen: [
      "அன்புள்ள திரு {person}, உங்கள் கணக்கு முடக்கப்பட்டுள்ளது.",
      "பெறுநர்: {person}, {address}",
      "செல்வி {person} தேர்வில் முதலிடம் பெற்றார்.",
      "நோயாளி: {person}\nவயது: 45",
      "பார்சலை {address} என்ற முகவரிக்கு அனுப்பவும்.",
      "அவரது பெயர் {person} என்று கூறினார்.",
      "பேராசிரியர் {person} உரையாற்றினார்.",
      "{person} வங்கியில் பணிபுரிகிறார்.",
    ],
  },
  vi: {
    seen: [],
    unseen: [
      "Kính gửi anh {person}, đơn hàng của anh sẽ được giao đến {address}.",
      "Bệnh nhân: {person}\nĐịa chỉ: {address}",
      "Chị {person} đã gọi điện hôm qua.",
      "Người nhận: {person}, {address}",
      "Em tên {person}, học lớp 10.",
      "Theo ông {person}, giá nhà sẽ còn tăng.",
      "Vui lòng liên hệ {person} để biết thêm chi tiết.",
      "Nhà tôi ở {address}.",
    ],
  },
  id: {
    seen: [],
    unseen: [
      "Yth. Bapak {person}, pesanan Anda dikirim ke {address}.",
      "Pasien atas nama {person} dirawat sejak kemarin.",
      "Penerima: {person}\nAlamat: {address}",
      "Tolong hubungi {person} sebelum jam lima.",
      "Menurut {person}, harga beras akan turun.",
      "Rumah saya di {address}.",
      "Saya {person}, ingin menanyakan tagihan bulan ini.",
      "Ibu {person} tinggal di {address}.",
    ],
  },
  ms: {
    seen: [],
    unseen: [
      "Encik {person}, bungkusan anda akan dihantar ke {address}.",
      "Nama pesakit: {person}\nAlamat: {address}",
      "Puan {person} telah menelefon semalam.",
      "Sila hubungi {person} sebelum hari Jumaat.",
      "Menurut {person}, harga rumah akan naik.",
      "Saya tinggal di {address}.",
      "Penerima: {person}, {address}",
      "Cik {person} bekerja di bank.",
    ],
  },
};
