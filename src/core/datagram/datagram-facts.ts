/**
 * What a datagram socket shows of its link, as of a frame: where it is bound, and whether
 * what carries its datagrams is there.
 *
 *     link ── bound ──────────────▶ ┊ poll ──▶ addresses ──▶ game
 *     link ── suspended, resumed ─▶ ┊ poll ──▶ linked, and which events tell of it ──▶ game
 *
 * Decides what an outage between two frames looks like, and emits nothing itself.
 */
import type { Address } from "../../port/address.ts";

/** What an ingress knows of its link. */
export interface DatagramLine {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  /** Whether what carries the datagrams is there. */
  readonly hasLine: boolean;
  /** How often it has gone. */
  readonly lineLosses: number;
}

/** An event of what carries the datagrams. */
export type DatagramLineEvent = "unlink" | "link";

/** The facts of one socket. */
export class DatagramFacts {
  readonly #time: { readonly polledMs: number };
  #address: Address | undefined;
  #remoteAddress: Address | undefined;
  #linked = true;
  #lossesSeen = 0;
  /** When the frame was that showed the last loss, in polled time, and that of the end. */
  #lostMs = 0;
  #endMs = Infinity;

  /** @internal */
  constructor(time: { readonly polledMs: number }) {
    this.#time = time;
  }

  /** Its address, with the real port when port 0 was asked for; `undefined` while starting. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** The address of the peer it is connected to; `undefined` if there is none, and while starting. */
  get remoteAddress(): Address | undefined {
    return this.#remoteAddress;
  }

  /**
   * Whether what carries its datagrams is there: `false` while the broker is away, from the
   * frame of `unlink` to that of `link`, or to its end. What is sent meanwhile counts in
   * `stats.failed`. Always `true` where nothing but the system carries them.
   */
  get linked(): boolean {
    return this.#linked;
  }

  /** For how long that has been away, in milliseconds of polled time; 0 while it is there. */
  get downMs(): number {
    return this.#linked ? 0 : Math.min(this.#time.polledMs, this.#endMs) - this.#lostMs;
  }

  /** Shows what the link knows now. Returns the events of it, in their order. @internal */
  protected showFacts({ local, remote, hasLine, lineLosses }: DatagramLine): readonly DatagramLineEvent[] {
    this.#address = local;
    this.#remoteAddress = remote;
    const wasLinked = this.#linked;
    const isNewLoss = lineLosses !== this.#lossesSeen;
    this.#linked = hasLine;
    this.#lossesSeen = lineLosses;
    if (isNewLoss) this.#lostMs = this.#time.polledMs;
    if (wasLinked) return !isNewLoss ? NONE : hasLine ? INTERRUPTED : LOST;
    return hasLine ? RESTORED : isNewLoss ? LOST_AGAIN : NONE;
  }

  /** The socket is closed: the time that it was without a line is over. @internal */
  protected endFacts(): void {
    this.#endMs = this.#time.polledMs;
  }
}

const NONE: readonly DatagramLineEvent[] = [];
const LOST: readonly DatagramLineEvent[] = ["unlink"];
const RESTORED: readonly DatagramLineEvent[] = ["link"];
const INTERRUPTED: readonly DatagramLineEvent[] = ["unlink", "link"];
const LOST_AGAIN: readonly DatagramLineEvent[] = ["link", "unlink"];
