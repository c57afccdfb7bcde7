/** Trying a definition on past instances: the question, the answer, and what of it is shown. */

import { useMutation } from "@tanstack/react-query";
import { request } from "../../../api/client";
import type { Definition } from "../../../model/workflow";

export interface Trial {
  definition: Definition;
  sample: number;
  from?: string;
  to?: string;
}

interface Outcome {
  step?: string;
  status: string;
}

export interface Compared {
  instance_id: string;
  /** Null where it is not known. */
  same: boolean | null;
  differs_at?: string;
  was?: Outcome | null;
  would?: Outcome | null;
  reason?: string;
}

export interface Simulation {
  same: number;
  different: number;
  unknown: number;
  /** Whether there was time for the whole sample. */
  complete: boolean;
  steps: { step: string; was: number; would: number }[];
  instances: Compared[];
}

export const VERDICTS = ["different", "unknown", "same"] as const;
export type Verdict = (typeof VERDICTS)[number];

export const verdictOf = ({ same }: Compared): Verdict => (same === null ? "unknown" : same ? "same" : "different");

export function useSimulation(app: string, id: string) {
  return useMutation({
    mutationFn: (trial: Trial) => request<Simulation>(app, "POST", `/_admin/workflows/${id}/simulate`, { body: trial }).then((reply) => reply.data),
    meta: { shown: true },
  });
}
