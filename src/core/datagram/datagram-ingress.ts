/**
 * The network's side of a datagram socket. As for connections, each event of the
 * link is only recorded here; its effects wait for the next `poll()`.
 *
 *     link ── bound, received, sent, failed, lost … ──▶ ingress ┊ poll ┊ ▶ datagram socket
 *
 * Each datagram is decoded by itself, as a whole message. An invalid datagram, or
 * one without a message, is dropped, counted and reported, and does not close the
 * socket: anybody may have sent it.
 */
import { type Codec, DecodeError, decodeWholeBy, type MessageSink } from "../../codec/codec.ts";
import { type Address, formatAddress } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents } from "../../port/datagram-link.ts";
import { printable } from "../../port/printable.ts";
import { FrameQueue } from "../storage/frame-queue.ts";

/** A message, and the address of its sender. */
export interface Datagram<In> {
  /** What the codec made of the datagram. */
  readonly message: In;
  /** The sender, to whom `trySendTo` answers. All messages of one datagram have the same object. */
  readonly from: Address;
  /** The subject that it was sent to, where there are subjects: one that was joined, or the socket's own name. */
  readonly subject: string | undefined;
}

/** The codec and the limits of incoming datagrams. */
interface DatagramRules<In> {
  readonly codec: Pick<Codec<In, never>, "decoder" | "decodeWhole">;
  /** How much may wait, in bytes; each message counts as its size plus a fixed weight. */
  readonly limitBytes: number;
  /** The size of the longest datagram, in bytes. */
  readonly maxDatagramBytes: number;
}

/** The datagrams that were dropped since the last poll because they could not be decoded. */
export interface Malformed {
  readonly count: number;
  /** Why the last of them was dropped, and who sent it. */
  readonly reason: CloseReason;
  readonly from: Address;
}

/** The events of one datagram link since the last poll. */
export class DatagramIngress<In> implements DatagramEvents {
  arriving: FrameQueue<Datagram<In>> = new FrameQueue();
  state: "starting" | "open" | "closed" = "starting";
  local: Address | undefined;
  remote: Address | undefined;
  reason: CloseReason | undefined;
  lastFailure: CloseReason | undefined;
  /** How many datagrams, and how many bytes, have left the link since the last poll. */
  sentCount = 0;
  sentBytes = 0;
  dropped = 0;
  failures = 0;
  lostCount = 0;
  /** Whether what carries the datagrams is there, and how often it has gone. */
  hasLine = true;
  lineLosses = 0;
  malformed: Malformed | undefined;

  readonly #rules: DatagramRules<In>;
  readonly #notify: () => void;
  /** The messages of the datagram that is decoded, which nobody gets before all of it is valid. */
  readonly #decoded = new DecodedMessages<In>();

  /** @param notify called on every event */
  constructor(rules: DatagramRules<In>, notify: () => void) {
    this.#rules = rules;
    this.#notify = notify;
  }

  bound(local: Address | undefined, remote: Address | undefined): void {
    if (this.state !== "starting") return;
    this.state = "open";
    this.local = local && addressForGame(local);
    this.remote = remote && addressForGame(remote);
    this.#notify();
  }

  received(bytes: Uint8Array, sender: Address, subject?: string): void {
    if (this.state === "closed") return;
    const from = addressForGame(sender);
    const problem = this.#decode(bytes);
    if (problem === undefined) {
      const { count, messages, sizes, memories } = this.#decoded;
      for (let index = 0; index < count; index++) {
        this.#put({ message: messages[index] as In, from, subject }, sizes[index] ?? 0, memories[index]);
      }
    } else {
      const reason: CloseReason = {
        kind: "protocol",
        ...problem,
        message: `a datagram from ${formatAddress(from)} was dropped: ${problem.message}`,
      };
      this.malformed = { count: (this.malformed?.count ?? 0) + 1, reason, from };
      this.lastFailure = reason;
    }
    this.#decoded.clear();
    this.#notify();
  }

  sent(sizeBytes: number): void {
    if (this.state === "closed") return;
    this.sentCount++;
    this.sentBytes += sizeBytes;
    this.#notify();
  }

