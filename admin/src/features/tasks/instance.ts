/** An instance of a workflow, as the API answers it. */

export interface Instance {
  id: string;
  workflow_id: string;
  workflow_name: string;
  status: string;
  current_step: string | null;
  current_step_deadline: string | null;
  context: Record<string, unknown>;
  history: { step: string; status: string; by?: string; at: string; reason?: string }[];
  created_at: string;
  updated_at: string;
}
