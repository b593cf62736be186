/**
 * What a connection shows of its link, as of a frame: who the peer is, whether there is
 * a line to it, and what the link measures.
 *
 *     link ── opened, resumed ──▶ ┊ poll: a copy ──▶ addresses, security, request ──▶ game
 *     link ── suspended, resumed ─▶ ┊ poll ──▶ linked, and which events tell of it ──▶ game
 *
 * The measurements are the link's own, which change at the start of a frame alone.
 * Decides what an outage between two frames looks like, and emits nothing itself.
 */
import type { Address } from "../../port/address.ts";
import type { FailedAttempt, Link } from "../../port/link.ts";
import type { PeerClock } from "../../port/peer-clock.ts";
import type { Security } from "../../port/security.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";

/** What an ingress knows of the line. */
export interface Line {
  /** Whether the link has a line to its peer. */
  readonly hasLine: boolean;
  /** How often the link has lost it. */
  readonly lineLosses: number;
}

/** An event of the line. */
export type LineEvent = "suspend" | "resume";

/** The facts of one connection. */
export class ConnectionFacts {
  readonly #link: Link;
  /** As of this frame; complete from the start for an incoming link. */
  #info: LinkInfo;
  #linked = true;
  /** How many losses of the line this frame and those before it know of. */
  #lossesSeen = 0;
  /** Whether `suspend` was told, and no `resume` since. */
  #isDownTold = false;

  /** @internal */
  constructor(link: Link, isIncoming: boolean) {
    this.#link = link;
    // What a link without a line of its own knows does not change once it is open.
    this.#info = !isIncoming ? NO_INFO : link.linked === undefined ? link : linkInfoOf(link);
  }

  /** This end's address; `undefined` while connecting. */
  get localAddress(): Address | undefined {
    return this.#info.localAddress;
  }

  /** The peer's address, also after the close; `undefined` while connecting. After `resume`, that of the new line. */
  get remoteAddress(): Address | undefined {
    return this.#info.remoteAddress;
  }

  /** Addresses of the name that were tried and did not answer; empty while connecting. */
  get failedAttempts(): readonly FailedAttempt[] {
    return this.#info.failedAttempts ?? [];
  }

  /** The encryption of the connection, once it is open; `undefined` when it is not encrypted. */
  get security(): Security | undefined {
    return this.#info.security;
  }

  /** The subprotocol of WebSocket that both ends chose, once it is open; `undefined` when they chose none. */
  get protocol(): string | undefined {
    return this.#info.protocol;
  }

  /** The request of a peer that opened a WebSocket; `undefined` elsewhere, and at the end that connects. */
  get request(): UpgradeRequest | undefined {
    return this.#info.request;
  }

  /**
   * Whether there is a line to the peer: `false` while a session has lost it and the peer
   * may still come back, from the frame of `suspend` to that of `resume`, or to its end.
   * Always `true` where a connection is no more than its line.
   */
  get linked(): boolean {
    return this.#linked;
  }

  /** For how long it has had no line, in milliseconds of polled time; 0 while it has one. */
  get downMs(): number {
    return this.#linked ? 0 : (this.#link.downMs ?? 0);
  }

  /**
   * The last round trip that was measured, in milliseconds: by a session, and by the pings of a
   * WebSocket in Node. `undefined` before, and elsewhere.
   */
  get rttMs(): number | undefined {
    return this.#link.rttMs;
  }

  /** How much the round trips of a session differ, in milliseconds, smoothed; `undefined` before, and elsewhere. */
  get jitterMs(): number | undefined {
    return this.#link.jitterMs;
  }

  /**
   * The round trip as the game feels it, in milliseconds: from a frame of this side to the
   * one that has the answer of a frame of the peer. `undefined` before a session has
   * measured it, and elsewhere.
   */
  get frameRttMs(): number | undefined {
    return this.#link.frameRttMs;
  }

  /** The clock of the server, where this side has connected by a session that has measured it; otherwise `undefined`. */
  get clock(): PeerClock | undefined {
    return this.#link.clock;
  }

  /** Shows what the link knows now. @internal */
  protected copyInfo(): void {
    this.#info = linkInfoOf(this.#link);
  }

  /** Whether the line is another one than this frame knows of, or has been. @internal */
  protected hasLineChanged({ hasLine, lineLosses }: Line): boolean {
    return hasLine !== this.#linked || lineLosses !== this.#lossesSeen;
  }

  /**
   * Shows what has become of the line since the last frame. Returns the events of it, in
   * their order: of several outages since the last frame, the first end of one and the last
   * beginning. Before `mayTell`, which is when the game has accepted it, there are none, and
   * an outage that lasts is told afterwards.
   *
   * @internal
   */
  protected showLine({ hasLine, lineLosses }: Line, mayTell: boolean): readonly LineEvent[] {
    const wasDown = this.#isDownTold;
    const isNewLoss = lineLosses !== this.#lossesSeen;
    if (hasLine && (isNewLoss || !this.#linked)) this.copyInfo();
    this.#linked = hasLine;
    this.#lossesSeen = mayTell || hasLine ? lineLosses : lineLosses - 1;
    if (!mayTell) return NONE;
    this.#isDownTold = !hasLine;
    if (wasDown) return hasLine ? RESUMED : isNewLoss ? LOST_AGAIN : NONE;
    if (!isNewLoss) return NONE;
    return hasLine ? INTERRUPTED : SUSPENDED;
  }
}

/** What a connection copies of its link. */
type LinkInfo = Partial<
  Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts" | "protocol" | "request">
>;

/** What a connection shows while it connects. */
const NO_INFO: LinkInfo = {};

/** A copy of what `link` knows now. */
function linkInfoOf(link: Link): LinkInfo {
  const { localAddress, remoteAddress, security, failedAttempts, protocol, request } = link;
  return { localAddress, remoteAddress, security, failedAttempts, protocol, request };
}

const NONE: readonly LineEvent[] = [];
const SUSPENDED: readonly LineEvent[] = ["suspend"];
const RESUMED: readonly LineEvent[] = ["resume"];
const INTERRUPTED: readonly LineEvent[] = ["suspend", "resume"];
const LOST_AGAIN: readonly LineEvent[] = ["resume", "suspend"];
