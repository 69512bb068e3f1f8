/**
 * `npm run bench -- unseen`: what is blocked of texts that nothing was trained on (`texts.ts`), beside the peers that are installed. In:
 * nothing. Out: tables.
 *
 * What comes from elsewhere (`untrusted`) Cordon is given as a tool's result, which is what it is; the peers know no roles.
 */
import { classifierDetector } from "@cordon/core/inspection/injection/classifier";
import { loadClassifier } from "@cordon/core/inspection/injection/model";
import { cordonInjectionJudge, loadPeers, type Judge } from "../judges.ts";
import { files, readUnseen, type UnseenText } from "./texts.ts";

const isAttack = ({ label }: UnseenText): boolean => label !== "benign";
const isUsers = ({ role }: UnseenText): boolean => role === "user";
const sums: readonly (readonly [name: string, isMeant: (text: UnseenText) => boolean])[] = [
  ["ALL attacks of users", (text) => isAttack(text) && isUsers(text)],
  ["ALL attacks elsewhere", (text) => isAttack(text) && !isUsers(text)],
  ["ALL announced", ({ announced }) => announced === true],
  ["ALL honest of users", (text) => !isAttack(text) && isUsers(text)],
  ["ALL honest elsewhere", (text) => !isAttack(text) && !isUsers(text)],
];

export async function benchUnseen(): Promise<void> {
  const { judges, missing } = await loadPeers();
  for (const { name, reason } of missing) print(`not compared: ${name}: ${reason}`);
  const all = [cordonInjectionJudge(), classifierAlone(), ...judges];
  for (const file of files) {
    print(`\n${file}: share blocked, %`);
    print(
      row(
        "",
        "texts",
        all.map(({ name }) => name),
      ),
    );
    const groups = Map.groupBy(readUnseen(file), nameOf);
    const sorted = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, texts] of sorted) print(row(name, String(texts.length), await shares(all, texts)));
    for (const [name, isMeant] of sums) {
      const texts = readUnseen(file).filter(isMeant);
      if (texts.length > 0) print(row(name, String(texts.length), await shares(all, texts)));
    }
  }
  process.exit(process.exitCode ?? 0);
}

function nameOf({ style, announced }: UnseenText): string {
  return announced === true ? `${style}, announced` : style;
}

/** What the encoder adds is seen beside this. */
function classifierAlone(): Judge {
  const detector = classifierDetector(loadClassifier());
  return {
    name: "without the encoder",
    blocks: (text, origin = "user") => detector.judge({ text, origin }, "request").probability >= 0.5,
  };
}

async function shares(judges: readonly Judge[], texts: readonly UnseenText[]): Promise<string[]> {
  const found: string[] = [];
  for (const judge of judges) {
    let count = 0;
    for (const { text, role } of texts) if (await judge.blocks(text, role)) count += 1;
    found.push(((100 * count) / texts.length).toFixed(1));
  }
  return found;
}

function row(name: string, texts: string, cells: readonly string[]): string {
  return `${name.padEnd(28)}${texts.padStart(6)}${cells.map((cell) => cell.padStart(26)).join("")}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
