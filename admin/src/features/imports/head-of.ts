/** The head of a file, which is enough to show its first rows. */

const ENOUGH_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;
const BY_LINES = /\.(csv|tsv|tab|ndjson|jsonl|txt)$/i;

/** A long file that is made of lines, cut behind one of them; other files whole, as they can't be read in part. */
export async function headOf(file: File): Promise<Blob> {
  if (file.size <= ENOUGH_BYTES || !BY_LINES.test(file.name)) return file;
  const bytes = new Uint8Array(await file.slice(0, ENOUGH_BYTES).arrayBuffer());
  const end = bytes.lastIndexOf(NEWLINE);
  return end < 0 ? file : new Blob([bytes.subarray(0, end + 1)], { type: file.type });
}
