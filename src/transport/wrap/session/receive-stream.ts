/**
 * The peer's stream: how much of it this side has taken, how much of that the peer was told,
 * and how it has ended. An end counts as one byte of it.
 */

/** The receiving half of a session. */
export class ReceiveStream {
  /** The position behind all that this side has taken. */
  received = 0;
  /** How the peer has ended: its stream, or the session. */
  end: "none" | "fin" | "bye" = "none";
  /** The part of {@link received} that the peer was told. */
  #told = 0;
  #ackBytes = MOST_UNTOLD_BYTES;

  /** A line begins, and its greeting has told what was taken. The peer wants to hear of it after so many bytes. */
  begin(ackBytes: number): void {
    this.#told = this.received;
    this.#ackBytes = Math.min(ackBytes, MOST_UNTOLD_BYTES);
  }

  /** Takes bytes. Returns whether that can be. */
  takeData(sizeBytes: number): boolean {
    if (this.end !== "none") return false;
    this.received += sizeBytes;
    return true;
  }

  /** Takes an end. Returns whether that can be. */
  takeEnd(end: "fin" | "bye"): boolean {
    if (this.end === "bye" || this.end === end) return false;
    this.end = end;
    this.received++;
    return true;
  }

  /** Whether the peer should be told what was taken. */
  get wantsAck(): boolean {
    return this.received - this.#told >= this.#ackBytes;
  }

  /** What was taken since the peer was told last; it is told now. */
  takeAck(): number {
    const untold = this.received - this.#told;
    this.#told = this.received;
    return untold;
  }
}

/** The most that is taken without a word, so that the peer's buffer is freed in time. */
export const MOST_UNTOLD_BYTES = 65_536;
