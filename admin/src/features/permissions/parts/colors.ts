import type { Access, FieldAccess } from "../../../model/policies";

export const COLORS: Record<Access | FieldAccess, string> = { all: "teal", some: "yellow", none: "gray", shown: "teal", partly: "yellow", masked: "orange" };
