/**
 * A simple model of what pollers promise, beside two real ones: it does what a
 * random player would do, records it, and after each step compares.
 *
 *     operations ──▶ two pollers on one wire ──▶ what is seen ┊ what must hold
 *
 * Knows the public names only, and nothing of how they are made.
 */
import { expect } from "vitest";
import {
  type Connection,
  type ConnectionState,
  type Listener,
  lines,
  Poller,
  type PollerOptions,
  type Transport,
} from "../../src/index.ts";
import { LinkWatch } from "./watched-links.ts";

/** One step: what to do, and two numbers that choose to whom and how much. */
export type Operation = readonly [what: Verb, which: number, much: number];

/** Everything that can be done. */
export type Verb = (typeof VERBS)[number] | WireVerb;
/** What can be done to a wire, where there is one. */
export type WireVerb = "hold" | "release some" | "release" | "cut";

/** What is done most stands there most often. */
export const VERBS = [
  ...["connect", "accept", "accept", "send", "send", "send", "send", "send", "send", "send", "send"],
  ...["take some", "take some", "take some", "take all", "take all", "drain", "drain", "broadcast"],
  ...["poll", "poll", "poll", "poll", "poll", "poll", "poll", "poll", "poll", "flush", "flush", "flush"],
  ...["send latest", "send latest", "send latest", "send latest", "hold back", "give again", "give again"],
  ...["poll slowly", "close", "end", "abort", "close and abort", "close listener"],
] as const satisfies readonly string[] as readonly (
  | "connect"
  | "accept"
  | "send"
  | "send latest"
  | "hold back"
  | "give again"
  | "take some"
  | "take all"
  | "drain"
  | "poll"
  | "poll slowly"
  | "flush"
  | "broadcast"
  | "close"
  | "end"
  | "abort"
  | "close and abort"
  | "close listener"
)[];

/** A wire that can be held and cut, as `memory()` has it. */
export interface Wire {
  hold(): void;
  release(sizeBytes?: number): void;
  cut(): void;
}

/** What a run is made of. */
export interface Rules {
  readonly listen: Transport;
  /** How to reach a listener. */
  readonly connect: (listener: Listener<string>) => Transport;
  /** The wire, where it can be held and cut. */
  readonly wire?: Wire;
  /** The port that the far side sees of a near one, where it is another. */
  readonly portBehind?: (nearPort: number | undefined) => number | undefined;
  readonly options: PollerOptions & { readonly sendLimitBytes: number; readonly receiveLimitBytes: number };
}

/** One end of a connection, and what the model knows of it. */
interface End {
  readonly connection: Connection<string>;
  readonly side: Side;
  readonly number: number;
  /** How many messages `trySend` took, those that took the place of another not counted. */
  sent: number;
  /** What it said, in the order in which it is to come. */
  readonly said: string[];
  readonly got: string[];
  /** How much of the other end's messages it has received. */
  received: number;
  /** Whether the game has stopped receiving here, by `close()` or `abort()`. */
  isDiscarding: boolean;
  aborted: boolean;
  /** Whether `tryRecv` has said in this frame that there is no more. */
  dry: boolean;
  seen: string;
}

type Side = "near" | "far";

