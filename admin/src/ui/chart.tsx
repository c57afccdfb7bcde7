/** Small pictures of figures over time: bars or lines, with a table of the same for those who can't see them. */

import { Card, Group, Text, Title } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "../words/translator";
import { labelledPoints, linePath, roundMax } from "../model/series";

export interface ChartLine {
  label: string;
  tone: "plain" | "bad" | "strong";
  values: (number | null)[];
}

interface ChartProps {
  title: string;
  unit?: string;
  times: string[];
  lines: ChartLine[];
  /** Bars stand for amounts, lines for measures. */
  kind: "bars" | "lines";
  /** What a point of time stands for: a moment of a day, or a day. */
  scale?: "times" | "days";
}

/** Until the place is measured. */
const WIDTH = 560;
const NARROW = 400;
const HEIGHT = 120;
const LEFT = 44;
const BOTTOM = 18;
const LABELS = { narrow: 3, wide: 5 };
const COLOURS: Record<ChartLine["tone"], string> = {
  plain: "var(--mantine-primary-color-filled)",
  strong: "var(--mantine-color-orange-filled)",
  bad: "var(--mantine-color-red-filled)",
};

export function Chart({ title, unit = "", times, lines, kind, scale = "times" }: ChartProps) {
  const { i18n } = useTranslation();
  const format = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const max = roundMax(lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const { ref, width: measured } = useElementSize();
  // Drawn as wide as its place, so that words are as large as elsewhere.
  const width = measured > 0 ? Math.max(NARROW / 2, measured - LEFT) : WIDTH;
  const step = width / Math.max(1, times.length);
  const clock = (at: string) => new Date(at).toLocaleString(i18n.language, scale === "days" ? { day: "numeric", month: "short", timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit" });
  const lineOf = (at: number) => lines.map((line) => `${line.label}: ${line.values[at] === null ? "–" : format.format(line.values[at] ?? 0)}${unit}`).join(", ");
  return (
    <Card withBorder padding="sm" component="figure" m={0}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Title order={2} size="h6">
          {title}
        </Title>
        <Group gap="sm">
          {lines.map((line) => (
            <Group key={line.label} gap={4}>
              <span className="rk-dot" style={{ background: COLOURS[line.tone] }} />
              <Text size="xs">{line.label}</Text>
            </Group>
          ))}
        </Group>
      </Group>
      <div ref={ref}>
        <svg viewBox={`0 0 ${width + LEFT} ${HEIGHT + BOTTOM + 6}`} className="rk-chart" role="img" aria-label={title}>
          <g transform={`translate(${LEFT} 6)`}>
            {[0, max / 2, max].map((value) => (
              <g key={value}>
                <line x1={0} x2={width} y1={HEIGHT - (value / max) * HEIGHT} y2={HEIGHT - (value / max) * HEIGHT} className="rk-chart-grid" />
                <text x={-6} y={HEIGHT - (value / max) * HEIGHT + 4} textAnchor="end">
                  {format.format(value)}
                </text>
              </g>
            ))}
            {kind === "bars" ? <Bars lines={lines} max={max} step={step} /> : lines.map((line) => <path key={line.label} d={linePath(line.values, max, width, HEIGHT)} fill="none" stroke={COLOURS[line.tone]} strokeWidth={2} />)}
            {labelledPoints(times.length, width < NARROW ? LABELS.narrow : LABELS.wide).map((at) => (
              <text key={at} x={(at + 0.5) * step} y={HEIGHT + BOTTOM - 4} textAnchor="middle">
                {clock(times[at]!)}
              </text>
            ))}
            {times.map((at, position) => (
              <rect key={at} x={position * step} y={0} width={step} height={HEIGHT} fill="transparent">
                <title>{`${clock(at)} · ${lineOf(position)}`}</title>
              </rect>
            ))}
          </g>
        </svg>
      </div>
      <table className="rk-hidden">
        <caption>{title}</caption>
        <tbody>
          {times.map((at, position) => (
            <tr key={at}>
              <th scope="row">{clock(at)}</th>
              <td>{lineOf(position)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

/** Bars in front of one another: each line is a part of the one before. */
function Bars({ lines, max, step }: { lines: ChartLine[]; max: number; step: number }) {
  return lines.map((line) => (
    <g key={line.label} fill={COLOURS[line.tone]}>
      {line.values.map((value, at) =>
        value ? <rect key={at} x={at * step + step * 0.1} width={Math.max(1, step * 0.8)} y={HEIGHT - (value / max) * HEIGHT} height={(value / max) * HEIGHT} /> : null,
      )}
    </g>
  ));
}
