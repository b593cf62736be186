/**
 * A random game that is recorded and played again: two pollers, and what each can see of
 * everything after each step, as one text.
 *
 *     operations ──▶ pollers on recorded(transport), or on replay.transport ──▶ what is seen
 */
import {
  type AnyConnection,
  type Connection,
  type Listener,
  lines,
  Poller,
  type PollerOptions,
  type Transport,
} from "../../../src/index.ts";

/** One step: what to do, and two numbers that choose to whom and how much. */
export type Step = readonly [what: Verb | RareVerb, which: number, much: number];

type Verb = "connect" | "accept" | "send" | "latest" | "broadcast" | "flush" | "poll" | "take" | "drain";
type RareVerb =
  | "timed drain"
  | "hold back"
  | "give again"
  | "end"
  | "close"
  | "abort"
  | "leave"
  | "close listener"
  | "poll slowly"
  | "wire holds"
  | "wire lets some"
  | "wire lets all"
  | "wire is cut";

/** What is done most stands there most often. */
export const STEPS: readonly (Verb | RareVerb)[] = [
  ...(["connect", "accept", "send", "send", "send", "latest", "latest", "broadcast", "flush"] as const),
  ...([
    "poll",
    "poll",
    "poll",
    "poll",
    "take",
    "take",
    "drain",
    "drain",
    "timed drain",
    "hold back",
  ] as const),
  ...(["give again", "end", "close", "abort", "leave", "close listener", "poll slowly"] as const),
  ...(["wire holds", "wire lets some", "wire lets all", "wire lets all", "wire is cut"] as const),
];

/** Where a game is played. */
export interface Ground {
  readonly listen: Transport;
  readonly connect: (listener: Listener<string>) => Transport;
  readonly wire?: { hold(): void; release(sizeBytes?: number): void; cut(): void } | undefined;
  /** Before each step, as the game acts between frames. */
  readonly mark: () => void;
  /** The time of budgets, which is another one each time. */
  readonly clock: () => number;
  readonly options: PollerOptions;
}

/** A game of two pollers. */
export class RecordedGame {
  /** All that was visible, in the order of the steps. */
  readonly seen: string[] = [];
  readonly listener: Listener<string>;
  readonly #ground: Ground;
  readonly #pollers: readonly [near: Poller, far: Poller];
  readonly #ends: { readonly connection: Connection<string>; readonly side: 0 | 1 }[] = [];
  #connect: Transport | undefined;
  #timeMs = 0;
  #lastText = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
    const options = { ...ground.options, clock: ground.clock };
    this.#pollers = [new Poller(options), new Poller(options)];
    this.listener = this.#pollers[1].listen(ground.listen, lines());
    this.#pollers.forEach((poller, side) => {
      poller.on("close", ({ connection, reason }) => this.#see("closed", side, connection.id, reason));
      poller.on("lose", ({ connection, received, sent }) =>
        this.#see("lost", side, connection.id, received, sent),
      );
      poller.on("drop", ({ count, reason }) => this.#see("dropped", side, count, reason));
      poller.on("drain", ({ connection }) => this.#see("drained", side, connection.id));
    });
  }

  do([what, which, much]: Step): void {
    this.#ground.mark();
    const side = (which % 2) as 0 | 1;
    const poller = this.#pollers[side];
    const end = this.#ends[which % Math.max(1, this.#ends.length)];
    const { wire } = this.#ground;
    if (what === "poll") this.#poll(side, much % 12);
    else if (what === "poll slowly") this.#poll(side, 10 + much);
    else if (what === "flush") poller.flush();
    else if (what === "connect") this.#open();
    else if (what === "accept") this.#add(this.listener.tryAccept(), 1);
    else if (what === "broadcast") this.#see("broadcast", this.listener.broadcast(this.#text("b", much)));
    else if (what === "drain") this.#drain(which, { messages: much % 7 });
    else if (what === "timed drain") this.#drain(which, { ms: 1 + (much % 5) });
    else if (what === "leave") this.#see("left", this.listener.tryLeave()?.id);
    else if (what === "close listener") which % 8 === 0 && this.listener.close();
    else if (what === "wire holds") wire?.hold();
    else if (what === "wire lets some") wire?.release(much);
    else if (what === "wire lets all") wire?.release();
    else if (what === "wire is cut") which % 6 === 0 && wire?.cut();
    else if (end !== undefined) this.#doAt(end.connection, what, much);
    if (what.startsWith("wire")) this.#ground.mark(); // nobody has asked for what came by that
    this.#look(what);
  }

