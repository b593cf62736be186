/**
 * TLS over TCP, for clients and servers. Decides how Node's TLS sockets and
 * servers are made, and how a certificate is presented to the game. The sockets
 * then run in `stream.ts`.
 * Options: https://nodejs.org/docs/latest-v20.x/api/tls.html
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import {
  connect,
  createSecureContext,
  createServer,
  type TlsOptions as NodeOptions,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from "node:tls";
import { wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { PeerCertificate, Security } from "../../port/security.ts";
import type { Transport } from "../../port/transport.ts";
import { reasonOf } from "./error-codes.ts";
import { StreamLink, type StreamOptions } from "./stream.ts";
import { StreamAcceptor } from "./stream-acceptor.ts";
import { clientOptions, listenOptions, serverOptions, type TcpOptions } from "./tcp.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** One or several texts or byte arrays in PEM form. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** A certificate and its private key. */
export interface Identity {
  /** The certificate, with the chain to its authority. */
  readonly cert: Pem;
  /** Its private key. */
  readonly key: Pem;
  /** The passphrase of the key, if it is encrypted. */
  readonly passphrase?: string;
}

/** Options of {@link tls}: the options of TCP, and Node's own names for the rest. */
export interface TlsOptions extends TcpOptions, Partial<Identity> {
  /** The certificate authorities to trust, instead of Node's built-in list. */
  readonly ca?: Pem;
  /** When listening: request a certificate from the peer (mutual TLS); `false` by default. */
  readonly requestCert?: boolean;
  /** Reject a peer whose certificate no trusted authority has signed; `true` by default. */
  readonly rejectUnauthorized?: boolean;
  /** When connecting: the name that the peer's certificate must have; `host` by default. */
  readonly servername?: string;
  /** The application protocols that this side supports, in order of preference (ALPN). */
  readonly ALPNProtocols?: readonly string[];
  /** When listening: a certificate for each server name that a client may request (SNI); `"*.example.org"` is possible. */
  readonly identities?: Readonly<Record<string, Identity>>;
  /** The oldest version to accept; `"TLSv1.2"` by default, as in Node. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /**
   * When listening: how long the handshake of an incoming connection may take,
   * in milliseconds; 5,000 by default. A later one is closed, and reported by a
   * `drop` event.
   */
  readonly handshakeTimeoutMs?: number;
}

/**
 * A TLS transport, to listen or to connect with. It opens no socket before it
 * is used, and may be used any number of times. A failed handshake never throws:
 * a client's connection closes with kind `handshake`, a listener emits `drop`.
 * `connection.security` has the result of a handshake.
 *
 * @throws TypeError or RangeError for an invalid TCP option, or a `handshakeTimeoutMs` below 1
 * @throws Error when a key or certificate cannot be read
 */
export function tls(options: TlsOptions): Transport {
  const { allowHalfOpen = false, handshakeTimeoutMs } = options ?? {};
  const linkOptions: StreamOptions = {
    allowHalfOpen,
    openEvent: "secureConnect",
    canReset: false,
    keepsBytes: true, // Node may encrypt the bytes after write() has returned
    securityOf,
  };
  const tcp = clientOptions(options);
  if (handshakeTimeoutMs !== undefined) wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, 1);
  const secureContext = createSecureContext(secureContextOptions(options));
  const client = { ...tcp, ...negotiationOptions(options), secureContext };
  return {
    listen: () => new TlsAcceptor(options, linkOptions),
    connect: () => new StreamLink(connect(client), "client", linkOptions),
    pump: warnUnlessYielding,
  };
}

/** An acceptor that reports failed handshakes, and aborts pending ones when it closes. */
class TlsAcceptor implements Acceptor {
  readonly #server: Server;
  readonly #acceptor: StreamAcceptor;
  /** The sockets whose handshake is pending, by their remote address. */
  readonly #handshaking = new Map<string, Socket>();

