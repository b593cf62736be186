/**
 * UDP as a datagram link. Decides how a socket of `node:dgram` is made, bound,
 * connected and closed, and is the only file that knows that module.
 * Options: https://nodejs.org/docs/latest-v20.x/api/dgram.html
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { debuglog } from "node:util";
import { kindOf, wholeNumber } from "../../check.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { Transport } from "../../port/transport.ts";
import { reasonOf } from "./error-codes.ts";
import { plainView } from "./plain-bytes.ts";
import { addressOf } from "./stream.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** Options of {@link udp}. */
export interface UdpOptions {
  /** The port to receive on, from 0 to 65,535; 0, the default, lets the system choose. `socket.address` has it. */
  readonly port?: number;
  /** The numeric address to receive on; all addresses of the family by default. */
  readonly host?: string;
  /** The family, if no `host` decides it; `"IPv4"` by default. An IPv6 socket receives IPv4 too, unless `ipv6Only`. */
  readonly family?: "IPv4" | "IPv6";
  /** Connects the socket to one peer: it receives from that peer only, and `trySend` and `tryRecv` need no address. */
  readonly remote?: Destination;
  /** Do not receive IPv4 on an IPv6 socket; `false` by default. */
  readonly ipv6Only?: boolean;
  /** Share the address with other sockets, as multicast needs; `false` by default. */
  readonly reuseAddress?: boolean;
  /** Allow sending to broadcast addresses; `false` by default. */
  readonly broadcast?: boolean;
  /** How many routers a datagram may pass, from 1 to 255; the system's default, mostly 64, if not given. */
  readonly ttl?: number;
  /** The same for multicast, from 0 to 255; the system's default, mostly 1, if not given. */
  readonly multicastTtl?: number;
  /** Whether this machine receives its own multicast; `true` by default. */
  readonly multicastLoopback?: boolean;
  /** The size of the system's receive buffer, in bytes; the system's default if not given. */
  readonly receiveBufferBytes?: number;
  /** The size of the system's send buffer, in bytes; the system's default if not given. */
  readonly sendBufferBytes?: number;
}

/**
 * A UDP transport, for `poller.bind`. It opens no socket before it is used, and
 * may be used any number of times.
 *
 * @throws TypeError when an option has the wrong type
 * @throws RangeError when a number is out of range
 */
export function udp(options: UdpOptions = {}): Transport {
  check(options);
  return { bind: () => new UdpLink(options), pump: warnUnlessYielding };
}

class UdpLink implements DatagramLink {
  readonly #options: UdpOptions;
  readonly #socket: Socket;
  #error: CloseReason | undefined;
  #state: "starting" | "open" | "closing" | "closed" = "starting";
  /** How many datagrams the system was given and has not reported as sent or failed. */
  #inFlight = 0;
  #events: DatagramEvents | undefined;

  constructor(options: UdpOptions) {
    this.#options = options;
    const { receiveBufferBytes, sendBufferBytes, ipv6Only = false, reuseAddress = false } = options;
    this.#socket = createSocket({
      type: familyOf(options) === "IPv6" ? "udp6" : "udp4",
      reuseAddr: reuseAddress,
      ipv6Only,
      ...(receiveBufferBytes !== undefined && { recvBufferSize: receiveBufferBytes }),
      ...(sendBufferBytes !== undefined && { sendBufferSize: sendBufferBytes }),
    });
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.on("error", (error) => this.#failed(error));
    socket.on("message", (bytes, from) => {
      events.received(plainView(bytes), { family: from.family, host: from.address, port: from.port });
    });
    socket.on("listening", () => this.#bound());
    socket.on("close", () => {
      this.#state = "closed";
      events.closed(this.#error ?? CLOSED_LOCALLY);
    });
    const { port = 0, host, remote } = this.#options;
    socket.bind({ port, ...(host !== undefined && { address: host }) });
    if (remote !== undefined) socket.once("connect", () => this.#open());
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    const done = (error: Error | null): void => {
      this.#inFlight--;
      this.#events?.sent(bytes.length);
      if (error !== null) this.#events?.failed(reasonOf(error));
      this.#closeWhenSent();
    };
    this.#inFlight++;
    try {
      if (to === undefined) this.#socket.send(bytes, done);
      else this.#socket.send(bytes, to.port, to.host, done);
    } catch (error) {
      done(error as Error); // for example a missing destination, or one on a connected socket
    }
  }

  join(group: string, onInterface?: string): void {
    this.#socket.addMembership(group, onInterface);
  }

  leave(group: string, onInterface?: string): void {
    this.#socket.dropMembership(group, onInterface);
  }

  close(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    this.#closeWhenSent();
  }

  #bound(): void {
    const { broadcast, ttl, multicastTtl, multicastLoopback, remote } = this.#options;
    const socket = this.#socket;
    if (broadcast !== undefined) socket.setBroadcast(broadcast);
    if (ttl !== undefined) socket.setTTL(ttl);
    if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl);
    if (multicastLoopback !== undefined) socket.setMulticastLoopback(multicastLoopback);
    if (remote === undefined) this.#open();
    else if (this.#state === "starting") socket.connect(remote.port, remote.host);
  }

  #open(): void {
    if (this.#state !== "starting") return;
    this.#state = "open";
    const local = this.#socket.address();
    const address = addressOf(local.address, local.port, local.family);
    debug("bound to %o", address);
    this.#events?.bound(address, this.#options.remote && remoteOf(this.#socket));
  }

  /** Until the socket is open, an error closes it; later ones report a datagram that did not arrive. */
  #failed(error: Error): void {
    debug("datagram error: %s", error.message);
    if (this.#state === "open") {
      this.#events?.failed(reasonOf(error));
    } else if (this.#state === "starting") {
      this.#error = reasonOf(error);
      this.close();
    }
  }

  #closeWhenSent(): void {
    if (this.#state === "closing" && this.#inFlight === 0) this.#socket.close();
  }
}

function remoteOf(socket: Socket): Address | undefined {
  const remote = socket.remoteAddress();
  return addressOf(remote.address, remote.port, remote.family);
}

function familyOf({ host, family, remote }: UdpOptions): "IPv4" | "IPv6" {
  const named = host ?? remote?.host;
  if (family !== undefined || named === undefined) return family ?? "IPv4";
  return isIPv6(named) ? "IPv6" : "IPv4";
}

function check(options: UdpOptions): void {
  const { port = 0, host, remote, ttl, multicastTtl, receiveBufferBytes, sendBufferBytes } = options;
  wholeNumber("port", port, 0, 65_535);
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host: expected a string, got ${kindOf(host)}`);
  }
  if (remote !== undefined) wholeNumber("remote.port", remote.port, 1, 65_535);
  if (ttl !== undefined) wholeNumber("ttl", ttl, 1, 255);
  if (multicastTtl !== undefined) wholeNumber("multicastTtl", multicastTtl, 0, 255);
  if (receiveBufferBytes !== undefined) wholeNumber("receiveBufferBytes", receiveBufferBytes, 1);
  if (sendBufferBytes !== undefined) wholeNumber("sendBufferBytes", sendBufferBytes, 1);
}

const debug = debuglog("tickwire");

const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the socket" };