  /** Ends all, as a game does. */
  end(): void {
    for (const side of [0, 1] as const) {
      this.#ground.mark();
      this.#pollers[side].close();
      this.#poll(side, 10);
      this.#look("end");
    }
  }

  /** Leaves nothing open, after a recording has ended. */
  dispose(): void {
    for (const poller of this.#pollers) poller[Symbol.dispose]();
  }

  #doAt(connection: Connection<string>, what: Step[0], much: number): void {
    if (what === "send") {
      for (let count = much % 5; count >= 0; count--)
        this.#see("sent", connection.trySend(this.#text("", much)));
    } else if (what === "latest")
      this.#see("latest", connection.trySendLatest(`k${much % 2}`, this.#text("k", much)));
    else if (what === "take")
      for (let count = much % 4; count >= 0; count--) this.#see("took", connection.tryRecv());
    else if (what === "hold back") connection.hold();
    else if (what === "give again") connection.release();
    else if (what === "end") connection.end();
    else if (what === "close") connection.close();
    else if (what === "abort") connection.abort();
  }

  #open(): void {
    if (this.#ends.length > 9 || this.listener.state !== "listening") return;
    this.#connect ??= this.#ground.connect(this.listener);
    this.#add(this.#pollers[0].connect(this.#connect, lines()), 0);
  }

  #add(connection: Connection<string> | undefined, side: 0 | 1): void {
    if (connection !== undefined) this.#ends.push({ connection, side });
  }

  #poll(side: 0 | 1, passMs: number): void {
    this.#timeMs += passMs / 4;
    const { tick, nowMs, deltaMs, accepted, opened, closed, received, remaining } = this.#pollers[side].poll(
      this.#timeMs,
    );
    this.#see("frame", side, tick, nowMs, deltaMs, accepted, opened, closed, received, remaining);
  }

  #drain(which: number, budget: { readonly messages?: number; readonly ms?: number }): void {
    let visits = 0;
    const left = this.listener.drain((connection, text) => {
      this.#see("visited", connection.id, text);
      if (++visits % 7 === 0) connection.trySend(this.#text("re", which));
      if (which === 3 && visits === 3) connection.abort();
      if (which === 5 && visits === 2) this.#pollers[1].flush();
    }, budget);
    this.#see("left", left);
  }

  #text(tail: string, much: number): string {
    return `${this.#lastText++}/${tail.repeat(1 + (much % 9))}${"✓".repeat(much % 5)}`;
  }

  #look(what: string): void {
    for (const { connection } of this.#ends) this.#see(what, ...lookAt(connection));
    const { state, closeReason, stats, connections } = this.listener;
    this.#see("listener", state, closeReason, stats, connections.size);
    for (const { stats, ready, hasActivity } of this.#pollers) {
      this.#see(
        "poller",
        stats,
        ready.map(({ id }) => id),
        hasActivity,
      );
    }
  }

  #see(...what: readonly unknown[]): void {
    this.seen.push(JSON.stringify(what));
  }
}

/** All that can be seen of a connection but its messages, which are taken. */
function lookAt(connection: AnyConnection): readonly unknown[] {
  const { id, state, closeReason, recvEnded, pendingBytes, stats } = connection;
  const { localAddress, remoteAddress, failedAttempts, security, protocol, rttMs } = connection;
  const reason = closeReason && [closeReason.kind, closeReason.message, closeReason.code];
  return [
    ...[id, state, reason, recvEnded, pendingBytes, stats, localAddress, remoteAddress],
    ...[failedAttempts.length, security, protocol, rttMs],
  ];
}