/** Two pollers, and everything that was done to them. */
export class ModelRun {
  readonly pollers: Record<Side, Poller>;
  readonly listener: Listener<string>;
  readonly ends: End[] = [];
  readonly #rules: Rules;
  readonly #known = new Map<unknown, End>();
  readonly #closeEvents = new Map<unknown, number>();
  /** How often `tryLeave` has given each connection. */
  readonly #left = new Map<unknown, number>();
  readonly #mayLose: boolean;
  readonly #watch = new LinkWatch();
  #lastText = 0;
  #wasCut = false;
  #timeMs = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
    const { receiveOverflow, sendOverflow } = rules.options;
    this.#mayLose = receiveOverflow?.startsWith("drop") === true || sendOverflow === "drop-oldest";
    const options = { ...rules.options, clock: () => (this.#timeMs += 5) };
    this.pollers = { near: new Poller(options), far: new Poller(options) };
    this.listener = this.pollers.far.listen(this.#watch.over(rules.listen), lines());
    expect(this.listener.tryLeave()).toBeUndefined(); // whoever is over waits for it from here on
    for (const side of SIDES) {
      this.pollers[side].on("close", ({ connection, reason }) => {
        expect(reason).toBe(connection.closeReason);
        this.#closeEvents.set(connection, (this.#closeEvents.get(connection) ?? 0) + 1);
      });
    }
  }

  /** Does one operation, and holds everything that was not its business against what it was before. */
  do([what, which, much]: Operation): void {
    const end = this.ends[which % Math.max(1, this.ends.length)];
    const side: Side = which % 2 === 0 ? "near" : "far";
    if (what === "poll") this.poll(side, much % 12);
    else if (what === "poll slowly") this.poll(side, 20 + much);
    else if (what === "flush") this.pollers[side].flush();
    else if (what === "connect") this.#connect();
    else if (what === "accept") this.#accept();
    else if (what === "broadcast") this.#broadcast(much);
    else if (what === "drain") this.#drain(much);
    else if (what === "close listener") which % 8 === 0 && this.listener.close();
    else if (what === "hold") this.#rules.wire?.hold();
    else if (what === "release") this.#rules.wire?.release();
    else if (what === "release some") this.#rules.wire?.release(much % 40);
    else if (what === "cut") this.#cut(which);
    else if (end !== undefined) this.#doAt(end, what, much);
    const touched: Side | undefined = WIRE_VERBS.includes(what) ? undefined : side;
    this.#compare(what, end, touched);
  }

  /** The next frame of one side. */
  poll(side: Side, passMs: number): void {
    const poller = this.pollers[side];
    this.#timeMs += passMs;
    const before = { ...poller.stats };
    const frame = poller.poll(this.#timeMs);
    expect(frame.received).toBe(poller.stats.receivedMessages - before.receivedMessages);
    expect(frame.closed).toBe(poller.stats.closed - before.closed);
    expect(frame.received).toBeLessThanOrEqual(this.#rules.options.frameBudget?.messages ?? Infinity);
    for (const end of this.ends) if (end.side === side) end.dry = false;
    if (side === "far" && passMs % 3 > 0) this.#takeLeft();
  }

  /** Both sides' next frame, with everything taken and sent that can be. */
  settle(passMs = 1): void {
    for (const side of SIDES) {
      this.poll(side, passMs);
      while (this.#accept());
      for (const end of this.ends) this.#giveAgain(end);
      for (const end of this.ends) this.#take(end, Infinity);
      this.pollers[side].flush();
    }
  }

  /** What was sent, was not spoilt by anybody, and has not come: nothing, after a while. */
  get missing(): string[] {
    return this.ends.flatMap((end) => {
      const peer = this.#peerOf(end);
      if (peer === undefined || this.#wasCut || end.aborted || peer.aborted || peer.isDiscarding) return [];
      const reasons = [end.connection.closeReason, peer.connection.closeReason];
      if (reasons.some((reason) => reason?.kind === "overflow")) return [];
      const { lostSent } = end.connection.stats;
      const { lostReceived } = peer.connection.stats;
      const came = peer.got.length + lostSent + lostReceived;
      return came === end.sent ? [] : [`${end.side} ${end.number}: ${came} of ${end.sent}`];
    });
  }

  /** Ends that have not seen that the other one is over: none, after a while. */
  get stuck(): string[] {
    return this.ends.flatMap((end) => {
      const { state, recvEnded } = end.connection;
      if (state === "closed" || this.#peerOf(end)?.connection.state !== "closed") return [];
      if (state === "open" && recvEnded) return []; // half open, until the game closes it
      return [`${end.side} ${end.number}: ${state}`];
    });
  }

  get isOver(): boolean {
    return this.listener.state === "closed" && this.ends.every((end) => end.connection.state === "closed");
  }

  /** After the end: each connection has one reason, and was told of once; the counts agree. */
  checkOver(sides: readonly Side[] = SIDES): void {
    for (const end of this.ends.filter((one) => sides.includes(one.side))) {
      expect(end.connection.state).toBe("closed");
      expect(this.#closeEvents.get(end.connection)).toBe(1);
      expect(end.connection.trySend("late")).toBe(false);
      expect(end.connection.tryRecv()).toBeUndefined();
    }
    this.#takeLeft();
    for (const end of this.ends) {
      if (end.side === "far" && sides.includes("far")) expect(this.#left.get(end.connection)).toBe(1);
    }
    for (const side of sides) {
      const poller = this.pollers[side];
      poller.poll(this.#timeMs);
      expect([poller.ready.length, poller.hasActivity]).toEqual([0, false]);
    }
    if (sides.includes("far")) expect(this.listener.connections.size).toBe(0);
    if (sides.length === SIDES.length) expect(this.#watch.unended).toEqual([]);
    const sent = this.ends.filter((end) => end.side === "near").reduce((sum, end) => sum + end.sent, 0);
    expect(this.pollers.near.stats.sentMessages).toBe(sent);
    expect(this.listener.stats.sentMessages).toBe(this.pollers.far.stats.sentMessages);
    expect(this.listener.stats.receivedMessages).toBe(this.pollers.far.stats.receivedMessages);
  }

  #doAt(end: End, what: Verb, much: number): void {
    const { connection } = end;
    if (what === "send") for (let count = much % 5; count >= 0; count--) this.#send(end, much);
    else if (what === "send latest") this.#sendLatest(end, much);
    else if (what === "hold back") connection.hold();
    else if (what === "give again") this.#giveAgain(end);
    else if (what === "take some") this.#take(end, 1 + (much % 3));
    else if (what === "take all") this.#take(end, Infinity);
    else if (what === "end") connection.end();
    else if (what === "close") {
      connection.close();
      end.isDiscarding = true;
      expect(["closing", "closed"]).toContain(connection.state);
    } else if (what === "close and abort") {
      this.#doAt(end, "close", much);
      if (much % 3 === 0) this.pollers[end.side].flush();
      this.#doAt(end, "abort", much);
    } else if (what === "abort") {
      // Who aborts what is over spoils nothing.
      end.isDiscarding = true;
      if (connection.state !== "closed") end.aborted = true;
      connection.abort();
      expect(connection.state).toBe("closed");
    }
  }

  #connect(): void {
    if (this.ends.length > 8 || this.listener.state === "starting") return;
    const transport = this.#watch.over(this.#rules.connect(this.listener));
    this.#add(this.pollers.near.connect(transport, lines()), "near");
  }

  #accept(): boolean {
    const accepted = this.listener.tryAccept();
    if (accepted === undefined) return false;
    this.#add(accepted, "far");
    return true;
  }

  #add(connection: Connection<string>, side: Side): void {
    const counts = {
      sent: 0,
      said: [],
      got: [],
      received: 0,
      isDiscarding: false,
      aborted: false,
      dry: false,
      seen: "",
    };
    const end: End = { connection, side, number: this.ends.length, ...counts };
    end.seen = lookAt(end);
    this.ends.push(end);
    this.#known.set(connection, end);
  }

  /** Takes those who are over: each was accepted, is closed with a reason, and comes once. */
  #takeLeft(): void {
    for (let gone: Connection<string> | undefined; (gone = this.listener.tryLeave()) !== undefined; ) {
      expect(this.#known.get(gone)?.side).toBe("far");
      expect([gone.state, gone.closeReason !== undefined, gone.tryRecv()]).toEqual([
        "closed",
        true,
        undefined,
      ]);
      this.#left.set(gone, (this.#left.get(gone) ?? 0) + 1);
    }
  }

  #cut(which: number): void {
    if (which % 5 !== 0) return; // seldom, or nothing would ever come through
    this.#wasCut = true;
    this.#rules.wire?.cut();
  }

  #send(end: End, much: number): void {
    const { connection } = end;
    const { sendLimitBytes, sendOverflow } = this.#rules.options;
    const text = this.#nextText(end, "✓".repeat(much % 11));
    const sizeBytes = sizeOf(text);
    const maySend = connection.state === "open" || connection.state === "connecting";
    const fits = connection.pendingBytes + sizeBytes <= sendLimitBytes;
    const isTaken = connection.trySend(text);
    if (!maySend || fits || sendOverflow !== "drop-oldest") expect(isTaken).toBe(maySend && fits);
    if (isTaken) {
      end.sent++;
      end.said.push(text);
    }
    if (maySend && much === 0)
      expect(() => connection.trySend("x".repeat(sendLimitBytes))).toThrow(RangeError);
  }

  /**
   * Where the last of its key has not left, which the statistics tell, it goes: the new one stands in its
   * place when only messages with keys are behind it. Otherwise behind all.
   */
  #sendLatest(end: End, much: number): void {
    const { connection, said } = end;
    const { sendLimitBytes } = this.#rules.options;
    const key = `key${much % 2}`;
    const text = this.#nextText(end, `${key}${"k".repeat(much % 13)}`);
    const { replacedMessages } = connection.stats;
    const fits = connection.pendingBytes + sizeOf(text) <= sendLimitBytes;
    const isTaken = connection.trySendLatest(key, text);
    expect(isTaken && connection.state.startsWith("clos")).toBe(false);
    if (fits && !connection.state.startsWith("clos")) expect(isTaken).toBe(true);
    if (!isTaken) return;
    const old = said.findLastIndex((earlier) => earlier.split("/")[2]?.startsWith(key));
    const isReplaced = connection.stats.replacedMessages > replacedMessages;
    if (!isReplaced) end.sent++;
    if (isReplaced && said.slice(old).every((later) => later.split("/")[2]?.startsWith("key"))) {
      said[old] = text;
      return;
    }
    if (isReplaced) said.splice(old, 1);
    said.push(text);
  }

  #giveAgain(end: End): void {
    end.connection.release();
    end.dry = false;
  }

  #nextText(end: End, tail: string): string {
    return `${end.number}/${this.#lastText++}/${tail}`;
  }

  #broadcast(much: number): void {
    const open = this.ends.filter((end) => end.side === "far" && end.connection.state === "open");
    if (open.length !== 1 || open[0] === undefined) return; // the messages say whose they are
    const text = this.#nextText(open[0], "b".repeat(much % 9));
    if (this.listener.broadcast(text) === 0) return;
    open[0].sent++;
    open[0].said.push(text);
  }

  #take(end: End, most: number): void {
    for (let count = 0; count < most; count++) {
      const { state } = end.connection;
      const text = end.connection.tryRecv();
      if (state === "closed") expect(text).toBeUndefined();
      if (text === undefined) {
        end.dry = true;
        return;
      }
      this.#receive(end, text);
    }
  }

