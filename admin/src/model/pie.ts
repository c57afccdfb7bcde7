/** Parts of a whole as pieces of a circle around 0, 0. Pure. */

export interface Slice {
  /** Which of the numbers it is. */
  at: number;
  share: number;
  /** The outline, as SVG draws it. */
  path: string;
}

const RADIUS = 50;

/** The pieces of numbers above zero, from the top and clockwise. */
export function slicesOf(numbers: readonly (number | null)[]): Slice[] {
  const total = numbers.reduce<number>((sum, value) => sum + Math.max(0, value ?? 0), 0);
  let before = 0;
  return numbers.flatMap((value, at) => {
    if (!value || value <= 0) return [];
    const share = value / total;
    const slice = { at, share, path: share >= 1 ? circle() : piece(before, before + share) };
    before += share;
    return [slice];
  });
}

const circle = () => `M0 ${-RADIUS}A${RADIUS} ${RADIUS} 0 1 1 0 ${RADIUS}A${RADIUS} ${RADIUS} 0 1 1 0 ${-RADIUS}Z`;

function piece(from: number, to: number): string {
  const point = (share: number) => `${(RADIUS * Math.sin(2 * Math.PI * share)).toFixed(2)} ${(-RADIUS * Math.cos(2 * Math.PI * share)).toFixed(2)}`;
  return `M0 0L${point(from)}A${RADIUS} ${RADIUS} 0 ${to - from > 0.5 ? 1 : 0} 1 ${point(to)}Z`;
}
