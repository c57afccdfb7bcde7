/** JSON whose numbers keep their digits: what a JavaScript number can't hold exactly becomes a string. */

type Source = { source?: string };

/** Parse JSON. Decimals with trailing zeros, 64-bit integers and long fractions are answered as strings. */
export function parseExact(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: Source): unknown =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source ? context.source : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
