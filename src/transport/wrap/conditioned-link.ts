/**
 * A link on a bad network: another link, and what is on its way to it and from it.
 *
 *     core ── write, end ──▶ sending lane ──▶ inner link
 *     core ◀── closed ◀── receiving lane ◀── inner link
 *
 * Decides how it ends: an end travels behind the bytes, an abort of this side is told
 * at once, and what was sent before an `end` still arrives. The two lanes have the
 * bytes, `conditioner.ts` what all links of a transport share.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Agenda, Scheduled } from "./agenda.ts";
import type { Conditioner } from "./conditioner.ts";
import type { Direction } from "./conditions.ts";
import { LinkFacts } from "./link-facts.ts";
import { ReceivingLane } from "./receiving-lane.ts";
import { SendingLane } from "./sending-lane.ts";

/** One link of a conditioned transport. */
export class ConditionedLink extends LinkFacts implements Link, Scheduled {
  readonly order: number;
  dueMs: number = Infinity;
  heapIndex: number = -1;
  readonly #conditioner: Conditioner;
  readonly #sending: SendingLane;
  readonly #receiving: ReceivingLane;
  #events: LinkEvents | undefined;
  #agenda: Agenda | undefined;
  #phase: Phase = "new";
  #isInnerOpen = false;
  #isInnerClosed = false;
  #hasEnded = false;
  #hasBegun = false;
  #hasLine = true;
  #hasLineTold = true;
  /** Whether the core has been told that it is open, as of this frame. */
  #showsRtt: boolean;
  /** What the conditions added to a round trip when it ended. */
  #lastAddedMs: number | undefined;

