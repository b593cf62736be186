/**
 * A link whose peer is the test: it says lines, which wait while the link is
 * paused as they would in a socket, takes what is written when it likes, and
 * counts how often it is asked whether it lives.
 */
import type { CloseReason, Link, LinkEvents } from "../../src/index.ts";

export class ScriptedLink implements Link {
  readonly localAddress = undefined;
  readonly remoteAddress = undefined;
  readonly allowHalfOpen = false;
  probes = 0;
  /** What a probe finds; nothing while the peer lives. */
  answer: CloseReason | undefined;
  /** What was written, as text. */
  written = "";
  isCut = false;
  /** The reasons with which this side has ended it: none, or one. */
  readonly ends: (CloseReason | undefined)[] = [];
  /** Whether the peer takes nothing by itself: what is written waits for {@link take}. */
  isStuck = false;
  readonly #undelivered: string[] = [];
  #events: LinkEvents | undefined;
  #isPaused = false;

  get events(): LinkEvents {
    if (this.#events === undefined) throw new Error("nobody has attached to this link");
    return this.#events;
  }

  /** The peer sends a line. */
  say(text: string): void {
    this.#undelivered.push(text);
    this.#deliver();
  }

  /** Bytes that were written while it was stuck, and that the peer has not taken. */
  unsentBytes = 0;

  /** The peer takes so many of the bytes that wait. */
  take(sizeBytes: number): void {
    this.unsentBytes -= sizeBytes;
    this.events.drained(sizeBytes);
  }

  attach(events: LinkEvents): void {
    this.#events = events;
  }

  probe(): void {
    this.probes++;
    if (this.answer !== undefined) this.events.closed(this.answer);
  }

  write(bytes: Uint8Array): boolean {
    this.written += new TextDecoder().decode(bytes);
    if (this.isStuck) this.unsentBytes += bytes.length;
    return !this.isStuck;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  abort(): void {
    this.isCut = true;
  }

  end(reason?: CloseReason): void {
    this.ends.push(reason);
  }

  endSending(): void {}

  #deliver(): void {
    for (
      let text: string | undefined;
      !this.#isPaused && (text = this.#undelivered.shift()) !== undefined;
    ) {
      this.events.received(new TextEncoder().encode(`${text}\n`));
    }
  }
}
