/**
 * TLS over TCP, both ends. Decides how Node's TLS sockets and servers are made
 * and what a certificate says; what the sockets then do is `stream.ts`.
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
import { clientOptions, placeOf, serverOptions, type TcpOptions } from "./tcp.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** Text or bytes in PEM form, one or several. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** A certificate and its key. */
export interface Identity {
  /** The certificate, with the chain to its authority. */
  readonly cert: Pem;
  /** Its private key. */
  readonly key: Pem;
  /** The word that opens the key, when it is locked. */
  readonly passphrase?: string;
}

/** Options of {@link tls}; those of TCP, and Node's own names for the rest. */
export interface TlsOptions extends TcpOptions, Partial<Identity> {
  /** The authorities to trust, instead of those that Node comes with. */
  readonly ca?: Pem;
  /** Listening: ask the peer for a certificate (mutual TLS); `false` by default. */
  readonly requestCert?: boolean;
  /** Refuse a peer whose certificate no trusted authority has signed; `true` by default. */
  readonly rejectUnauthorized?: boolean;
  /** Connecting: the name that the peer must prove, when it is not `host`. */
  readonly servername?: string;
  /** Application protocols that this side speaks, the best first (ALPN). */
  readonly ALPNProtocols?: readonly string[];
  /** Listening: certificates for guests that ask for a name (SNI); `"*.example.org"` is a name too. */
  readonly identities?: Readonly<Record<string, Identity>>;
  /** The oldest version to speak; Node's own default, `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /**
   * Listening: how long a guest may take to agree on encryption, in
   * milliseconds; 5,000 by default. Who is later is dropped and reported.
   */
  readonly handshakeTimeoutMs?: number;
}

/**
 * A TLS transport, to listen or to connect with. A failed handshake is a close
 * reason of kind `handshake` where one connects, and a `drop` event where one
 * listens. `connection.security` says what was agreed on.
 *
 * @throws TypeError or RangeError for a bad TCP option, or a `handshakeTimeoutMs` below 1
 * @throws Error when a key or certificate cannot be read
 */
export function tls(options: TlsOptions): Transport {
  const { allowHalfOpen = false, handshakeTimeoutMs } = options ?? {};
  const plan: StreamOptions = {
    allowHalfOpen,
    openEvent: "secureConnect",
    canReset: false,
    keepsBytes: true, // Node may encrypt them later
    securityOf,
  };
  const tcp = clientOptions(options);
  if (handshakeTimeoutMs !== undefined) wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, 1);
  const secureContext = createSecureContext(secureContextOptions(options));
  const client = { ...tcp, ...negotiationOptions(options), secureContext };
  return {
    listen: () => new TlsAcceptor(options, plan),
    connect: () => new StreamLink(connect(client), "client", plan),
    pump: warnUnlessYielding,
  };
}

/** A acceptor that reports failed handshakes, and ends those under way when it closes. */
class TlsAcceptor implements Acceptor {
  readonly #server: Server;
  readonly #acceptor: StreamAcceptor;
  /** Guests that have not agreed on encryption yet, by the address they come from. */
  readonly #handshaking = new Map<string, Socket>();

  constructor(options: TlsOptions, plan: StreamOptions) {
    this.#server = createServer({
      ...serverOptions(options),
      ...secureContextOptions(options),
      ...negotiationOptions(options),
      handshakeTimeout: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
    });
    for (const [name, identity] of Object.entries(options.identities ?? {})) {
      this.#server.addContext(name, secureContextOptions(identity));
    }
    const place = placeOf(options);
    this.#acceptor = new StreamAcceptor({
      server: this.#server,
      place,
      acceptEvent: "secureConnection",
      plan,
    });
  }

  attach(events: AcceptorEvents): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => {
      const from = cameFrom(socket);
      this.#handshaking.set(from, socket);
      socket.on("close", () => this.#handshaking.delete(from));
    });
    server.on("secureConnection", (socket) => this.#handshaking.delete(cameFrom(socket)));
    server.on("tlsClientError", (error, socket) => {
      events.rejected(distrust(socket) ?? reasonOf(error));
      socket.destroy();
    });
    this.#acceptor.attach(events);
  }

  close(): void {
    this.#acceptor.close();
    for (const socket of this.#handshaking.values()) socket.destroy();
  }
}

/** Why this side does not trust the guest, when that is why it was sent away: Node's error does not say. */
function distrust(socket: TLSSocket): CloseReason | undefined {
  const code = socket.authorizationError as unknown;
  if (typeof code !== "string") return undefined;
  return {
    kind: "handshake",
    code,
    message: `the peer showed no certificate that is trusted here (${code})`,
  };
}

function cameFrom(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** What both ends must agree on, as Node takes it. @internal */
export function negotiationOptions(
  options: Agreement,
): Pick<NodeOptions, "requestCert" | "rejectUnauthorized" | "ALPNProtocols"> {
  const { requestCert, rejectUnauthorized, servername, ALPNProtocols } = options;
  return {
    ...(requestCert !== undefined && { requestCert }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername !== undefined && { servername }),
    ...(ALPNProtocols !== undefined && { ALPNProtocols: [...ALPNProtocols] }),
  };
}

/** Keys, certificates and authorities, as Node takes them. @internal */
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
  const secure = socket as TLSSocket; // who asks has no other
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

/** A date as ISO 8601; as OpenSSL wrote it when it is none, for a certificate may say anything. */
function dateIn(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** The common name in a subject as Node writes it, a part per line. */
function commonNameIn(subject: string | undefined): string {
  return subject?.match(/^CN=(.*)$/m)?.[1] ?? "";
}

type Agreement = Pick<TlsOptions, "requestCert" | "rejectUnauthorized" | "servername" | "ALPNProtocols">;

/** As long as a connect may take; Node's own default is 120 s, for which a stranger could hold a socket. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
