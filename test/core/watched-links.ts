/**
 * Links whose calls are watched: whatever a game does, the core may ask of a link
 * only what the port allows, and ends each link once.
 *
 *     core ── write, pause, resume, endSending, end, abort ──▶ watched link ──▶ link
 *
 * Notes what does not fit and goes on, as a throw would be lost in a callback.
 */
import type { Acceptor, AcceptorEvents, CloseReason, Link, LinkEvents, Transport } from "../../src/index.ts";

/** What a link has been asked and has reported, as far as it matters for the next call. */
interface Past {
  attached: boolean;
  paused: boolean;
  sendingEnded: boolean;
  ended: boolean;
  aborted: boolean;
  closed: boolean;
}

/** The links of some transports, and what did not fit. */
export class LinkWatch {
  /** Calls and events that the port does not allow: none. */
  readonly breaches: string[] = [];
  readonly #pasts: Past[] = [];

  /** The same transport with watched links. */
  over(transport: Transport): Transport {
    const { listen, connect, pump } = transport;
    return {
      ...(listen !== undefined && { listen: () => this.#acceptor(listen.call(transport)) }),
      ...(connect !== undefined && { connect: () => this.#link(connect.call(transport)) }),
      ...(pump !== undefined && { pump }),
    };
  }

  /** Links that are neither closed nor aborted: none, after all is over. */
  get unended(): string[] {
    return this.#pasts.flatMap((past, number) =>
      past.closed || past.aborted ? [] : [`link ${number}: ${JSON.stringify(past)}`],
    );
  }

  #acceptor(acceptor: Acceptor): Acceptor {
    const { pump } = acceptor;
    return {
      attach: (events) => acceptor.attach(this.#acceptorEvents(events)),
      close: () => acceptor.close(),
      ...(pump !== undefined && { pump: (...args) => pump.call(acceptor, ...args) }),
    };
  }

  #acceptorEvents(events: AcceptorEvents): AcceptorEvents {
    return {
      listening: (address) => events.listening(address),
      incoming: (link) => events.incoming(this.#link(link)),
      handshaking: (from, drop) => {
        const handshake = events.handshaking(from, drop);
        return { ...handshake, incoming: (link) => handshake.incoming(this.#link(link)) };
      },
      rejected: (reason) => events.rejected(reason),
      closed: (reason) => events.closed(reason),
    };
  }

  #link(link: Link): Link {
    const past: Past = {
      attached: false,
      paused: false,
      sendingEnded: false,
      ended: false,
      aborted: false,
      closed: false,
    };
    const number = this.#pasts.push(past) - 1;
    return watched(link, past, (what) => {
      this.breaches.push(`link ${number}: ${what} after ${JSON.stringify(past)}`);
    });
  }
}

/** Calls `link`, and notes what its past does not allow. */
function watched(link: Link, past: Past, note: (what: string) => void): Link {
  const expect = (what: string, ...fits: readonly boolean[]): void => {
    if (fits.includes(false) || past.aborted || past.closed || !past.attached) note(what);
  };
  const { probe, pump, carriesCode } = link;
  return {
    get localAddress() {
      return link.localAddress;
    },
    get remoteAddress() {
      return link.remoteAddress;
    },
    get failedAttempts() {
      return link.failedAttempts;
    },
    get security() {
      return link.security;
    },
    get linked() {
      return link.linked;
    },
    get downMs() {
      return link.downMs;
    },
    allowHalfOpen: link.allowHalfOpen,
    attach(events) {
      if (past.attached) note("attach");
      past.attached = true;
      link.attach(watchedEvents(events, past, note));
    },
    write(bytes) {
      expect("write", !past.sendingEnded, !past.ended);
      return link.write(bytes);
    },
    pause() {
      expect("pause", !past.paused);
      past.paused = true;
      link.pause();
    },
    resume() {
      expect("resume", past.paused);
      past.paused = false;
      link.resume();
    },
    endSending() {
      expect("endSending", !past.sendingEnded, !past.ended);
      past.sendingEnded = true;
      link.endSending();
    },
    end(reason) {
      expect("end", !past.ended);
      past.ended = true;
      link.end(reason);
    },
    abort(reason) {
      if (past.aborted || past.closed) note("abort");
      past.aborted = true;
      link.abort(reason);
    },
    ...(probe !== undefined && {
      probe() {
        expect("probe", past.paused);
        probe.call(link);
      },
    }),
    ...(carriesCode !== undefined && { carriesCode: (code: number) => carriesCode.call(link, code) }),
    ...(pump !== undefined && { pump: (...args) => pump.call(link, ...args) }),
  };
}

function watchedEvents(events: LinkEvents, past: Past, note: (what: string) => void): LinkEvents {
  const expect = (what: string): void => {
    if (past.closed) note(`the event ${what}`);
  };
  return {
    opened() {
      expect("opened");
      events.opened();
    },
    received(bytes) {
      expect("received");
      events.received(bytes);
    },
    partial(sizeBytes) {
      expect("partial");
      events.partial(sizeBytes);
    },
    suspended() {
      expect("suspended");
      events.suspended();
    },
    resumed() {
      expect("resumed");
      events.resumed();
    },
    drained(sizeBytes) {
      expect("drained");
      events.drained(sizeBytes);
    },
    ended(reason?: CloseReason) {
      expect("ended");
      events.ended(reason);
    },
    closed(reason) {
      expect("closed");
      past.closed = true;
      events.closed(reason);
    },
  };
}
