/**
 * An acceptor whose peers have a handshake to do. Decides what happens to a peer
 * until then, and when a handshake has failed.
 *
 *     TCP server ── connection ──▶ handshaking? ── refused ──▶ reset
 *                                     └──▶ TLS server ── secureConnection ──▶ link
 *                                              └──── failed, late, left ────▶ rejected
 *
 * The TCP server listens; the TLS server never does, and is given the sockets that
 * the core has not refused. The links then run in `stream.ts`.
 */
import { randomBytes } from "node:crypto";
import { createServer as createTcpServer, type ListenOptions, type ServerOpts, type Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type TlsOptions as NodeOptions,
  type Server,
  type TLSSocket,
} from "node:tls";
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";
import { identityOptions } from "./credentials.ts";
import { drop, reset } from "./drop-socket.ts";
import { reasonOf } from "./error-codes.ts";
import { HostNameMap } from "./host-names.ts";
import { securityOf } from "./security-of.ts";
import { addressOf, StreamLink, type StreamOptions } from "./stream.ts";
import { StreamAcceptor } from "./stream-acceptor.ts";
import { listenOptions, serverOptions } from "./tcp.ts";
import { tcpSocketOf } from "./tcp-socket-of.ts";
import { negotiationOptions, secureContextOptions, type TlsOptions } from "./tls-options.ts";

/** The parts of an acceptor, from the options of `tls()`. */
export interface TlsServerOptions {
  readonly listenOptions: ListenOptions;
  readonly tcp: ServerOpts;
  readonly tls: NodeOptions;
  readonly linkOptions: StreamOptions;
  /** Whether it has a certificate for peers that request no name, or an unknown one. */
  readonly hasDefault: boolean;
  /** Whether it has certificates by name. */
  readonly hasNames: boolean;
}

