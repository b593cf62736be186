/**
 * TLS over TCP, for clients and servers. Decides how Node's TLS sockets are made.
 * The sockets then run in `stream.ts`, and incoming handshakes in `tls-acceptor.ts`.
 */
import { connect, createSecureContext } from "node:tls";
import type { Transport } from "../../port/transport.ts";
import { requestedName } from "./host-names.ts";
import { securityOf } from "./security-of.ts";
import { StreamLink, type StreamOptions } from "./stream.ts";
import { connectingLink } from "./tcp.ts";
import { TlsAcceptor, tlsServerOptions } from "./tls-acceptor.ts";
import { checkTlsOptions, negotiationOptions, secureContextOptions, type TlsOptions } from "./tls-options.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

export type { Identity, Pem } from "./credentials.ts";
export type { TlsOptions } from "./tls-options.ts";

/**
 * A TLS transport, to listen or to connect with. It opens no socket before it
 * is used, and may be used any number of times. A failed handshake never throws:
 * a client's connection closes with kind `handshake`, a listener emits `drop`.
 * `connection.security` has the result of a handshake.
 *
 * The end of a peer's stream is not proved: Node reports the end of the TCP
 * connection, which anybody on the way can forge, as it reports a TLS end. Where the
 * last message matters, let the peer say that it is the last.
 *
 * @throws TypeError or RangeError, with the option named first, for an invalid or unknown
 *   option, and for keys and certificates that cannot be read or do not belong together
 * @throws TypeError at `listen` when there is no certificate to listen with
 */
export function tls(options: TlsOptions): Transport {
  checkTlsOptions(options);
  const linkOptions: StreamOptions = {
    allowHalfOpen: options.allowHalfOpen ?? false,
    openEvent: "secureConnect",
    canReset: false,
    keepsBytes: true, // Node may encrypt the bytes after write() has returned
    securityOf,
  };
  const secureContext = createSecureContext(secureContextOptions(options));
  // Node proves the name of the host, and requests it only when it is told to.
  const host = options.host ?? "localhost";
  const servername = requestedName(host);
  const requested = servername === undefined ? {} : { servername };
  const client = { host, ...requested, ...negotiationOptions(options), secureContext };
  const server = tlsServerOptions(options, linkOptions);
  return {
    listen: () => new TlsAcceptor(server),
    connect: () =>
      connectingLink(options, (socket) => {
        const wireBytes = () => socket.bytesRead;
        return new StreamLink(connect({ ...client, socket }), "client", { ...linkOptions, wireBytes });
      }),
    pump: warnUnlessYielding,
    blueprint: { kind: "tls", options },
  };
}
