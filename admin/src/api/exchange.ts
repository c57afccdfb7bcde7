/** Requests for looking at the API itself: as they stand, with their answers as they come. */

import { accessToken, unreachable } from "./session";

export interface Exchange {
  status: number;
  headers: [string, string][];
  text: string;
  /** Whether more came than is shown. */
  isCut: boolean;
  ms: number;
}

const EXCHANGE_TIMEOUT_MS = 15_000;
const MAX_SHOWN_CHARACTERS = 500_000;

/** One request as it stands, and its answer as it comes; streams are read for a while. For looking at the API itself. */
export async function exchange(realm: string, method: string, address: string, headers: Record<string, string>, body: BodyInit | null): Promise<Exchange> {
  const started = performance.now();
  const stop = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS);
  const authorization = { Authorization: `Bearer ${await accessToken(realm)}` };
  const response = await fetch(address, { method, headers: { ...authorization, ...headers }, body, signal: stop }).catch(() => {
    throw unreachable();
  });
  const { text, isCut } = await readSome(response);
  return { status: response.status, headers: [...response.headers.entries()], text, isCut, ms: performance.now() - started };
}

async function readSome(response: Response): Promise<{ text: string; isCut: boolean }> {
  let text = "";
  try {
    for await (const piece of (response.body?.pipeThrough(new TextDecoderStream()) ?? []) as unknown as AsyncIterable<string>) {
      text += piece;
      if (text.length > MAX_SHOWN_CHARACTERS) return { text: text.slice(0, MAX_SHOWN_CHARACTERS), isCut: true };
    }
  } catch {
    return { text, isCut: true };
  }
  return { text, isCut: false };
}