/** The options of a listener, checked before, as Node's options. */
export function tlsServerOptions(options: TlsOptions, linkOptions: StreamOptions): TlsServerOptions {
  const { identities = {}, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  // A session is resumed by its own listener alone.
  const sessionIdContext = randomBytes(16).toString("hex");
  const {
    cert: _,
    key: __,
    passphrase: ___,
    ...common
  } = { ...secureContextOptions(options), sessionIdContext };
  const contexts = new HostNameMap(
    Object.entries(identities).map(([name, identity]) => [
      name,
      // A context of the identity alone would judge the peer's certificate by Node's own authorities.
      createSecureContext({ ...common, ...identityOptions(identity) }),
    ]),
  );
  const hasNames = Object.keys(identities).length > 0;
  return {
    listenOptions: listenOptions(options),
    // A peer that ends its stream in the middle of the handshake is gone; the half-close comes after.
    tcp: { ...serverOptions(options), allowHalfOpen: false },
    tls: {
      ...secureContextOptions(options),
      ...negotiationOptions(options),
      sessionIdContext,
      handshakeTimeout: handshakeTimeoutMs,
      ...(hasNames && { SNICallback: (name, answer) => answer(null, contexts.get(name)) }),
    },
    linkOptions,
    hasDefault: options.cert !== undefined,
    hasNames,
  };
}

/** A TCP server with a handshake before each link. */
export class TlsAcceptor implements Acceptor {
  readonly #options: TlsServerOptions;
  readonly #server: Server;
  readonly #acceptor: StreamAcceptor;
  /** The peers that are shaking hands, by their TCP sockets. */
  readonly #pending = new Map<Socket, PendingHandshake>();

  /** @throws TypeError when it has no certificate to show */
  constructor(options: TlsServerOptions) {
    if (!options.hasDefault && !options.hasNames) {
      throw new TypeError(
        "cert: expected a certificate with its key, or identities, to listen with; got none",
      );
    }
    this.#options = options;
    this.#server = createServer(options.tls);
    this.#server.on("secureConnection", (socket) => this.#succeeded(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#failed(socket, error));
    this.#acceptor = new StreamAcceptor({
      server: createTcpServer(options.tcp),
      listenOptions: options.listenOptions,
      linkOptions: options.linkOptions,
      accept: (socket, events, linkOptions) => this.#begin(socket, events, linkOptions),
    });
  }

  attach(events: AcceptorEvents): void {
    this.#acceptor.attach(events);
  }

  close(): void {
    this.#acceptor.close();
    for (const socket of this.#pending.keys()) drop(socket);
  }

  #begin(socket: Socket, events: AcceptorEvents, linkOptions: StreamOptions): void {
    socket.on("error", ignore); // the TLS socket reports it
    let remoteAddress: Address | undefined;
    try {
      remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    } catch {
      drop(socket); // whom the system cannot name, no limit can count
      return;
    }
    const handshake = events.handshaking(remoteAddress, () => drop(socket));
    if (handshake.refusal !== undefined) {
      reset(socket);
      return;
    }
    const wireBytes = () => socket.bytesRead;
    this.#pending.set(socket, { handshake, linkOptions: { ...linkOptions, remoteAddress, wireBytes } });
    socket.on("close", () => this.#left(socket));
    try {
      this.#server.emit("connection", socket);
    } catch (error) {
      this.#take(socket)?.handshake.rejected(reasonOf(error as Error));
      drop(socket);
    }
  }

  #succeeded(secure: TLSSocket): void {
    const pending = this.#take(tcpSocketOf(secure));
    if (pending === undefined) {
      drop(secure);
      return;
    }
    secure.allowHalfOpen = true;
    const { handshake, linkOptions } = pending;
    try {
      const security = securityOf(secure);
      handshake.incoming(new StreamLink(secure, "accepted", { ...linkOptions, securityOf: () => security }));
    } catch (error) {
      drop(secure);
      handshake.rejected(reasonOf(error as Error));
    }
  }

  #failed(secure: TLSSocket, error: Error): void {
    this.#take(tcpSocketOf(secure))?.handshake.rejected(this.#failureReason(secure, error));
    drop(secure);
  }

  /** A TCP socket has closed. When its TLS socket knows why, it says so in the same turn, and later. */
  #left(socket: Socket): void {
    if (this.#pending.has(socket)) setImmediate(() => this.#take(socket)?.handshake.rejected(LEFT));
  }

  /** Takes a peer out of those that are shaking hands, so that each handshake ends once. */
  #take(socket: Socket | undefined): PendingHandshake | undefined {
    if (socket === undefined) return undefined;
    const pending = this.#pending.get(socket);
    this.#pending.delete(socket);
    return pending;
  }

  #failureReason(secure: TLSSocket, error: Error & { readonly code?: string }): CloseReason {
    const reason = untrustedReason(secure) ?? reasonOf(error);
    if (reason.kind === "reset") return { ...LEFT, cause: error };
    if (error.code === "ERR_TLS_HANDSHAKE_TIMEOUT") return { ...reason, code: "handshakeTimeoutMs" };
    const { hasDefault } = this.#options;
    if (!hasDefault && NO_CERTIFICATE.has(error.code ?? "")) return { ...NO_IDENTITY, cause: error };
    return reason;
  }
}

interface PendingHandshake {
  readonly handshake: Handshake;
  readonly linkOptions: StreamOptions;
}

/** The reason of a client that was rejected for its certificate, which Node's error does not give; else `undefined`. */
function untrustedReason(secure: TLSSocket): CloseReason | undefined {
  const code = secure.authorizationError as unknown;
  if (typeof code !== "string") return undefined;
  return {
    kind: "handshake",
    code,
    message: `the peer presented no certificate that this side trusts (${printable(code)})`,
  };
}

function ignore(): void {}

const LEFT: CloseReason = {
  kind: "handshake",
  code: "ECONNRESET",
  message: "the peer left during the handshake, as one does that does not trust this side's certificate",
};
const NO_IDENTITY: CloseReason = {
  kind: "handshake",
  code: "identities",
  message: "the peer requested no name that has a certificate in identities",
};
/** What OpenSSL says when it has no certificate to show: TLS 1.3's and TLS 1.2's way. */
const NO_CERTIFICATE: ReadonlySet<string> = new Set([
  "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM",
  "ERR_SSL_NO_SHARED_CIPHER",
]);
/** The same as for connecting. Node's own default of 120 s would let anybody hold a socket for that long. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
