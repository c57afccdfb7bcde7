import { Anchor, Loader, Stack, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { request } from "../../api/client";
import { timestampCell } from "../../fields/moments";
import { type Causality, type CausalityNode, drawnCausality, isUnderWay, pathOf } from "../../model/causality";
import { Failed } from "../../ui/failed";
import { LazyGraph } from "../../ui/graph/lazy";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { useTranslation } from "../../words/translator";

const REFRESH_MS = 5_000;
/** Rows of the list below the picture. */
const MAX_ROWS = 200;

/** Everything that one request has led to, however late: as a picture, and as a list. */
export function CausalityPage() {
  const { t } = useTranslation();
  const { app, trace } = useParams({ from: "/$app/events/$trace/causes" });
  const found = useQuery<Causality>({
    queryKey: [app, "causality", trace],
    queryFn: ({ signal }) => request<Causality>(app, "GET", `/_events/causality/${trace}`, { signal }).then((reply) => reply.data),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? REFRESH_MS : false),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  return (
    <Page
      title={t("events.causesTitle")}
      help={t("events.causesHelp")}
      actions={
        <LinkButton size="xs" variant="default" to="/$app/events/$trace" params={{ app, trace }}>
          {t("events.traceTitle")}
        </LinkButton>
      }
    >
      <Stack>
        {found.data.truncated && <Text size="sm">{t("events.causesCut")}</Text>}
        <Picture app={app} causality={found.data} />
        <Effects app={app} nodes={found.data.nodes} />
      </Stack>
    </Page>
  );
}

function Picture({ app, causality }: { app: string; causality: Causality }) {
  const { t } = useTranslation();
  const drawn = useMemo(() => {
    const sub = (node: CausalityNode) => [t(`events.kind.${node.kind}`), node.status].filter(Boolean).join(" · ");
    return drawnCausality(app, causality, { sub, more: (kind, count) => t("events.more", { count, kind: t(`events.kind.${kind}`) }) });
  }, [app, causality, t]);
  return <LazyGraph graph={drawn} label={t("events.causesTitle")} maxHeight={520} />;
}

/** The same in the order of time, for who reads rather than looks. */
function Effects({ app, nodes }: { app: string; nodes: CausalityNode[] }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table aria-label={t("events.effects")} fz="sm">
        <Table.Thead>
          <Table.Tr>
            {["events.at", "events.what", "events.label", "instances.status"].map((word) => (
              <Table.Th key={word}>{t(word)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {nodes.slice(0, MAX_ROWS).map((node) => (
            <Table.Tr key={node.id}>
              <Table.Td>{node.at ? timestampCell(node.at) : "–"}</Table.Td>
              <Table.Td>{t(`events.kind.${node.kind}`)}</Table.Td>
              <Table.Td className="rk-break">
                <Way app={app} node={node} />
              </Table.Td>
              <Table.Td>
                <Status value={node.status} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Way({ app, node }: { app: string; node: CausalityNode }) {
  const path = pathOf(app, node);
  if (!path) return node.label;
  return (
    <Anchor component={Link} to={path} size="sm">
      {node.label}
    </Anchor>
  );
}
