import { Modal } from "@mantine/core";
import { type ReactNode, useCallback, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { labelField, type Row } from "../../../model/schema";
import { Creation, type Wish } from "./creation-context";
import { RecordForm } from "./record-form";

/** Lets the inputs below create records of other entities, in a dialog, without leaving their own form. */
export function CreationProvider({ app, children }: { app: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [wish, setWish] = useState<Wish>();
  const create = useCallback((wanted: Wish) => setWish(wanted), []);
  const finish = (row: Row) => {
    wish?.onCreated(row);
    setWish(undefined);
  };
  return (
    <Creation.Provider value={create}>
      {children}
      {wish && (
        <Modal opened onClose={() => setWish(undefined)} size="lg" title={t("record.newTitle", { entity: wish.entity.name })} closeButtonProps={{ "aria-label": t("action.close") }}>
          <RecordForm app={app} entity={wish.entity} preset={wish.name ? { [labelField(wish.entity)]: wish.name } : {}} label={t("record.newTitle", { entity: wish.entity.name })} onSaved={finish} />
        </Modal>
      )}
    </Creation.Provider>
  );
}
