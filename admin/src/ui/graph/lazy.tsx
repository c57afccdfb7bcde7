import { Skeleton } from "@mantine/core";
import { type ComponentProps, Suspense, lazy } from "react";

const GraphView = lazy(() => import("./graph"));

/** A graph; its layout is loaded when the first one is shown. */
export function LazyGraph(props: ComponentProps<typeof GraphView>) {
  if (props.graph.nodes.length === 0) return null;
  return (
    <Suspense fallback={<Skeleton h={160} />}>
      <GraphView {...props} />
    </Suspense>
  );
}
