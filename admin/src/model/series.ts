/** Figures over time as points of a picture. Pure. */

export interface Point {
  at: string;
  count: number;
  errors: number;
  p50: number | null;
  p95: number | null;
}

const STEPS = [1, 2, 5, 10];

/** A round number at or above the greatest value, so that an axis can end with it. */
export function roundMax(values: number[]): number {
  const greatest = Math.max(0, ...values);
  if (greatest === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(greatest));
  return (STEPS.find((step) => step * power >= greatest) ?? 10) * power;
}

/** A line through values, `width` by `height`; gaps where there are none. */
export function linePath(values: (number | null)[], max: number, width: number, height: number): string {
  const step = values.length > 1 ? width / values.length : width;
  let isDown = false;
  return values
    .map((value, at) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const command = isDown ? "L" : "M";
      isDown = true;
      return `${command}${((at + 0.5) * step).toFixed(1)} ${(height - (value / max) * height).toFixed(1)}`;
    })
    .join("");
}

/** Windows of time to choose from, and the interval that makes about sixty points of each. */
export const WINDOWS: Record<string, { ms: number; interval: string }> = {
  "15m": { ms: 15 * 60_000, interval: "15s" },
  "1h": { ms: 3_600_000, interval: "1m" },
  "6h": { ms: 6 * 3_600_000, interval: "6m" },
  "24h": { ms: 24 * 3_600_000, interval: "24m" },
  "7d": { ms: 7 * 24 * 3_600_000, interval: "3h" },
};

/** Where labels of a time axis stand: a few, evenly spread. */
export function labelledPoints(count: number, wanted: number): number[] {
  const step = Math.max(1, Math.ceil(count / wanted));
  return Array.from({ length: Math.ceil(count / step) }, (_, at) => at * step);
}