  /** @param agenda that of the acceptor; without one it is a client's, whose poller's pump has one */
  constructor(conditioner: Conditioner, inner: Link, agenda?: Agenda) {
    super(inner);
    this.#conditioner = conditioner;
    this.#agenda = agenda;
    const role = agenda === undefined ? "client" : "accepted";
    this.#showsRtt = role === "accepted";
    const { order, draws } = conditioner.drawsFor(role);
    this.order = order;
    const lane = { inner, isMessages: conditioner.isMessages, conditions: conditioner };
    this.#sending = new SendingLane({
      ...lane,
      draws: draws.send,
      drained: (sizeBytes) => this.#events?.drained(sizeBytes),
    });
    const receivingParts = {
      ...lane,
      draws: draws.receive,
      isMute: () => this.#sending.isBlackholed,
      events: {
        opened: () => this.#tellOpened(),
        received: (bytes: Uint8Array) => this.#events?.received(bytes),
        partial: (sizeBytes: number) => this.#events?.partial(sizeBytes),
        ended: (reason?: CloseReason) => this.#events?.ended(reason),
        closed: (reason: CloseReason) => this.#finish(reason),
      },
    };
    this.#receiving = new ReceivingLane(receivingParts, role === "client");
  }

  /** What the conditions add to a round trip, or did when the link ended. */
  protected override get addedRttMs(): number {
    return this.#lastAddedMs ?? this.#agenda?.addedRttMs ?? 0;
  }

  /** What the inner link measured below the conditions, and what they add. */
  override get rttMs(): number | undefined {
    return this.#showsRtt ? super.rttMs : undefined;
  }

  get isOver(): boolean {
    return this.#phase === "closed" || this.#phase === "abandoned" || this.#phase === "lingering";
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#phase = "open";
    this.#conditioner.add(this);
    if (this.#agenda?.nowMs !== undefined) this.#begin(this.#agenda.nowMs);
    this.#dueAgain();
    this.#agenda?.add(this);
    this.inner.attach({
      opened: () => this.#opened(),
      received: (bytes) => {
        if (this.#phase !== "open") return;
        if (this.#receiving.isClear) {
          events.received(bytes); // nothing is due by that, so a line without conditions costs little
          return;
        }
        this.#receiving.received(bytes);
        this.#schedule();
      },
      partial: (sizeBytes) => {
        if (this.#phase === "open") this.#receiving.partial(sizeBytes);
        this.#schedule();
      },
      suspended: () => this.#tellLine(false),
      resumed: () => this.#tellLine(true),
      drained: (sizeBytes) => {
        if (this.#phase === "open") this.#sending.drained(sizeBytes);
        this.#schedule();
      },
      ended: (reason) => {
        if (this.#phase === "open") this.#receiving.ended(reason);
        this.#schedule();
      },
      closed: (reason) => this.#closed(reason),
    });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open" || this.#isInnerClosed || this.#hasEnded) return true; // the bytes are dropped
    const isTaken = this.#sending.write(bytes);
    if (!this.#sending.isClear) this.#schedule();
    return isTaken;
  }

  pause(): void {
    this.#receiving.pause();
    this.#schedule();
  }

  resume(): void {
    this.#receiving.resume();
    this.#schedule();
  }

  probe(): void {
    this.#receiving.probe();
    if (this.#phase === "open" && !this.#isInnerClosed) this.inner.probe?.();
  }

  reportPartial(): void {
    if (this.#phase === "open" && !this.#isInnerClosed) this.inner.reportPartial?.();
  }

  end(reason?: CloseReason): void {
    if (this.#phase !== "open") return;
    this.#receiving.drop();
    if (!this.#isInnerClosed) this.#sending.end("end", reason);
    this.#hasEnded = true;
    this.#schedule();
  }

  endSending(): void {
    if (this.#phase !== "open") return;
    if (!this.#isInnerClosed) this.#sending.end("endSending");
    this.#hasEnded = true;
    this.#schedule();
  }

  abort(reason?: CloseReason): void {
    if (this.#phase === "new") {
      this.#phase = "closed";
      this.inner.abort(reason);
    }
    if (this.#phase !== "open") return;
    if (this.#isInnerClosed) this.#finish(LOCAL);
    else if (this.#sending.isBlackholed && this.#isInnerOpen) this.#finish(LOCAL, "abandoned");
    else {
      this.#phase = "aborted";
      this.#lastAddedMs = this.#agenda?.addedRttMs;
      this.#receiving.clear();
      const lingers = this.#hasEnded && this.#sending.handOver();
      if (lingers && !this.#isInnerClosed) this.#finish(LOCAL, "lingering");
      else {
        this.#sending.clear();
        if (!this.#isInnerClosed) this.inner.abort(reason);
        this.#schedule();
      }
    }
  }

  /** Joins the links of its poller, whose pump does the rest. */
  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    const innerMs = this.#isInnerClosed ? undefined : this.inner.pump?.(nowMs, poller, beginsFrame);
    if (this.#agenda === undefined && this.#phase === "open") {
      this.#agenda = this.#conditioner.join(this, nowMs, poller);
    }
    if (beginsFrame === true) this.#showsRtt = !this.#receiving.isConnecting;
    if (poller !== undefined) return innerMs;
    const ownMs = this.#agenda?.pump(nowMs, beginsFrame);
    return ownMs === undefined ? innerMs : Math.min(ownMs, innerMs ?? Infinity);
  }

  run(beforeMs: number, nowMs: number): void {
    this.#begin(beforeMs);
    this.#sending.run(beforeMs, nowMs);
    this.#receiving.run(nowMs);
    this.#dueAgain();
  }

  /** Both ends see a reset. */
  cut(reason: CloseReason): void {
    this.#finish(reason);
    if (!this.#isInnerClosed) this.inner.abort();
  }

  blackhole(direction: Direction, isOn: boolean): void {
    if (direction === "send") this.#sending.isBlackholed = isOn;
    else this.#receiving.isBlackholed = isOn;
    this.#schedule();
  }

  endKept(): void {
    this.#phase = "closed";
    this.inner.abort();
  }

  #begin(atMs: number): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#sending.begin(atMs);
    this.#receiving.begin(atMs);
  }

  #opened(): void {
    this.#isInnerOpen = true;
    if (this.#phase !== "open") return;
    this.#receiving.opened();
    this.#schedule();
  }

  #tellOpened(): void {
    this.#register();
    this.#events?.opened();
    this.#tellLine(this.#hasLine);
  }

  /** Tells that the inner link has lost its line, or has one again: at once, as nothing of that travels. */
  #tellLine(hasLine: boolean): void {
    this.#hasLine = hasLine;
    if (this.#phase !== "open" || this.#receiving.isConnecting || hasLine === this.#hasLineTold) return;
    this.#hasLineTold = hasLine;
    if (hasLine) this.#register();
    this.#events?.[hasLine ? "resumed" : "suspended"]();
  }

  #register(): void {
    const { localAddress, remoteAddress } = this.inner;
    this.ownAddresses = this.#conditioner.register(this, localAddress, remoteAddress);
  }

  #closed(reason: CloseReason): void {
    this.#isInnerClosed = true;
    if (this.isOver) this.#conditioner.forget(this);
    if (this.#phase === "aborted") this.#finish(reason);
    if (this.#phase !== "open") return;
    this.#sending.clear();
    this.#receiving.closed(reason);
    this.#schedule();
  }

  /** Tells the end, once. */
  #finish(reason: CloseReason, phase: "closed" | "abandoned" | "lingering" = "closed"): void {
    if (this.#phase === "closed") return;
    this.#lastAddedMs ??= this.#agenda?.addedRttMs;
    this.#phase = phase;
    this.#sending.clear();
    this.#receiving.clear();
    this.dueMs = Infinity;
    this.#agenda?.remove(this);
    if (phase !== "closed") {
      this.#conditioner.keep(this, phase);
      this.inner.resume(); // what still comes is dropped
    }
    this.#conditioner.remove(this);
    this.#events?.closed(reason);
  }

  #dueAgain(): void {
    if (this.#phase !== "open") this.dueMs = Infinity;
    else this.dueMs = this.#hasBegun ? Math.min(this.#sending.dueMs, this.#receiving.dueMs) : -Infinity;
  }

  #schedule(): void {
    const beforeMs = this.dueMs;
    this.#dueAgain();
    if (this.dueMs !== beforeMs) this.#agenda?.schedule(this);
  }
}

/**
 * How far it is. After an abort only `closed` is told. A link that a blackhole has abandoned, or
 * that lingers until its peer has read, is closed to the core, and its inner link is open.
 */
type Phase = "new" | "open" | "aborted" | "abandoned" | "lingering" | "closed";

const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
