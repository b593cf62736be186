/**
 * A transport whose links lose their lines and get others, as the test says: the core's
 * side of a session, without one. What changes at the start of a frame is put in place by
 * the pump, as the port promises it.
 */
import type { Acceptor, AcceptorEvents, Address, CloseReason, Link, LinkEvents } from "../../src/index.ts";

/** What a link measures. */
export type Measures = Pick<Link, "rttMs" | "jitterMs" | "frameRttMs" | "clock">;

/** One such link. */
export class SessionLink implements Link {
  readonly allowHalfOpen = true;
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  rttMs: number | undefined;
  jitterMs: number | undefined;
  frameRttMs: number | undefined;
  clock: Link["clock"];
  linked = true;
  downMs = 0;
  /** The codes that it does not carry. */
  readonly refused: number[] = [];
  readonly ends: (CloseReason | undefined)[] = [];
  readonly aborts: (CloseReason | undefined)[] = [];
  /** What it shows from its next pump on. */
  coming: Measures = {};
  #hasLine = true;
  #isClosed = false;
  #downSinceMs: number | undefined;
  #events: LinkEvents | undefined;

  constructor(host?: string) {
    this.remoteAddress = host === undefined ? undefined : addressOf(host);
  }

  get events(): LinkEvents {
    if (this.#events === undefined) throw new Error("nobody has attached to this link");
    return this.#events;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
  }

  /** Opens it, to a peer at `host`. */
  open(host: string): void {
    this.remoteAddress = addressOf(host);
    this.events.opened();
  }

  /** Loses the line. */
  lose(): void {
    this.#hasLine = false;
    this.events.suspended();
  }

  /** Ends it, after which it shows what it has shown. */
  close(reason: CloseReason): void {
    this.#isClosed = true;
    this.events.closed(reason);
  }

  /** Gets another line, from `host`. */
  regain(host: string = this.remoteAddress?.host ?? ""): void {
    this.#hasLine = true;
    this.remoteAddress = addressOf(host);
    this.events.resumed();
  }

  say(text: string): void {
    this.events.received(new TextEncoder().encode(text));
  }

  carriesCode(code: number): boolean {
    return !this.refused.includes(code);
  }

  pump(nowMs: number, _poller?: object, beginsFrame?: boolean): number {
    if (beginsFrame !== true || this.#isClosed) return Infinity;
    Object.assign(this, this.coming);
    this.linked = this.#hasLine;
    this.#downSinceMs = this.#hasLine ? undefined : (this.#downSinceMs ?? nowMs);
    this.downMs = nowMs - (this.#downSinceMs ?? nowMs);
    return Infinity;
  }

  write(): boolean {
    return true;
  }

  end(reason?: CloseReason): void {
    this.ends.push(reason);
  }

  abort(reason?: CloseReason): void {
    this.aborts.push(reason);
  }

  endSending(): void {}
  pause(): void {}
  resume(): void {}
}

/** Its acceptor. */
export class SessionAcceptor implements Acceptor {
  readonly links: SessionLink[] = [];
  readonly carriesCode = (code: number): boolean => code !== 7;
  #events: AcceptorEvents | undefined;

  attach(events: AcceptorEvents): void {
    this.#events = events;
    events.listening(addressOf("0.0.0.0"));
  }

  /** A peer comes from `host`. */
  come(host: string): SessionLink {
    const link = new SessionLink(host);
    this.links.push(link);
    this.#events?.incoming(link);
    link.events.opened();
    return link;
  }

  pump(...args: Parameters<SessionLink["pump"]>): number {
    for (const link of this.links) link.pump(...args);
    return Infinity;
  }

  close(): void {}
}

export function addressOf(host: string): Address {
  return { family: "IPv4", host, port: 9 };
}
