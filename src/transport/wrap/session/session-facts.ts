/**
 * What a session shows of itself: whether it has a line, how far its peer is, and
 * what time it is there. All of it changes at the start of a frame alone.
 *
 *     pings, pongs, echoes ──▶ heartbeat ┊ pump: show ──▶ linked, downMs, rttMs, clock …
 *
 * Has the session's place among those of its poller or acceptor. Decides nothing of lines and
 * streams; `session-link.ts` does.
 */
import type { Link } from "../../../port/link.ts";
import type { PeerClock } from "../../../port/peer-clock.ts";
import { LinkFacts } from "../link-facts.ts";
import { FRAME, idFrame, pongFrame } from "./frames.ts";
import { Heartbeat } from "./heartbeat.ts";
import { FEW_BYTES, type Line } from "./line.ts";
import { ServerClock } from "./peer-clock.ts";
import type { Scheduled, SessionAgenda, Shown } from "./session-agenda.ts";
import type { Terms } from "./session-options.ts";

/** The part of a session that frames see. */
export abstract class SessionFacts extends LinkFacts implements Scheduled, Shown {
  order = 0;
  dueMs: number = Infinity;
  heapIndex: number = -1;
  protected readonly terms: Terms;
  protected readonly heartbeat: Heartbeat;
  /** The line of now. */
  protected line: Line | undefined;
  /** Since when there is none, in counted time. */
  protected downSinceMs = 0;
  readonly #clock: ServerClock | undefined;
  #agenda: SessionAgenda | undefined;
  #isLinked = false;
  #downMs = 0;
  #isShownNext = false;
  /** The ping that the end of this piece answers. */
  #toPong: number | undefined;
  /** The ping that the next frame answers. */
  #toEcho: number | undefined;

  /** @param knowsServer whether the peer is a server, whose clock is of interest */
  constructor(terms: Terms, inner: Link, knowsServer: boolean) {
    super(inner);
    this.terms = terms;
    this.#clock = knowsServer ? new ServerClock() : undefined;
    this.heartbeat = new Heartbeat(terms, this.#clock);
  }

  override get linked(): boolean {
    return this.#isLinked;
  }

  override get downMs(): number {
    return this.#downMs;
  }

  override get rttMs(): number | undefined {
    return this.heartbeat.rttMs;
  }

  override get jitterMs(): number | undefined {
    return this.heartbeat.jitterMs;
  }

  override get frameRttMs(): number | undefined {
    return this.heartbeat.frameRttMs;
  }

  override get clock(): PeerClock | undefined {
    return this.#clock?.isKnown === true ? this.#clock : undefined;
  }

  /** Whether it has closed. */
  protected abstract get isClosed(): boolean;
  /** Whether it ever had a line. */
  protected abstract get hasBeenLinked(): boolean;
  /** What was taken of the peer's stream since it was told last; it is told now. */
  protected abstract takeAck(): number;
  /** Does what is due. */
  abstract run(): void;
  /** Sets `dueMs` anew. */
  protected abstract schedule(): void;

  /** The counted time. */
  protected get nowMs(): number {
    return this.#agenda?.nowMs ?? 0;
  }

  protected get agenda(): SessionAgenda | undefined {
    return this.#agenda;
  }

  /** Joins those of its poller or acceptor. */
  protected join(agenda: SessionAgenda): void {
    this.#agenda = agenda;
    this.order = agenda.nextOrder();
    this.heartbeat.spread(this.order);
    this.downSinceMs = agenda.nowMs;
    if (this.line !== undefined) this.heartbeat.begin(agenda.nowMs);
    this.#isShownNext = false;
    this.showNext();
    this.schedule();
  }

  /** Shows that it has a line from its first frame on. */
  protected beginLinked(): void {
    this.#isLinked = this.line !== undefined;
  }

  /** There is another line. */
  protected beginLine(): void {
    this.#toEcho = this.#toPong = undefined;
    this.heartbeat.begin(this.nowMs);
  }

  /** There is something new to show. */
  protected showNext(): void {
    if (this.#isShownNext || this.#agenda === undefined || this.isClosed) return;
    this.#isShownNext = true;
    this.#agenda.showNext(this);
  }

  /** Shows now what has changed, as it has joined in the midst of a frame. */
  protected showNow(agenda: SessionAgenda): void {
    agenda.stamp();
    agenda.hideNext(this);
    if (this.show(agenda)) agenda.showNext(this);
  }

  show(agenda: SessionAgenda): boolean {
    this.#isShownNext = false;
    if (this.isClosed) return false;
    this.#isLinked = this.line !== undefined;
    this.#downMs = this.#isLinked || !this.hasBeenLinked ? 0 : this.nowMs - this.downSinceMs;
    this.heartbeat.show(agenda.frameMs);
    this.#clock?.show(agenda.stampMs);
    const id = this.#toEcho;
    this.#toEcho = undefined;
    if (id !== undefined) this.writeIfClear(() => idFrame(FRAME.echo, this.takeAck(), id));
    this.#isShownNext = !this.#isLinked || this.clock !== undefined;
    return this.#isShownNext;
  }

  /** Asks for a sign of life. Behind what waits in the line it would measure nothing, and that is as good a sign. */
  protected sendPing(): void {
    const id = this.heartbeat.ping(this.nowMs, this.#agenda?.frameMs ?? 0);
    this.writeIfClear(() => idFrame(FRAME.ping, this.takeAck(), id));
  }

  /** Writes a frame that may be left out, unless the line is behind: a peer that does not read gets no heap of them. */
  protected writeIfClear(frame: () => Uint8Array): void {
    if (this.line !== undefined && this.line.pendingBytes <= FEW_BYTES) this.line.write(frame());
  }

  // The frames of the peer.

  ping(id: number): void {
    this.#toEcho = this.#toPong = id;
    this.showNext();
  }

  /** Answers the newest ping of a piece that was read: so a flood of them gets one answer, and costs one call of the system. */
  protected answerPing(): void {
    const id = this.#toPong;
    if (id === undefined) return;
    this.#toPong = undefined;
    this.writeIfClear(() => pongFrame(this.takeAck(), id, this.terms.clock()));
  }

  pong(id: number, clockMs: number): void {
    if (this.heartbeat.pong(id, clockMs)) this.showNext();
  }

  echo(id: number): void {
    if (this.heartbeat.echo(id)) this.showNext();
  }
}
