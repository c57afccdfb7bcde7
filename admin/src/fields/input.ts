/** What the input of every field type is given. */

import type { Field } from "../model/schema";

export interface InputProps {
  app: string;
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  error?: string | undefined;
  label: string;
  disabled?: boolean;
}
