import { useTranslation } from "../../words/translator";
import { type Chart, chartOf, groupValue } from "../../model/board-figures";
import type { Row } from "../../model/schema";
import { Bars } from "./bars";
import { Legend } from "./chart-legend";
import { useDrill, useGoTo } from "./drill";
import { Pie } from "./pie";
import { Plot, type PlotSeries } from "./plot";
import type { ShownProps } from "./props";
import { categoryWord, colourOf, seriesWord } from "./words";

/** Values of groups: along the time as a plot, otherwise as bars beside their names. */
export function ChartOf(props: ShownProps) {
  const { widget, answer } = props;
  const chart = chartOf(widget.query, answer.data ?? [], answer.meta);
  if (widget.type === "pie") return <Pie {...props} chart={chart} />;
  if (widget.type === "bar" && chart.part === undefined) return <Bars {...props} chart={chart} />;
  return <OverTime {...props} chart={chart} />;
}

function OverTime({ app, widget, answer, chart }: ShownProps & { chart: Chart }) {
  const { t } = useTranslation();
  const drill = useDrill(app, widget, answer);
  const { hrefOf, go } = useGoTo();
  const labels = chart.categories.map((value) => categoryWord(t, chart, value));
  const series = chart.series.flatMap((each, at): PlotSeries[] => {
    const label = seriesWord(t, chart, each);
    const own = { label, colour: colourOf(at), numbers: each.numbers, unit: each.figure.unit };
    return each.before ? [own, { ...own, label: t("board.periodBefore", { label }), numbers: each.before, isDashed: true }] : [own];
  });
  // A point stands for its time in all series; where nothing is there, the empty list says so.
  const targetAt = (at: number) => {
    const row: Row = { [chart.group]: chart.categories[at] };
    return drill(widget.query.kpi ? chart.series[0]?.rows[at] : { ...row, [chart.group]: groupValue(row, chart.group) });
  };
  return (
    <>
      {series.length > 1 && <Legend series={series} />}
      <Plot
        title={widget.title}
        labels={labels}
        series={series}
        kind={widget.type === "line" ? "lines" : "bars"}
        hrefOf={(at) => {
          const target = targetAt(at);
          return target && hrefOf(target);
        }}
        go={(at) => {
          const target = targetAt(at);
          if (target) go(target);
        }}
      />
    </>
  );
}
