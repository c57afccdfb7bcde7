/** A trace as rows of a waterfall. */

export interface Span {
  span_id: string;
  source: string;
  component: string;
  action: string;
  entity: string | null;
  duration_ms: number;
  status: string;
  metadata: Record<string, unknown> | null;
  created_at: string;
  children: Span[];
}

export interface SpanRow {
  span: Span;
  depth: number;
  /** Milliseconds after the begin of the trace. */
  start: number;
  /** Whether it is on the path that the trace waited for: the child that ended last, at each level. */
  critical: boolean;
}

/** When a span began: its time is that of its end, `duration_ms` later. */
function beginOf(span: Span): number {
  return new Date(span.created_at).getTime();
}

/** The rows from the root down, children by their begin. Iterative, as traces may be deeper than the call stack. */
export function layOut(root: Span): SpanRow[] {
  const origin = beginOf(root);
  const rows: SpanRow[] = [];
  const stack: { span: Span; depth: number; critical: boolean }[] = [{ span: root, depth: 0, critical: true }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { span, depth, critical } = next;
    rows.push({ span, depth, critical, start: Math.max(0, beginOf(span) - origin) });
    // What begins after the end, as effects do, is not waited for.
    const last = lastToEnd(span.children.filter((child) => beginOf(child) <= endOf(span)));
    const ordered = [...span.children].sort((one, other) => beginOf(other) - beginOf(one));
    for (const child of ordered) stack.push({ span: child, depth: depth + 1, critical: critical && child === last });
  }
  return rows;
}

function lastToEnd(spans: Span[]): Span | undefined {
  return spans.reduce<Span | undefined>((last, span) => (last && endOf(last) >= endOf(span) ? last : span), undefined);
}

function endOf(span: Span): number {
  return beginOf(span) + span.duration_ms;
}

/** How many times as long as its request a trace is drawn: effects of days later would leave nothing of the request. */
const MAX_STRETCH = 20;

/** The milliseconds that the whole width stands for: up to the end of the last span, within limits. */
export function extentOf(rows: SpanRow[], total: number): number {
  const end = rows.reduce((latest, { span, start }) => Math.max(latest, start + Number(span.duration_ms)), total);
  return Math.min(end, Math.max(total, 0.001) * MAX_STRETCH);
}

/** The rows that are seen: those of collapsed spans are not, and where wanted only the critical path is. */
export function seenRows(rows: SpanRow[], collapsed: ReadonlySet<string>, onlyCritical: boolean): SpanRow[] {
  let hiddenBelow = Number.POSITIVE_INFINITY;
  return rows.filter((row) => {
    if (row.depth > hiddenBelow) return false;
    hiddenBelow = collapsed.has(row.span.span_id) ? row.depth : Number.POSITIVE_INFINITY;
    return !onlyCritical || row.critical;
  });
}

/** The row above that a row belongs to; -1 for the root. */
export function parentAt(rows: SpanRow[], at: number): number {
  const depth = rows[at]?.depth ?? 0;
  for (let above = at - 1; above >= 0; above -= 1) if (rows[above]!.depth < depth) return above;
  return -1;
}

/** Whether a span's source, action, entity or metadata hold a text. */
export function holds({ span }: SpanRow, text: string): boolean {
  const wanted = text.toLowerCase();
  return [span.source, span.component, span.action, span.entity ?? "", span.status].some((part) => part.toLowerCase().includes(wanted)) || JSON.stringify(span.metadata ?? {}).toLowerCase().includes(wanted);
}
