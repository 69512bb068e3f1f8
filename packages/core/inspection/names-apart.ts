/** An object of entries whose names were masked. In: entries. Out: an object that has lost none: names that became one are told apart by a number. */
export function objectOf<Value>(entries: readonly (readonly [name: string, value: Value])[]): Record<string, Value> {
  const taken = new Map<string, Value>();
  /** For each name the number that was given last: thousands may become one. */
  const numbers = new Map<string, number>();
  for (const [name, value] of entries) {
    let own = name;
    while (taken.has(own)) {
      const number = (numbers.get(name) ?? 1) + 1;
      numbers.set(name, number);
      own = `${name} ${number}`;
    }
    taken.set(own, value);
  }
  return Object.fromEntries(taken);
}
