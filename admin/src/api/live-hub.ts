/**
 * The live stream of an app, one for all tabs of a browser: browsers allow few connections to a server.
 *
 * The tabs that watch something ask for a lock; the one that gets it leads. It opens a stream of all entities that any
 * tab watches and passes on what comes. When it closes, the next tab gets the lock and goes on.
 */

import { type LiveChange, type LiveState, type StreamEvent, follow } from "./live-stream";

export interface Listener {
  entity: string;
  onChanges: (changes: LiveChange[]) => void;
  /** Something was missed: what is shown has to be read again. */
  onGap: () => void;
}

type Message =
  | { type: "lead" }
  | { type: "wants"; tab: string; entities: string[] }
  | { type: "changes"; changes: LiveChange[]; after: string | undefined }
  | { type: "gap"; after: string | undefined }
  | { type: "state"; state: LiveState; after: string | undefined };

const TAB = crypto.randomUUID();
const REMIND_MS = 15_000;
/** Timers of hidden tabs run once a minute. */
const FORGET_MS = 150_000;
const LEAVE_MS = 1_000;
/** A stream that was closed for longer begins anew: reading a list again is cheaper than all that happened. */
const RESUME_MS = 60_000;

export class LiveHub {
  state: LiveState = { kind: "off" };
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Set<() => void>();
  private readonly channel: BroadcastChannel;
  /** What other tabs watch, known to the leader. */
  private readonly wanted = new Map<string, { entities: string[]; at: number }>();
  private membership: AbortController | undefined;
  private stream: AbortController | undefined;
  private leading = false;
  private watched = "";
  /** The last event that came, so that the person who leads next goes on behind it. */
  private after: string | undefined;
  private heardAt = 0;
  private reminder: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly realm: string,
    private readonly name: string,
  ) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
  }

  /** Watch an entity; answers how to stop. */
  add(listener: Listener): () => void {
    this.listeners.add(listener);
    this.join();
    this.tellWants();
    return () => {
      this.listeners.delete(listener);
      setTimeout(() => (this.listeners.size === 0 ? this.leave() : this.tellWants()), LEAVE_MS);
    };
  }

  /** Call `watcher` when the state changes. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Try again after a refusal. */
  retry(): void {
    this.watched = "";
    this.tellWants();
    this.restart();
  }

  private join(): void {
    if (this.membership) return;
    const membership = new AbortController();
    this.membership = membership;
    this.reminder = setInterval(() => this.tellWants(), REMIND_MS);
    void navigator.locks
      .request(this.name, { signal: membership.signal }, () => this.lead(membership.signal))
      .catch(() => undefined);
  }

  private leave(): void {
    clearInterval(this.reminder);
    this.tellWants();
    this.membership?.abort();
    this.membership = undefined;
    this.set({ kind: "off" });
  }

  /** Lead until this tab watches nothing any more. */
  private lead(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.leading = true;
    this.channel.postMessage({ type: "lead" } satisfies Message);
    this.restart();
    return new Promise((done) => {
      signal.addEventListener("abort", () => {
        this.leading = false;
        this.stream?.abort();
        this.watched = "";
        done();
      });
    });
  }

  private hear(message: Message): void {
    if (message.type === "lead") this.tellWants();
    if (message.type === "wants" && this.leading) {
      this.wanted.set(message.tab, { entities: message.entities, at: Date.now() });
      this.restart();
      this.channel.postMessage({ type: "state", state: this.state, after: this.after } satisfies Message);
    }
    if (this.leading || message.type === "lead" || message.type === "wants") return;
    this.note(message.after);
    if (this.listeners.size === 0) return;
    if (message.type === "changes") this.dispatch(message.changes);
    if (message.type === "gap") this.miss();
    if (message.type === "state") this.set(message.state);
  }

  private tellWants(): void {
    const entities = [...new Set([...this.listeners].map((listener) => listener.entity))];
    if (this.leading) this.restart();
    else this.channel.postMessage({ type: "wants", tab: TAB, entities } satisfies Message);
  }

  /** Open the stream of all that is watched now, if it differs from what is open. */
  private restart(): void {
    if (!this.leading) return;
    for (const [tab, { at }] of this.wanted) if (Date.now() - at > FORGET_MS) this.wanted.delete(tab);
    const entities = new Set([...this.listeners].map((listener) => listener.entity));
    for (const { entities: others } of this.wanted.values()) for (const entity of others) entities.add(entity);
    const watched = [...entities].sort().join(",");
    if (watched === this.watched || watched === "") return;
    this.watched = watched;
    this.stream?.abort();
    this.stream = new AbortController();
    if (this.state.kind !== "live" && Date.now() - this.heardAt > RESUME_MS) this.after = undefined;
    void follow({
      realm: this.realm,
      path: "/_live",
      query: new URLSearchParams({ entities: watched }),
      after: this.after,
      signal: this.stream.signal,
      onEvent: (event) => this.receive(event),
      onState: (state) => this.announce(state),
    });
  }

  private receive({ name, id, data }: StreamEvent): void {
    const { position, changes, omitted } = (data ?? {}) as { position?: string | number; changes?: LiveChange[]; omitted?: number };
    const isNew = this.after === undefined;
    this.note(id ?? (position === undefined ? undefined : String(position)));
    // What happened between the reading of a list and the beginning of the stream is not told.
    if (omitted || (name === "ready" && isNew)) {
      this.channel.postMessage({ type: "gap", after: this.after } satisfies Message);
      this.miss();
    } else if (name === "commit" && changes) {
      this.channel.postMessage({ type: "changes", changes, after: this.after } satisfies Message);
      this.dispatch(changes);
    }
  }

  private note(after: string | undefined): void {
    if (after === undefined) return;
    this.after = after;
    this.heardAt = Date.now();
  }

  private announce(state: LiveState): void {
    this.channel.postMessage({ type: "state", state, after: this.after } satisfies Message);
    this.set(state);
  }

  private set(state: LiveState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }

  private dispatch(changes: LiveChange[]): void {
    for (const listener of this.listeners) {
      const own = changes.filter((change) => change.entity === listener.entity);
      if (own.length > 0) listener.onChanges(own);
    }
  }

  private miss(): void {
    for (const listener of this.listeners) listener.onGap();
  }
}
