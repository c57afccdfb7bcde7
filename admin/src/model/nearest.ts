/** Names that somebody may have meant. Pure. */

/** The number of letters to insert, delete, replace or swap that makes one text of the other. */
export function distance(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1];
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[other.length]!;
}

const MAX_NAMES = 3;

/** The names nearest to a text, best first: those that differ in few letters, or hold it. */
export function nearest(text: string, names: string[]): string[] {
  const wanted = text.toLowerCase();
  const scored = names.map((name): [number, string] => {
    const other = name.toLowerCase();
    const holds = wanted.length > 2 && (other.includes(wanted) || wanted.includes(other));
    return [holds ? 1 : distance(wanted, other), name];
  });
  const isNear = ([score, name]: [number, string]) => score <= Math.max(2, Math.floor(Math.min(wanted.length, name.length) / 3));
  return scored.filter(isNear).sort((a, b) => a[0] - b[0]).slice(0, MAX_NAMES).map(([, name]) => name);
}
