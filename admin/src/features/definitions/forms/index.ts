/** The form of each kind of definition. A kind without one is edited as JSON. A new form is one file and a line here. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { FormProps } from "./props";

type Form = LazyExoticComponent<ComponentType<FormProps>>;

export const FORMS: Record<string, Form> = {
  entities: lazy(() => import("./entity-form")),
  relations: lazy(() => import("./relation-form")),
  rules: lazy(() => import("./rule-form")),
  "state-machines": lazy(() => import("./machine-form")),
  workflows: lazy(() => import("./workflow-form")),
  permissions: lazy(() => import("./permission-form")),
  webhooks: lazy(() => import("./webhook-form")),
  "notification-channels": lazy(() => import("./channel-form")),
  "notification-templates": lazy(() => import("./template-form")),
  "notification-rules": lazy(() => import("./notification-form")),
  roles: lazy(() => import("./role-form")),
  dashboards: lazy(() => import("./dashboard-form")),
  "ui-configs": lazy(() => import("./ui-config-form")),
};
