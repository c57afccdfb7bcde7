/** Values along an axis as lines or bars, each point a way to its list; for those who can't see it, a table of the same. */

import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useState } from "react";
import { labelledPoints, linePath, roundMax } from "../../model/series";
import { valueWord } from "./words";

export interface PlotSeries {
  label: string;
  colour: string;
  numbers: (number | null)[];
  unit: "number" | "seconds";
  isDashed?: boolean;
}

interface Props {
  title: string;
  labels: string[];
  series: PlotSeries[];
  kind: "bars" | "lines";
  /** The address behind a point, and how to go there. */
  hrefOf?: ((at: number) => string | undefined) | undefined;
  go?: ((at: number) => void) | undefined;
}

const LEFT = 52;
const BOTTOM = 18;
const TOP = 8;
const LABEL_WIDTH = 74;

export function Plot(props: Props) {
  const { ref, width, height } = useElementSize();
  const { title, labels, series } = props;
  return (
    <>
      <div className="rk-plot" ref={ref}>
        {width > LEFT && height > BOTTOM && <Drawing {...props} width={width - LEFT - 4} height={height - BOTTOM - TOP} />}
      </div>
      <table className="rk-hidden">
        <caption>{title}</caption>
        <thead>
          <tr>
            <td />
            {series.map((each) => (
              <th key={each.label} scope="col">
                {each.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, at) => (
            <tr key={at}>
              <th scope="row">{label}</th>
              {series.map((each) => (
                <td key={each.label}>{valueWord(each.numbers[at], each)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Drawing({ title, labels, series, kind, hrefOf, go, width, height }: Props & { width: number; height: number }) {
  const all = series.flatMap((each) => each.numbers.map((value) => value ?? 0));
  const top = roundMax(all);
  const least = Math.min(0, ...all);
  const bottom = least < 0 ? -roundMax([-least]) : 0;
  const span = top - bottom;
  const y = (value: number) => height - ((value - bottom) / span) * height;
  const step = width / Math.max(1, labels.length);
  const unit = series[0]?.unit ?? "number";
  const ticks = bottom < 0 ? [bottom, 0, top] : [0, top / 2, top];
  return (
    <svg width={width + LEFT + 4} height={height + BOTTOM + TOP} role="group" aria-label={title}>
      <g transform={`translate(${LEFT} ${TOP})`}>
        {ticks.map((value) => (
          <g key={value} aria-hidden="true">
            <line x1={0} x2={width} y1={y(value)} y2={y(value)} className="rk-chart-grid" />
            <text x={-6} y={y(value) + 4} textAnchor="end">
              {shortWord(value, unit)}
            </text>
          </g>
        ))}
        {kind === "bars"
          ? series.map((each, at) => <Bars key={each.label} series={each} at={at} of={series.length} step={step} y={y} />)
          : series.map((each) => <path key={each.label} d={linePath(each.numbers.map((value) => (value === null ? null : value - bottom)), span, width, height)} fill="none" stroke={each.colour} strokeWidth={2} strokeDasharray={each.isDashed ? "4 4" : undefined} />)}
        {kind === "lines" && labels.length <= 60 && series.filter((each) => !each.isDashed).map((each) => each.numbers.map((value, at) => value !== null && <circle key={`${each.label} ${at}`} cx={(at + 0.5) * step} cy={y(value)} r={2.5} fill={each.colour} />))}
        {labelledPoints(labels.length, Math.max(1, Math.floor(width / LABEL_WIDTH))).map((at) => (
          <text key={at} x={(at + 0.5) * step} y={height + BOTTOM - 4} textAnchor="middle" aria-hidden="true">
            {labels[at]}
          </text>
        ))}
        <Points {...{ labels, series, hrefOf, go, step, height }} />
      </g>
    </svg>
  );
}

function shortWord(value: number, unit: "number" | "seconds"): string {
  return unit === "seconds" ? valueWord(value, { unit }) : new Intl.NumberFormat(document.documentElement.lang || "en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

interface BarProps {
  series: PlotSeries;
  at: number;
  of: number;
  step: number;
  y: (value: number) => number;
}

function Bars({ series, at, of, step, y }: BarProps) {
  const width = Math.max(1, (step * 0.8) / of);
  return (
    <g fill={series.colour} opacity={series.isDashed ? 0.4 : 1}>
      {series.numbers.map((value, point) => (value ? <rect key={point} x={point * step + step * 0.1 + at * width} width={Math.max(1, width - 1)} y={Math.min(y(0), y(value))} height={Math.abs(y(value) - y(0))} /> : null))}
    </g>
  );
}

type PointProps = Pick<Props, "labels" | "series" | "hrefOf" | "go"> & { step: number; height: number };

/** What the pointer and the keyboard reach: one stop for the Tab key, arrows from point to point. */
function Points({ labels, series, hrefOf, go, step, height }: PointProps) {
  const [here, setHere] = useState(0);
  const move = (event: KeyboardEvent<SVGGElement>) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: labels.length - 1 }[event.key];
    if (to === undefined || to < 0 || to >= labels.length) return;
    event.preventDefault();
    setHere(to);
    (event.currentTarget.querySelectorAll("a")[to] as SVGAElement | undefined)?.focus();
  };
  return (
    <g onKeyDown={move}>
      {labels.map((label, at) => {
        const said = `${label} · ${series.map((each) => `${each.label}: ${valueWord(each.numbers[at], each)}`).join(", ")}`;
        const area = (
          <rect x={at * step} y={0} width={step} height={height} fill="transparent">
            <title>{said}</title>
          </rect>
        );
        const href = hrefOf?.(at);
        if (href === undefined) return <g key={at}>{area}</g>;
        return (
          <a
            key={at}
            href={href}
            aria-label={said}
            tabIndex={at === Math.min(here, labels.length - 1) ? 0 : -1}
            onFocus={() => setHere(at)}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey || !go) return;
              event.preventDefault();
              go(at);
            }}
          >
            {area}
          </a>
        );
      })}
    </g>
  );
}