  #drain(much: number): void {
    const left = this.listener.drain(
      (connection, text) => {
        const end = this.#known.get(connection) as End;
        this.#receive(end, text);
        if (much === 1) this.#doAt(end, "abort", 0);
        if (much === 2) this.#doAt(end, "close", 0);
        if (much === 3) this.#doAt(this.ends[0] as End, "close", 0);
        if (much === 4) this.#send(end, much);
      },
      { messages: much % 7 },
    );
    if (much % 7 > 5) expect(left).toBeGreaterThanOrEqual(0);
  }

  #receive(end: End, text: string): void {
    expect(end.dry).toBe(false);
    const [sender] = text.split("/").map(Number);
    const first = end.got[0]?.split("/")[0] ?? String(sender);
    expect(String(sender)).toBe(first);
    const { said } = this.ends[sender as number] as End;
    if (this.#mayLose) expect(said.indexOf(text, end.received)).toBeGreaterThanOrEqual(0);
    else expect(text).toBe(said[end.received]);
    end.received = said.indexOf(text, end.received) + 1;
    end.got.push(text);
    expect(end.got.length).toBeLessThanOrEqual(end.connection.stats.receivedMessages);
    expect(end.got.length).toBeLessThanOrEqual(this.ends[sender as number]?.sent as number);
  }

  /** The other end, once both know their addresses. */
  #peerOf(end: End): End | undefined {
    const { localAddress, remoteAddress } = end.connection;
    const port = end.side === "near" ? this.#seenPort(localAddress?.port) : remoteAddress?.port;
    return this.ends.find(({ side, connection }) => {
      const { localAddress, remoteAddress } = connection;
      const other = side === "near" ? this.#seenPort(localAddress?.port) : remoteAddress?.port;
      return side !== end.side && port !== undefined && other === port;
    });
  }

  /** The port that the far side sees of a near one. */
  #seenPort(nearPort: number | undefined): number | undefined {
    const { portBehind } = this.#rules;
    return portBehind === undefined ? nearPort : portBehind(nearPort);
  }

  /** Nothing may have changed but by the operation, and what changed only forward. */
  #compare(what: Verb, acted: End | undefined, side: Side | undefined): void {
    const { sendLimitBytes, receiveLimitBytes, receiveOverflow } = this.#rules.options;
    expect(this.#watch.breaches).toEqual([]);
    for (const end of this.ends) {
      const { connection } = end;
      const seen = lookAt(end);
      const mayChange = what.startsWith("poll")
        ? end.side === side
        : end === acted || ["flush", "drain", "broadcast", "close and abort"].includes(what);
      if (seen !== end.seen) {
        if (!mayChange || side === undefined) expect(`${what}: ${seen}`).toBe(`${what}: ${end.seen}`);
        const [before, after] = [JSON.parse(end.seen), JSON.parse(seen)];
        expect(ORDER.indexOf(after.state)).toBeGreaterThanOrEqual(ORDER.indexOf(before.state));
        if (!STATE_VERBS.includes(what)) expect(after.state).toBe(before.state);
        // The reason stays, but that of an orderly ending gives way, once, to why the ending failed.
        if (before.reason !== undefined && !["local", "remote"].includes(before.reason[0]))
          expect(after.reason).toEqual(before.reason);
        if (["closing", "closed"].includes(after.state)) expect(after.reason).toBeDefined();
        if (before.state === "closed") expect(after.reason).toEqual(before.reason);
        end.seen = seen;
      }
      // A reason may be certain before the last message is taken.
      const isCertain = connection.closeReason !== undefined;
      if (connection.state === "closed") expect(isCertain).toBe(true);
      else expect(isCertain && connection.state !== "closing").toBe(false);
      expect(connection.pendingBytes).toBeGreaterThanOrEqual(0);
      expect(connection.pendingBytes).toBeLessThanOrEqual(sendLimitBytes);
      // Over the limit by one read at the most, of messages as short as they get.
      const oneRead = sendLimitBytes + 64 * Math.ceil(sendLimitBytes / 5);
      const mostBytes = receiveOverflow?.startsWith("drop") ? 2 * receiveLimitBytes : receiveLimitBytes;
      expect(connection.stats.inboxPeakBytes).toBeLessThanOrEqual(mostBytes + oneRead);
      expect(this.#closeEvents.get(connection) ?? 0).toBeLessThanOrEqual(1);
    }
  }
}

/** The size of a line on the wire. */
function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length + 1;
}

/** All that a game can see of a connection, but its messages. */
function lookAt({ connection }: End): string {
  const { state, closeReason, recvEnded, pendingBytes, stats, localAddress, remoteAddress } = connection;
  const reason = closeReason && [closeReason.kind, closeReason.message];
  return JSON.stringify({ state, reason, recvEnded, pendingBytes, stats, localAddress, remoteAddress });
}

const SIDES: readonly Side[] = ["near", "far"];
const ORDER: readonly ConnectionState[] = ["connecting", "open", "closing", "closed"];
const WIRE_VERBS: readonly Verb[] = ["hold", "release some", "release", "cut"];
/** What may move a state. `drain` does where its callback closes a connection. */
const STATE_VERBS: readonly Verb[] = [
  ...(["poll", "poll slowly", "close", "end", "abort", "close and abort", "drain"] as const),
];
