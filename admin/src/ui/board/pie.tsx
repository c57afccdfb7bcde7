import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import type { Chart } from "../../model/board-figures";
import { slicesOf } from "../../model/pie";
import { Change } from "./change";
import { useDrill } from "./drill";
import type { ShownProps } from "./props";
import { categoryWord, colourOf, percentWord, valueWord } from "./words";

/** Parts of a whole. The table beside the circle says what it shows, and leads to the lists. */
export function Pie({ app, widget, answer, chart }: ShownProps & { chart: Chart }) {
  const { t } = useTranslation();
  const drill = useDrill(app, widget, answer);
  const series = chart.series[0];
  const slices = slicesOf(series?.numbers ?? []);
  return (
    <div className="rk-pie">
      <svg viewBox="-52 -52 104 104" aria-hidden="true">
        {slices.map(({ at, path }) => (
          <path key={at} d={path} fill={colourOf(at)} stroke="var(--mantine-color-body)" strokeWidth={0.8} />
        ))}
      </svg>
      <div>
        <table className="rk-bars" aria-label={widget.title}>
          <tbody>
            {slices.map(({ at, share }) => {
              const said = categoryWord(t, chart, chart.categories[at]);
              const word = valueWord(series!.numbers[at], series!.figure);
              const target = drill(series!.rows[at]);
              const before = series!.before?.[at];
              return (
                <tr key={at}>
                  <th scope="row" title={said}>
                    <span className="rk-dot" style={{ background: colourOf(at), marginInlineEnd: 6 }} />
                    {said}
                  </th>
                  <td>
                    {target ? (
                      <Anchor component={Link} inherit to={target.to} search={target.search as never} aria-label={`${said}: ${word}`}>
                        {word}
                      </Anchor>
                    ) : (
                      word
                    )}
                  </td>
                  <td>
                    {percentWord(100 * share)} {before !== undefined && <Change now={series!.numbers[at]} before={before} unit={series!.figure.unit} />}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </div>
  );
}
