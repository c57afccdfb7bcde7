/** What the form of every kind is given; the document itself comes from the scope around it. */
export interface FormProps {
  isNew: boolean;
  /** What the stored definition is addressed by. */
  id: string | undefined;
}
