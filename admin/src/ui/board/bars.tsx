import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import type { Chart, Series } from "../../model/board-figures";
import { Change } from "./change";
import { Legend } from "./chart-legend";
import { useDrill } from "./drill";
import type { ShownProps } from "./props";
import { categoryWord, colourOf, seriesWord, valueWord } from "./words";

/** Groups by name with bars: a table, so that everybody reads the same. */
export function Bars(props: ShownProps & { chart: Chart }) {
  const { t } = useTranslation();
  const { chart, widget } = props;
  const most = Math.max(...chart.series.flatMap((each) => [...each.numbers, ...(each.before ?? [])].map((value) => Math.abs(value ?? 0))), 0) || 1;
  const legend = chart.series.map((each, at) => ({ label: seriesWord(t, chart, each), colour: colourOf(at) }));
  return (
    <>
      {legend.length > 1 && <Legend series={legend} />}
      <table className="rk-bars" aria-label={widget.title}>
        <tbody>
          {chart.categories.flatMap((value, point) => {
            // A group shows the series that it has; one that is all alone shows its emptiness.
            const shown = chart.series.map((series, at) => ({ series, at })).filter(({ series }) => series.rows[point] !== undefined);
            return shown.map(({ series, at }, first) => <BarRow key={`${point} ${at}`} {...props} {...{ series, at, point, most }} label={first === 0 ? categoryWord(t, chart, value) : undefined} name={legend[at]!.label} />);
          })}
        </tbody>
      </table>
    </>
  );
}

interface BarRowProps extends ShownProps {
  chart: Chart;
  series: Series;
  at: number;
  point: number;
  most: number;
  /** The name of the group, at its first bar. */
  label: string | undefined;
  name: string;
}

function BarRow({ app, widget, answer, chart, series, at, point, most, label, name }: BarRowProps) {
  const { t } = useTranslation();
  const target = useDrill(app, widget, answer)(series.rows[point]);
  const value = series.numbers[point] ?? null;
  const before = series.before?.[point];
  const word = valueWord(value, series.figure);
  const said = categoryWord(t, chart, chart.categories[point]);
  return (
    <tr>
      <th scope="row" title={said}>
        {label ?? <span className="rk-hidden">{said}</span>}
      </th>
      <td title={`${name}: ${word}`}>
        <div className="rk-bar-line" style={{ width: `${(100 * Math.abs(value ?? 0)) / most}%`, background: colourOf(at) }} />
        {before !== undefined && before !== null && <div className="rk-bar-line" data-before="true" style={{ width: `${(100 * Math.abs(before)) / most}%`, background: colourOf(at) }} />}
      </td>
      <td>
        {target ? (
          <Anchor component={Link} inherit to={target.to} search={target.search as never} aria-label={`${said}, ${name}: ${word}`}>
            {word}
          </Anchor>
        ) : (
          word
        )}{" "}
        {before !== undefined && <Change now={value} before={before} unit={series.figure.unit} />}
      </td>
    </tr>
  );
}
