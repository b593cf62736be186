/**
 * The end of a session that connects, by itself: for a page, which listens to nobody.
 */
import { kindOf } from "../../../check.ts";
import type { Pump, Transport } from "../../../port/transport.ts";
import { DiallingLink } from "./dialling-link.ts";
import { SessionAgenda } from "./session-agenda.ts";
import { CLIENT_SESSION_CHECKS, type ClientSessionOptions, type Terms, termsOf } from "./session-options.ts";

/**
 * A transport whose connections outlive their lines: while both processes live, each byte
 * arrives once and in order, whatever happens to the line, as long as another one comes
 * within `resumeWindowMs`. Otherwise the connection closes with the kind `"reset"` and a code
 * that begins with `resume-`. The server needs it too.
 *
 * @throws TypeError when `transport` is none, carries messages, or an option is not known or of a wrong kind
 * @throws RangeError when an option is out of its range
 */
export function session(transport: Transport, options: ClientSessionOptions = {}): Transport {
  checkedVerbs(transport);
  return connectingSide(transport, termsOf(options, CLIENT_SESSION_CHECKS));
}

/** The part of a transport that connects, over sessions. */
export function connectingSide(
  transport: Transport,
  terms: Terms,
): Required<Pick<Transport, "connect" | "pump">> {
  const agendas = new WeakMap<object, SessionAgenda>();
  const live = new Set<object>();
  const agendaOf = (poller: object): SessionAgenda => {
    const agenda = agendas.get(poller) ?? new SessionAgenda(terms.clock);
    agendas.set(poller, agenda);
    return agenda;
  };
  const pump: Pump = (nowMs, poller, beginsFrame, wake) => {
    const agenda = agendas.get(poller);
    agenda?.advance(nowMs);
    const innerMs = transport.pump?.(nowMs, poller, beginsFrame, wake);
    const ownMs = agenda?.pump(nowMs, poller, beginsFrame) ?? Infinity;
    if (innerMs === undefined && live.size === 0 && ownMs === Infinity) return undefined;
    return Math.min(ownMs, innerMs ?? Infinity);
  };
  const dial = (codec: string | undefined) => {
    if (transport.connect === undefined) throw new TypeError("transport: it cannot connect");
    return transport.connect(codec);
  };
  return {
    connect: (codec) => new DiallingLink({ terms, dial: () => dial(codec), agendaOf, live }),
    pump,
  };
}

/** The calls of a transport that a session can be made of. */
export function checkedVerbs(transport: unknown): Pick<Transport, "connect" | "listen"> {
  const { listen, connect, framing } = (transport ?? {}) as Partial<Transport>;
  if (typeof listen !== "function" && typeof connect !== "function") {
    throw new TypeError(`transport: expected a transport of streams such as tcp(), got ${kindOf(transport)}`);
  }
  if (framing === "message") {
    throw new TypeError('transport: a session needs a stream, and this one has framing: "message"');
  }
  return {
    ...(typeof connect === "function" && { connect }),
    ...(typeof listen === "function" && { listen }),
  };
}