  failed(reason: CloseReason): void {
    if (this.state === "closed") return;
    this.failures++;
    this.lastFailure = reason;
    this.#notify();
  }

  trouble(reason: CloseReason): void {
    if (this.state === "closed") return;
    this.lastFailure = reason;
    this.#notify();
  }

  lost(count: number): void {
    if (this.state === "closed") return;
    this.lostCount += count;
    this.#notify();
  }

  suspended(): void {
    if (!this.hasLine || this.state !== "open") return;
    this.hasLine = false;
    this.lineLosses++;
    this.#notify();
  }

  resumed(): void {
    if (this.hasLine || this.state === "closed") return;
    this.hasLine = true;
    this.#notify();
  }

  closed(reason: CloseReason): void {
    this.state = "closed";
    this.reason ??= reason;
    this.#notify();
  }

  /**
   * Returns the queue with the latched messages behind those of `ready`, without the oldest that are
   * over the limit. A game that takes all leaves an empty one, which then is the next to be filled:
   * moved one by one, messages cost half as much again.
   */
  showLatched(ready: FrameQueue<Datagram<In>>): FrameQueue<Datagram<In>> {
    const latched = this.arriving;
    if (ready.length === 0) {
      this.arriving = ready;
      return latched; // under the limit since it arrived
    }
    while (latched.ready > 0) {
      const { nextBytes, nextMemoryBytes } = latched;
      ready.put(latched.take() as Datagram<In>, nextBytes, nextMemoryBytes);
    }
    ready.latch();
    while (ready.weightBytes > this.#rules.limitBytes) {
      ready.take();
      this.dropped++;
    }
    return ready;
  }

  /** Decodes the messages of one datagram. Returns what is wrong with it; `undefined` if nothing is. */
  #decode(bytes: Uint8Array): Omit<CloseReason, "kind"> | undefined {
    const { codec, maxDatagramBytes } = this.#rules;
    if (bytes.length > maxDatagramBytes) {
      const message = `its ${bytes.length} bytes are over maxDatagramBytes, ${maxDatagramBytes}`;
      return { message, code: "maxDatagramBytes" };
    }
    try {
      decodeWholeBy(codec, bytes, this.#decoded);
    } catch (cause) {
      const code =
        cause instanceof DecodeError && cause.code !== undefined ? { code: cause.code } : undefined;
      const problem = cause instanceof Error ? cause.message : String(cause);
      return { message: printable(problem, PROBLEM_CHARACTERS), ...code, cause };
    }
    return this.#decoded.count > 0 ? undefined : { message: "it holds no message" };
  }

  /** Queues a message; over the limit, drops the oldest messages that the game cannot see yet. */
  #put(datagram: Datagram<In>, sizeBytes: number, memoryBytes?: number): void {
    this.arriving.put(datagram, sizeBytes, memoryBytes);
    while (this.arriving.weightBytes > this.#rules.limitBytes) {
      this.arriving.latch(1);
      this.arriving.take();
      this.dropped++;
    }
  }
}

/**
 * Messages with their sizes. Parallel arrays that keep their slots: an object for each
 * message, and arrays that grow anew for each datagram, took a tenth of the time.
 */
class DecodedMessages<In> implements MessageSink<In> {
  count = 0;
  readonly messages: (In | undefined)[] = [];
  readonly sizes: number[] = [];
  readonly memories: number[] = [];

  put(message: In, sizeBytes: number, memoryBytes: number = sizeBytes): void {
    this.messages[this.count] = message;
    this.sizes[this.count] = sizeBytes;
    this.memories[this.count++] = memoryBytes;
  }

  clear(): void {
    this.messages.fill(undefined, 0, this.count);
    this.count = 0;
    if (this.messages.length > KEPT_SLOTS)
      this.messages.length = this.sizes.length = this.memories.length = 0;
  }
}

/** A copy that neither the game nor the transport can change: several messages may share it. */
function addressForGame({ family, host, port }: Address): Address {
  return Object.freeze({ family, host, port });
}

/** More messages than most datagrams hold; one of 65,507 empty lines must not cost its memory for ever. */
const KEPT_SLOTS = 1_024;
/** Enough for a codec's sentence. */
const PROBLEM_CHARACTERS = 300;
