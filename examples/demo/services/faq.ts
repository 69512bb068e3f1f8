/** What the demo's support model knows: the help pages of a bank that does not exist, one passage a topic. */

export interface Passage {
  readonly title: string;
  readonly text: string;
}

export const passages: readonly Passage[] = [
  {
    title: "Opening a current account",
    text: "You can open a current account online in about ten minutes. You need a passport or national identity card and a proof of address that is less than three months old. There is no monthly fee if at least 1,000 dollars arrive in the account each month; otherwise the fee is 4 dollars.",
  },
  {
    title: "Opening a savings account",
    text: "A savings account is opened from the app under Products, Save. The first deposit is at least 50 dollars. Interest is worked out daily and paid on the last day of each month. You can withdraw at any time without notice.",
  },
  {
    title: "Lost or stolen card",
    text: "If your card is lost or stolen, block it at once in the app under Cards, Block, or call the card line, which answers day and night. A blocked card cannot be used again. A replacement card is posted within three working days and is free of charge.",
  },
  {
    title: "Forgotten PIN",
    text: "If you forgot the PIN of your card, you can show it again in the app under Cards, Show PIN, after confirming with your fingerprint or face. After three wrong attempts at a cash machine the card is locked until the next morning.",
  },
  {
    title: "Forgotten password",
    text: "To reset a forgotten password for online banking, choose Forgot password on the sign-in page. We send a link to your registered email address; it works for fifteen minutes. We never ask for your password by phone or email.",
  },
  {
    title: "Transfers within the country",
    text: "Domestic transfers arrive within seconds, at any hour, up to 200,000 dollars a day. You can raise or lower your own daily transfer limit in the app under Settings, Limits. A raised limit takes effect after twelve hours.",
  },
  {
    title: "International transfers",
    text: "An international transfer takes one to three working days and costs 0.3 percent of the amount, at least 5 dollars and at most 40 dollars. You need the recipient's name, account number or IBAN, and the BIC of the recipient's bank. Transfers ordered before 14:00 leave on the same day.",
  },
  {
    title: "Cancelling a transfer",
    text: "A transfer that has a future date can be cancelled until midnight before that date under Payments, Planned. An instant transfer cannot be cancelled once it is sent; ask us for a recall, which succeeds only when the recipient agrees.",
  },
  {
    title: "Standing orders",
    text: "A standing order pays a fixed amount at regular intervals, for example the rent on the first of each month. Create, change or delete it under Payments, Standing orders. Changes made before 20:00 count for the next day.",
  },
  {
    title: "Direct debits",
    text: "With a direct debit a company collects what you owe from your account. You can have a direct debit returned within eight weeks without giving a reason, under Payments, Direct debits, Return.",
  },
  {
    title: "Mortgage applications",
    text: "For a mortgage we lend up to 75 percent of the value of the home. Your monthly instalments may not exceed 55 percent of your income, all loans together. Bring your last three payslips, the last tax assessment and the purchase contract. We answer within five working days.",
  },
  {
    title: "Repaying a mortgage early",
    text: "You may repay up to ten percent of the original mortgage amount each year free of charge. Beyond that a fee of 1.5 percent of the amount repaid early applies while the interest rate is fixed.",
  },
  {
    title: "Personal loans",
    text: "A personal loan runs from one to seven years and from 1,000 to 60,000 dollars. The interest rate depends on your income and on the term, and is fixed for the whole term. You can repay a personal loan early at any time without a fee.",
  },
  {
    title: "Overdraft",
    text: "An arranged overdraft lets your current account go below zero up to an agreed limit. Interest of 9.9 percent a year is charged only for the days and the amount used. An overdraft is reviewed every twelve months.",
  },
  {
    title: "Credit card statement",
    text: "The credit card statement is ready on the 20th of each month and is collected from your current account ten days later. You may pay in part, at least five percent of the balance; interest of 14 percent a year applies to the rest.",
  },
  {
    title: "Fees for card payments abroad",
    text: "Paying by card in another currency costs 1.5 percent of the amount. Withdrawing cash abroad costs 1.5 percent and 3 dollars for each withdrawal. Choose to pay in the local currency: the rate that a shop or cash machine offers is often worse.",
  },
  {
    title: "Disputing a card payment",
    text: "If you do not recognise a card payment, open it in the app and choose Dispute. Do so within 120 days. We credit the amount within ten working days while we investigate with the shop's bank.",
  },
  {
    title: "Fraud and suspicious messages",
    text: "We never ask you for a code, a PIN or a password, and never ask you to move money to a safe account. If a message or a call seems suspicious, do not answer; forward it to our fraud desk and block your cards in the app. The fraud desk answers day and night.",
  },
  {
    title: "Changing address or phone number",
    text: "Change your address, email or phone number in the app under Profile, Contact details. For your safety a new phone number is confirmed with a code sent to the old one; if you no longer have it, visit a branch with your identity card.",
  },
  {
    title: "Branch hours and appointments",
    text: "Branches are open from Monday to Friday from 9:00 to 16:30, and on Saturday from 9:00 to 12:30. Appointments for advice can be booked in the app under Help, Appointments, also by video in the evening until 20:00.",
  },
  {
    title: "Closing an account",
    text: "You can close an account in the app under Settings, Close account. Any balance is sent to an account that you name. Cards stop working at once; statements stay available for download for two years.",
  },
  {
    title: "Statements and tax certificates",
    text: "Account statements are put into your mailbox in the app each month and kept for ten years. The yearly tax certificate is ready by the end of February. Paper statements cost 1.50 dollars each.",
  },
  {
    title: "Accounts for children",
    text: "Parents can open an account for a child from birth; from the age of seven the child can have a card of its own with limits set by the parents. The account is free until the age of eighteen.",
  },
  {
    title: "Joint accounts",
    text: "A joint account belongs to two people, each of whom can use it alone. Both must prove their identity. To remove one holder, both must agree in writing.",
  },
  {
    title: "Deposit protection",
    text: "Deposits are protected by the deposit insurance scheme up to 100,000 dollars for each depositor. Investments such as funds and shares are not deposits and are not covered.",
  },
  {
    title: "Investing in funds",
    text: "You can invest in funds from 25 dollars a month. We charge 0.4 percent a year for custody and nothing for buying and selling savings plans. The value of funds can fall as well as rise.",
  },
];
