/**
 * A session: one connection over one line after another. Has the public call.
 *
 *     tcp(…) ──▶ session(…) ──▶ poller.listen, poller.connect
 *
 * Both ends need it. `dialling-link.ts` is the end that connects, `session-acceptor.ts` the one
 * that listens; `client-session.ts` is the same for a page, without that.
 */
import type { Transport } from "../../../port/transport.ts";
import { checkedVerbs, connectingSide } from "./client-session.ts";
import { SessionAcceptor } from "./session-acceptor.ts";
import { SESSION_CHECKS, type SessionOptions, termsOf } from "./session-options.ts";

/**
 * A transport whose connections outlive their lines: while both processes live, each byte
 * arrives once and in order, whatever happens to the line, as long as another one comes
 * within `resumeWindowMs`. Otherwise the connection closes with the kind `"reset"` and a code
 * that begins with `resume-`. Both ends need it, over any stream transport.
 *
 * @throws TypeError when `transport` is none, carries messages or datagrams, or an option is not known or of a wrong kind
 * @throws RangeError when an option is out of its range
 */
export function session(transport: Transport, options: SessionOptions = {}): Transport {
  const { connect, listen } = checkedVerbs(transport);
  const terms = termsOf(options, SESSION_CHECKS);
  const side = connectingSide(transport, terms);
  return {
    ...(connect !== undefined && { connect: side.connect }),
    ...(listen !== undefined && {
      listen: (codec) => new SessionAcceptor(terms, listen.call(transport, codec)),
    }),
    pump: side.pump,
    ...(transport.sleep && { sleep: transport.sleep }),
  };
}