  constructor(options: TlsOptions, linkOptions: StreamOptions) {
    this.#server = createServer({
      ...serverOptions(options),
      ...secureContextOptions(options),
      ...negotiationOptions(options),
      handshakeTimeout: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
    });
    for (const [name, identity] of Object.entries(options.identities ?? {})) {
      this.#server.addContext(name, secureContextOptions(identity));
    }
    this.#acceptor = new StreamAcceptor({
      server: this.#server,
      listenOptions: listenOptions(options),
      acceptEvent: "secureConnection",
      linkOptions,
    });
  }

  attach(events: AcceptorEvents): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => {
      const from = remoteKey(socket);
      this.#handshaking.set(from, socket);
      socket.on("close", () => this.#handshaking.delete(from));
    });
    server.on("secureConnection", (socket) => this.#handshaking.delete(remoteKey(socket)));
    server.on("tlsClientError", (error, socket) => {
      events.rejected(untrustedReason(socket) ?? reasonOf(error));
      socket.destroy();
    });
    this.#acceptor.attach(events);
  }

  close(): void {
    this.#acceptor.close();
    for (const socket of this.#handshaking.values()) socket.destroy();
  }
}

/** The reason of a client that was rejected for its certificate, which Node's error does not give; else `undefined`. */
function untrustedReason(socket: TLSSocket): CloseReason | undefined {
  const code = socket.authorizationError as unknown;
  if (typeof code !== "string") return undefined;
  return {
    kind: "handshake",
    code,
    message: `the peer presented no certificate that this side trusts (${code})`,
  };
}

function remoteKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** The parameters of the handshake, as Node's options. @internal */
export function negotiationOptions(
  options: NegotiationOptions,
): Pick<NodeOptions, "requestCert" | "rejectUnauthorized" | "ALPNProtocols"> {
  const { requestCert, rejectUnauthorized, servername, ALPNProtocols } = options;
  return {
    ...(requestCert !== undefined && { requestCert }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername !== undefined && { servername }),
    ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
  };
}

/** Keys, certificates and authorities, as Node's options. @internal */
export function secureContextOptions(
  options: Pick<TlsOptions, keyof Identity | "ca" | "minVersion">,
): SecureContextOptions {
  const { cert, key, passphrase, ca, minVersion } = options;
  return {
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(minVersion !== undefined && { minVersion }),
  };
}

function pem(given: Pem): (string | Buffer)[] {
  const several = typeof given === "string" || given instanceof Uint8Array ? [given] : given;
  return several.map((one) => (typeof one === "string" ? one : Buffer.from(one)));
}

/** How a TLS socket is encrypted, once it is open. @internal */
export function securityOf(socket: Socket): Security {
  const secure = socket as TLSSocket; // a link in plain text has no `securityOf`
  const certificate = secure.getPeerX509Certificate();
  return {
    protocol: secure.getProtocol() ?? "",
    cipher: secure.getCipher().standardName,
    applicationProtocol: secure.alpnProtocol || undefined,
    isAuthorized: secure.authorized,
    peerCertificate: certificate && readable(certificate),
  };
}

function readable(certificate: X509Certificate): PeerCertificate {
  return {
    commonName: commonNameIn(certificate.subject),
    altNames: certificate.subjectAltName ?? "",
    issuer: commonNameIn(certificate.issuer),
    validFrom: dateIn(certificate.validFrom),
    validTo: dateIn(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
  };
}

/** A date in ISO 8601. Text that is no date stays as it is, since a certificate may contain anything. */
function dateIn(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** The common name in a subject, which Node writes with one part per line. */
function commonNameIn(subject: string | undefined): string {
  return subject?.match(/^CN=(.*)$/m)?.[1] ?? "";
}

type NegotiationOptions = Pick<
  TlsOptions,
  "requestCert" | "rejectUnauthorized" | "servername" | "ALPNProtocols"
>;

/** The same as for connecting. Node's own default of 120 s would let anybody hold a socket for that long. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
