/**
 * The age of the oldest byte that was flushed and has not left. Each mark pairs a
 * byte position with the time when the bytes before it waited; it is removed when
 * they have left. Marks close in time merge, which bounds their number for a peer
 * that takes nothing. Positions count from the first byte that was ever sent.
 *
 * Bytes leave in order, so those ahead of an older byte count as old as it: the
 * times of marks only grow. A message that was replaced where it stood is younger
 * than its mark says; `renew` puts that right before it is the oldest.
 */

import type { SendBuffer } from "./send-buffer.ts";

/** The age of the unsent bytes of one connection. */
export class UnsentAge {
  readonly #stepMs: number;
  readonly #context: { readonly polledMs: number };
  #marks: Mark[] = [];
  /** The number of bytes that ever left. */
  #goneBytes = 0;

  /** @param stepMs marks closer than this merge, so a byte may be that much older than measured */
  constructor(stepMs: number, context: { readonly polledMs: number }) {
    this.#stepMs = stepMs;
    this.#context = context;
  }

  /** Polled time. */
  get nowMs(): number {
    return this.#context.polledMs;
  }

  /** The time since which the oldest byte waits, in polled time; `Infinity` when none waits, the usual case. */
  get oldestMs(): number {
    return this.#marks[0]?.lastMs ?? Infinity;
  }

  /** Marks that the next `pendingBytes` bytes wait at `nowMs`. */
  mark(pendingBytes: number, nowMs: number): void {
    const upTo = this.#goneBytes + pendingBytes;
    const last = this.#marks.at(-1);
    if (last !== undefined && upTo <= last.upTo) return; // earlier marks cover these bytes
    this.#append(upTo, nowMs, nowMs);
  }

  /** Removes the marks of the next `sizeBytes` bytes, which have left. */
  onBytesLeft(sizeBytes: number): void {
    this.#goneBytes += sizeBytes;
    this.#prune();
  }

  /** Takes out `sizeBytes` bytes behind the next `bytesAhead`, which will never leave. */
  onBytesDropped(bytesAhead: number, sizeBytes: number): void {
    this.onBytesReplaced(bytesAhead, sizeBytes, 0);
    this.#prune();
  }

  /** Puts `newBytes` bytes in the place of `oldBytes` ones behind the next `bytesAhead`; they keep the marks. */
  onBytesReplaced(bytesAhead: number, oldBytes: number, newBytes: number): void {
    const start = this.#goneBytes + bytesAhead;
    for (const mark of this.#marks) {
      if (mark.upTo > start) mark.upTo = Math.max(start, mark.upTo - oldBytes) + newBytes;
    }
  }

  /** Has the messages that were replaced where they stand wait since then alone. They stand behind the next `bytesAhead`. */
  renew(buffer: Pick<SendBuffer, "firstSpan" | "bytesAhead">, bytesAhead: number): void {
    const marks = this.#marks;
    const markedTo = marks.at(-1)?.upTo ?? 0;
    let next = 0;
    let keptTo = this.#goneBytes;
    this.#marks = [];
    for (let span = buffer.firstSpan; span !== undefined; span = span.next) {
      const { length, replacedMs } = span;
      if (replacedMs === 0) continue;
      const start = this.#goneBytes + bytesAhead + buffer.bytesAhead(span);
      const end = Math.min(start + length, markedTo);
      next = this.#keep(marks, next, start);
      const covering = marks[next];
      if (covering === undefined) break; // what follows has no mark yet
      const isBetween = start > Math.max(keptTo, marks[next - 1]?.upTo ?? 0);
      if (isBetween) this.#append(start, covering.firstMs, covering.lastMs);
      while ((marks[next]?.upTo ?? Infinity) <= end) next++;
      this.#append(end, replacedMs, replacedMs);
      keptTo = end;
    }
    this.#keep(marks, next, Infinity);
  }

  /** Keeps the marks from `next` on that end at `position` or before. Returns the first that does not. */
  #keep(marks: readonly Mark[], next: number, position: number): number {
    let at = next;
    for (let mark = marks[at]; mark !== undefined && mark.upTo <= position; mark = marks[++at]) {
      this.#append(mark.upTo, mark.firstMs, mark.lastMs);
    }
    return at;
  }

  /** Adds a mark behind the others; those that are not older become part of it. */
  #append(upTo: number, firstMs: number, lastMs: number): void {
    const marks = this.#marks;
    let since = firstMs;
    let last = marks.at(-1);
    for (; last !== undefined && last.lastMs >= lastMs; last = marks.at(-1)) {
      since = Math.min(since, last.firstMs);
      marks.pop();
    }
    if (last !== undefined && lastMs - last.firstMs < this.#stepMs) {
      last.upTo = upTo;
      last.lastMs = lastMs;
    } else marks.push({ upTo, firstMs: since, lastMs });
  }

  #prune(): void {
    const marks = this.#marks;
    for (let first = marks[0]; first !== undefined && first.upTo <= this.#goneBytes; first = marks[0]) {
      marks.shift();
    }
  }
}

interface Mark {
  upTo: number;
  readonly firstMs: number;
  lastMs: number;
}
