/**
 * UDP as a datagram link. Decides how a socket of `node:dgram` is made, bound,
 * connected and closed, and is the only file that knows that module.
 *
 *     attach ──▶ createSocket, bind ── listening: options ──▶ connect ──▶ open
 *
 * Any call may fail, also inside a callback of the socket, where nobody could catch
 * it: each failure is a reason, which closes the link until it is open.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from "node:dgram";
import { lookup, V4MAPPED } from "node:dns";
import { isIPv4 } from "node:net";
import { debuglog } from "node:util";
import { type Address, ipAddress } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { Transport } from "../../port/transport.ts";
import { reasonOf } from "./error-codes.ts";
import { plainView } from "./plain-bytes.ts";
import { checkUdpOptions, familyOf, type UdpOptions } from "./udp-options.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/**
 * A UDP transport, for `poller.bind`. It opens no socket before it is used, and
 * may be used any number of times.
 *
 * @throws TypeError when an option has the wrong type, or is unknown
 * @throws RangeError when a value is out of range, or two options contradict each other
 */
export function udp(options: UdpOptions = {}): Transport {
  checkUdpOptions(options);
  const settings = { ...options, ...(options.remote !== undefined && { remote: { ...options.remote } }) };
  return { bind: () => new UdpLink(settings), pump: warnUnlessYielding, blueprint: { kind: "udp", options } };
}

/** One socket as a link. It is made in `attach`. */
class UdpLink implements DatagramLink {
  readonly #options: UdpOptions;
  readonly #family: "IPv4" | "IPv6";
  #socket: Socket | undefined;
  /** `closing`: it waits for what was sent; `ended`: the socket was told to close. */
  #state: "starting" | "open" | "closing" | "ended" | "closed" = "starting";
  /** The peer that it is connected to, if there is one. */
  #remote: Address | undefined;
  /** Why it closes, if this side did not ask for it. */
  #failure: CloseReason | undefined;
  /** How many datagrams the system was given and has not reported as sent or failed. */
  #inFlight = 0;
  #events: DatagramEvents | undefined;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#family = familyOf(options);
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    const { port = 0, host } = this.#options;
    this.#try(() => {
      const socket = createSocket(this.#socketOptions());
      this.#socket = socket;
      socket.on("error", (error) => this.#failed(error));
      socket.on("message", (bytes, from) => this.#received(bytes, senderOf(from)));
      socket.on("listening", () => this.#try(() => this.#bound(socket)));
      socket.on("connect", () => this.#try(() => this.#open(socket)));
      socket.on("close", () => this.#closed());
      socket.bind({ port, ...(host !== undefined && { address: host }) });
    });
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    let isDone = false;
    const done = (error: Error | null): void => {
      if (isDone || this.#state === "closed") return;
      isDone = true;
      this.#inFlight--;
      this.#events?.sent(bytes.length);
      if (error !== null) this.#events?.failed(reasonOf(error));
      this.#closeWhenSent();
    };
    this.#inFlight++;
    try {
      if (to === undefined) this.#socket?.send(bytes, done);
      else this.#socket?.send(bytes, to.port, to.host, done);
    } catch (error) {
      done(error as Error); // for example a missing destination, or one on a connected socket
    }
  }

  join(group: string, onInterface?: string): void {
    this.#socket?.addMembership(group, onInterface);
  }

  leave(group: string, onInterface?: string): void {
    this.#socket?.dropMembership(group, onInterface);
  }

  close(): void {
    if (this.#state !== "starting" && this.#state !== "open") return;
    this.#state = "closing";
    this.#closeWhenSent();
  }

  abort(): void {
    if (this.#state !== "ended" && this.#state !== "closed") this.#closeSocket();
  }

  #socketOptions(): SocketOptions {
    const { ipv6Only = false, reuseAddress = false } = this.#options;
    const isDual = this.#family === "IPv6" && !ipv6Only;
    return {
      type: this.#family === "IPv6" ? "udp6" : "udp4",
      reuseAddr: reuseAddress,
      ipv6Only,
      ...(isDual && { lookup: lookupMapped }),
    };
  }

  #bound(socket: Socket): void {
    if (this.#state !== "starting") return;
    const { broadcast, ttl, multicastTtl, multicastLoopback, multicastInterface, remote } = this.#options;
    const { receiveBufferBytes, sendBufferBytes } = this.#options;
    // Node applies sizes that createSocket is given where nobody can catch a refusal.
    if (receiveBufferBytes !== undefined) socket.setRecvBufferSize(receiveBufferBytes);
    if (sendBufferBytes !== undefined) socket.setSendBufferSize(sendBufferBytes);
    if (broadcast !== undefined) socket.setBroadcast(broadcast);
    if (ttl !== undefined) socket.setTTL(ttl);
    if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl);
    if (multicastLoopback !== undefined) socket.setMulticastLoopback(multicastLoopback);
    if (multicastInterface !== undefined) socket.setMulticastInterface(multicastInterface);
    if (remote === undefined) this.#open(socket);
    else socket.connect(remote.port, remote.host);
  }

  #open(socket: Socket): void {
    if (this.#state !== "starting") return;
    const local = addressOf(socket.address());
    this.#remote = this.#options.remote && addressOf(socket.remoteAddress());
    this.#state = "open";
    debug("bound to %o", local);
    this.#events?.bound(local, this.#remote);
  }

  /** The system lets in anybody between bind and connect, and keeps those datagrams; they are dropped here. */
  #received(bytes: Uint8Array, from: Address): void {
    if (this.#options.remote !== undefined) {
      const { host, port } = this.#remote ?? {};
      if (from.port !== port || from.host !== host) return;
    }
    this.#events?.received(plainView(bytes), from);
  }

  /** Does a step of the start; when it throws, the link closes with the reason. */
  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /** Until the socket is open, an error closes it; later ones report a datagram that did not arrive. */
  #failed(error: Error): void {
    debug("datagram error: %s", error.message);
    if (this.#state === "open") {
      this.#events?.failed(reasonOf(error));
    } else if (this.#state === "starting") {
      this.#failure = reasonOf(error);
      this.close();
    }
  }

  #closeWhenSent(): void {
    if (this.#state === "closing" && this.#inFlight === 0) this.#closeSocket();
  }

  #closeSocket(): void {
    this.#state = "ended";
    try {
      if (this.#socket === undefined) this.#closed();
      else this.#socket.close();
    } catch (error) {
      this.#failure ??= reasonOf(error as Error);
      this.#closed(); // no event follows
    }
  }

  #closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#events?.closed(this.#failure ?? CLOSED_LOCALLY);
  }
}

/**
 * Resolves for a socket of both families: an IPv4 address in the form of IPv6 that such
 * a socket needs (RFC 4291, 2.5.5.2), and a name to such a one where it has no other.
 */
function lookupMapped(host: string, _family: unknown, done: LookupDone): void {
  if (isIPv4(host)) process.nextTick(done, null, MAPPED + host, 6);
  else lookup(host, { family: 6, hints: V4MAPPED }, done);
}

type LookupDone = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;

/** The sender as it can be answered: an IPv4 address as such, also on an IPv6 socket. */
function senderOf({ family, address, port }: RemoteInfo): Address {
  return ipAddress(family, address, port);
}

function addressOf({ address, port, family }: ReturnType<Socket["address"]>): Address {
  return ipAddress(family, address, port);
}

const MAPPED = "::ffff:";
const debug = debuglog("tickwire");

const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the socket" };
