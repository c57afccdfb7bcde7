/** A request to the API as somebody fills it in. Pure. */

import type { Operation, Parameter } from "./openapi";

export interface Filled {
  operation: Operation;
  /** Values by `in` and name of the parameter. */
  values: Record<string, string>;
  /** Further query parameters as text: `filter[title]=x&…`. */
  further: string;
  body: string;
}

export const keyOf = (parameter: Parameter) => `${parameter.in}.${parameter.name}`;

/** Whether a parameter is a family of parameters, as filters are. */
export const isFamily = (parameter: Parameter) => parameter.style === "deepObject";

/** The address of a request with its parameters in their places. */
export function addressOf({ operation, values, further }: Filled): string {
  let path = operation.path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters) {
    const value = values[keyOf(parameter)] ?? "";
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    if (parameter.in === "query" && value !== "") query.set(parameter.name, value);
  }
  for (const [name, value] of new URLSearchParams(further)) query.append(name, value);
  const asked = query.toString();
  return asked ? `${path}?${asked}` : path;
}

/** The headers that parameters stand for. */
export function headersOf({ operation, values }: Filled): Record<string, string> {
  const given = operation.parameters.filter((parameter) => parameter.in === "header" && values[keyOf(parameter)]);
  return Object.fromEntries(given.map((parameter) => [parameter.name, values[keyOf(parameter)]!]));
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** The request as a command for a shell. The token stays out of it: `$TOKEN` stands in its place. */
export function asCurl(origin: string, filled: Filled): string {
  const { operation, body } = filled;
  const headers = Object.entries({ ...headersOf(filled), ...(operation.body && body ? { "Content-Type": operation.body.type } : {}) });
  const parts = [
    `curl -g ${operation.method === "GET" ? "" : `-X ${operation.method} `}${quoted(origin + decodeURI(addressOf(filled)))}`,
    `-H "Authorization: Bearer $TOKEN"`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(operation.body && body ? [`-d ${quoted(body)}`] : []),
  ];
  return parts.join(" \\\n  ");
}
