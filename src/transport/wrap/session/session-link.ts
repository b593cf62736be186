/**
 * A session, and how it ends: an end travels behind the bytes and is acknowledged, over as
 * many lines as that takes. The peer knows of it then, so nobody waits for who has left.
 *
 *     end ──▶ goodbye ──▶ acknowledged ──▶ the line ends ──▶ closed
 *     goodbye of the peer ──▶ ended ──▶ acknowledged, and the line ends ──▶ closed
 *
 * `session-lines.ts` moves the bytes. Where the next line comes from its two kinds decide,
 * `dialling-link.ts` and `accepted-link.ts`.
 */
import type { CloseReason, Goodbye } from "../../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../../port/link.ts";
import type { FrameEvents } from "./frame-reader.ts";
import { FRAME, plainFrame } from "./frames.ts";
import { FEW_BYTES, type Line } from "./line.ts";
import { SessionLines } from "./session-lines.ts";
import { ABORTED, aborted, CLOSED, goodbyeOf, remoteReason } from "./session-reasons.ts";

/** What both kinds of sessions are. */
export abstract class SessionLink extends SessionLines implements Link, FrameEvents {
  /** Any, whatever the line carries. */
  override readonly carriesCode: (code: number) => boolean = carriesAny;

  abstract attach(events: LinkEvents): void;

  endSending(): void {
    if (this.phase !== "open" || this.stream.marks.length > 0) return;
    this.stream.mark({ kind: "fin" });
    this.#leaveIfDone();
  }

  end(reason?: CloseReason): void {
    if (this.phase !== "open") return;
    this.phase = "ending";
    this.isDiscarding = true;
    this.resume();
    if (!this.isOver) this.stream.mark({ kind: "bye", goodbye: reason?.goodbye ?? NO_GOODBYE });
    this.#leaveIfDone();
    this.endAlone();
    this.schedule();
  }

  /** Closes without a line, if all but the end itself is at the peer, who will be told of it: nobody waits for that. */
  protected endAlone(): void {
    const isDone = this.line === undefined && this.phase === "ending" && this.stream.isDataAcked;
    if (isDone && this.tellsLater) this.finish(this.#endReason);
  }

  abort(reason?: CloseReason): void {
    if (this.phase === "closed") return;
    const { line } = this;
    if (this.phase === "new") this.refuse(reason);
    else if (line !== undefined && this.final === undefined) this.#cut(line, reason);
    this.finish(this.final ?? ABORTED);
  }

  // What the two kinds do.

  /** The core does not take the session, which nobody has attached to. */
  protected abstract refuse(reason: CloseReason | undefined): void;
  /** Whether a peer that comes back later is told how it ended. */
  protected abstract get tellsLater(): boolean;
  /** It has closed, and is forgotten. */
  protected abstract forget(): void;
  // The calls of the two kinds.

  /** Whether the peer has ended the session, or knows that this side has. */
  protected override get isOver(): boolean {
    return this.input.end === "bye" || this.final !== undefined;
  }

  /** Ends it because of what the peer has said, which is told of that. */
  protected override break(reason: CloseReason): void {
    const { line } = this;
    this.line = undefined;
    line?.leaveWith(plainFrame(FRAME.reset, 0), this.agenda);
    this.finish(reason);
  }

  /** Closes it. */
  protected override finish(reason: CloseReason): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.stopReading();
    this.line?.drop();
    this.line = undefined;
    this.stream.clear();
    this.dueMs = Infinity;
    this.agenda?.remove(this);
    this.forget();
    this.events?.closed(reason);
  }

  /** The peer has ended the session in order, as far as this side can know. */
  protected finishInOrder(goodbye: Goodbye | undefined): void {
    if (this.phase === "open" && this.input.end === "none") this.events?.ended(remoteReason(goodbye));
    this.finish(this.phase === "ending" ? CLOSED : remoteReason(goodbye));
  }

  // The frames of the peer.

  override fin(): boolean {
    if (!this.input.takeEnd("fin")) return false;
    this.ackNow();
    if (this.phase === "open") this.events?.ended(remoteReason(undefined));
    this.#leaveIfDone();
    return true;
  }

  override bye(code: number, text: string): boolean {
    const hadEnded = this.input.end === "fin";
    if (!this.input.takeEnd("bye")) return false;
    this.ackNow();
    const reason = remoteReason(goodbyeOf(code, text));
    if (this.phase === "open" && !hadEnded) this.events?.ended(reason);
    this.#leave(this.phase === "ending" && !hadEnded ? CLOSED : reason);
    return true;
  }

  override reset(): void {
    this.finish(aborted());
  }

  /** Drops everything. What was sent before an end still arrives. */
  #cut(line: Line, reason: CloseReason | undefined): void {
    const { stream } = this;
    const hasEnded = stream.marks.length > 0 && stream.hasLeft;
    this.line = undefined;
    if (!hasEnded && line.pendingBytes > FEW_BYTES) {
      line.drop(reason); // a word would have to wait behind what is dropped
      return;
    }
    if (hasEnded && this.phase === "open") stream.mark({ kind: "bye", goodbye: NO_GOODBYE }); // it will take no answer
    if (hasEnded) line.leaveSoon(this.agenda);
    else line.leaveWith(plainFrame(FRAME.reset, this.takeAck()), this.agenda);
  }

  protected override tookAcked(): void {
    this.#leaveIfDone();
  }

  /** Ends the line when both ends are done, each knowing it of the other. */
  #leaveIfDone(): void {
    const { stream } = this;
    if (this.final !== undefined || stream.marks.length === 0 || !stream.isAcked) return;
    if (this.phase === "ending" || this.input.end !== "none") this.#leave(this.#endReason);
  }

  /** Why it closes when this side has ended it, or both have. */
  get #endReason(): CloseReason {
    return this.input.end === "none" ? CLOSED : remoteReason(undefined);
  }

  /** It is over, and closes when its line has ended. */
  #leave(reason: CloseReason): void {
    if (this.final !== undefined || this.phase === "closed") return;
    this.final = reason;
    if (this.line === undefined) this.finish(reason);
    else {
      this.leaveByMs = this.nowMs + this.terms.deadPeerMs; // a peer need not end its side
      this.line.leave();
      this.schedule();
    }
  }
}

/** A session has a frame of its own for a goodbye. */
export function carriesAny(): boolean {
  return true;
}

const NO_GOODBYE: Goodbye = { code: 0 };
