/** Comments as threads, and mentions while they are typed. Pure. */

export interface Comment {
  id: string;
  entity: string;
  record_id: string;
  user_id: string;
  user_email: string | null;
  body: string | null;
  parent_id: string | null;
  mentions: { id: string; email: string }[];
  edited: boolean;
  deleted: boolean;
  reply_count: number;
  created_at: string;
  updated_at: string | null;
}

export interface Thread {
  comment: Comment;
  replies: Thread[];
}

/** Comments in their order, each with the replies to it; a reply to one that is not there stands by itself. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const threads = new Map(comments.map((comment) => [comment.id, { comment, replies: [] as Thread[] }]));
  const tops: Thread[] = [];
  for (const thread of threads.values()) {
    const above = thread.comment.parent_id === null ? undefined : threads.get(thread.comment.parent_id);
    (above && above !== thread ? above.replies : tops).push(thread);
  }
  return tops;
}

export interface TypedMention {
  /** Where the @ stands. */
  from: number;
  typed: string;
}

const MENTION = /(?:^|[^\p{L}\p{N}_@./+-])@([\p{L}\p{N}_.+%-]*(?:@[\p{L}\p{N}_.-]*)?)$/u;

/** The mention that is being typed before the caret. */
export function mentionAt(text: string, caret: number): TypedMention | undefined {
  const found = MENTION.exec(text.slice(0, caret));
  return found ? { from: caret - found[1]!.length - 1, typed: found[1]! } : undefined;
}

/** The text with a person in place of what was typed, and where the caret is then. */
export function withMention(text: string, mention: TypedMention, email: string): { text: string; caret: number } {
  const before = `${text.slice(0, mention.from)}@${email} `;
  const rest = text.slice(mention.from + 1 + mention.typed.length);
  return { text: before + rest.replace(/^ /, ""), caret: before.length };
}
