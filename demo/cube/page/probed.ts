/**
 * A transport that asks whether the server is there before it connects, except for the first
 * time: the page has just come from there. For a session, which dials again and again while
 * the process is away.
 *
 *     session ── connect ──▶ probe ──▶ is it there? ──▶ the transport's own link
 */
import type { CloseReason, Link, LinkEvents, Transport } from "../../../src/browser.ts";

/** Finds out whether the process serves. */
export interface ServerProbe {
  /** Calls back once with whether it is there, unless it is asked again or forgotten. */
  ask(answer: (isThere: boolean) => void): void;
  /** Nobody wants to know any more. */
  forget(): void;
}

/** `transport`, connecting only when the server is there. One link at a time. */
export function probed(transport: Transport, probe: ServerProbe): Transport {
  let isFirst = true;
  return {
    ...transport,
    connect(codec) {
      const dial = () => {
        if (transport.connect === undefined) throw new TypeError("transport: it cannot connect");
        return transport.connect(codec);
      };
      if (!isFirst) return new ProbedLink(dial, probe);
      isFirst = false;
      return dial();
    },
  };
}

/** A link that begins when the probe has succeeded. Until then it is connecting. */
class ProbedLink implements Link {
  readonly allowHalfOpen = false;
  readonly #dial: () => Link;
  readonly #probe: ServerProbe;
  #inner: Link | undefined;
  #events: LinkEvents | undefined;

  constructor(dial: () => Link, probe: ServerProbe) {
    this.#dial = dial;
    this.#probe = probe;
  }

  get localAddress(): Link["localAddress"] {
    return this.#inner?.localAddress;
  }

  get remoteAddress(): Link["remoteAddress"] {
    return this.#inner?.remoteAddress;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#probe.ask((isThere) => {
      if (!isThere) this.#close(AWAY);
      else {
        this.#inner = this.#dial();
        this.#inner.attach(events);
      }
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#inner?.write(bytes) ?? true; // nobody writes to a link that is not open
  }

  pause(): void {
    this.#inner?.pause();
  }

  resume(): void {
    this.#inner?.resume();
  }

  end(reason?: CloseReason): void {
    if (this.#inner === undefined) this.#giveUp();
    else this.#inner.end(reason);
  }

  endSending(): void {
    this.#inner?.endSending();
  }

  abort(reason?: CloseReason): void {
    if (this.#inner === undefined) this.#giveUp();
    else this.#inner.abort(reason);
  }

  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    if (this.#inner === undefined) return Infinity;
    return this.#inner.pump?.(nowMs, poller, beginsFrame);
  }

  #giveUp(): void {
    this.#probe.forget();
    this.#close({ kind: "local", message: "this side closed the connection" });
  }

  #close(reason: CloseReason): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed(reason);
  }
}

const AWAY: CloseReason = { kind: "refused", message: "the process behind this window is not there" };
