/**
 * Python literals, as NumPy writes them into headers. In: text. Out: the value; throws on anything that is no literal.
 * Tuples and lists come as arrays, dicts as maps; Python 2's `10L` and `u"x"` are taken too.
 */
import { malformed } from "../bytes/unreadable.ts";

export type Literal = null | boolean | number | string | readonly Literal[] | ReadonlyMap<string, Literal>;

export function parseLiteral(text: string): Literal {
  let at = 0;
  const fail = (): never => {
    throw malformed("literal/syntax", `a header is no Python literal at character ${at}`, at);
  };
  const space = (): void => {
    while (/\s/.test(text.charAt(at))) at++;
  };
  const take = (token: string): boolean => {
    space();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const sequence = (close: string, depth: number): Literal[] => {
    const items: Literal[] = [];
    while (!take(close)) {
      items.push(value(depth));
      if (!take(",")) {
        if (!take(close)) fail();
        break;
      }
    }
    return items;
  };
  const string = (): string => {
    const quote = text.charAt(at++);
    const start = at;
    while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === "\\" ? 2 : 1;
    if (text.charAt(at) !== quote) fail();
    return text.slice(start, at++);
  };
  const value = (depth: number): Literal => {
    if (depth > 32) fail();
    space();
    if (take("{")) {
      const map = new Map<string, Literal>();
      while (!take("}")) {
        const key = value(depth + 1);
        if (!take(":")) fail();
        map.set(typeof key === "string" ? key : JSON.stringify(key), value(depth + 1));
        if (!take(",")) {
          if (!take("}")) fail();
          break;
        }
      }
      return map;
    }
    if (take("[")) return sequence("]", depth + 1);
    if (take("(")) return sequence(")", depth + 1);
    if (/^[ub]?['"]/.test(text.slice(at, at + 2))) {
      if (/[ub]/.test(text.charAt(at))) at++;
      return string();
    }
    const word = /^(?:None|True|False|-?\d+L?|-?\d*\.\d+)/.exec(text.slice(at, at + 40))?.[0];
    if (word === undefined) return fail();
    at += word.length;
    if (word === "None") return null;
    if (word === "True" || word === "False") return word === "True";
    return Number(word.replace(/L$/, ""));
  };
  const result = value(0);
  space();
  if (at !== text.length) fail();
  return result;
}
