/**
 * A UDP socket as a datagram link, read and written many at a time.
 *
 *     attach ──▶ socket, bind ── look up ──▶ connect, where there is a peer ──▶ open
 *     core ── send, send, flush ──▶ sendmmsg     pump ──▶ recvmmsg ──▶ received, each
 *
 * Decides what it is told and when, as `udp.ts` does for a socket of Node.
 */
import { isIP } from "node:net";
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import { reasonOf } from "../node/error-codes.ts";
import { familyOf as familyNameOf, type UdpOptions } from "../node/udp-options.ts";
import { changeMembership, prepareSocket, setOptions } from "./datagram-options.ts";
import { type DatagramVector, MOST_DATAGRAMS, type WaitingDatagram } from "./datagram-vector.ts";
import type { Descriptor, Owner } from "./descriptor.ts";
import type { Epoll } from "./epoll.ts";
import { AF_INET, AF_INET6, EAGAIN, EPOLLIN, EPOLLOUT, SOCK_DGRAM } from "./layout.ts";
import { resolveFor } from "./resolve.ts";
import { addressOf, bindSocket, connectSocket, newSocket } from "./socket-calls.ts";
import { reasonOfErrno, systemError } from "./system-error.ts";

/** One socket as a link. It is made in `attach`. */
export class NativeDatagrams implements DatagramLink, Owner {
  readonly #epoll: Epoll;
  readonly #vector: DatagramVector;
  readonly #options: UdpOptions;
  readonly #family: number;
  /** Whether an IPv6 socket talks with IPv4 too. */
  readonly #isDual: boolean;
  #descriptor: Descriptor | undefined;
  /** `closing`: it waits for what was sent. */
  #state: "starting" | "open" | "closing" | "closed" = "starting";
  #remote: Address | undefined;
  #events: DatagramEvents | undefined;
  /** What the system has not taken. */
  #waiting: WaitingDatagram[] = [];
  #isFull = false;
  /** Datagrams whose names are looked up. */
  #lookups = 0;

  constructor(epoll: Epoll, vector: DatagramVector, options: UdpOptions) {
    this.#epoll = epoll;
    this.#vector = vector;
    this.#options = options;
    this.#family = familyNameOf(options) === "IPv6" ? AF_INET6 : AF_INET;
    this.#isDual = this.#family === AF_INET6 && options.ipv6Only !== true;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    const { host = this.#family === AF_INET6 ? "::" : "0.0.0.0", remote } = this.#options;
    this.#resolve(host, (address) => {
      this.#bind(address);
      if (remote === undefined) this.#open();
      else {
        this.#resolve(remote.host, (peer) => {
          this.#connect({ host: peer, port: remote.port });
          this.#open();
        });
      }
    });
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (this.#state !== "open") return;
    const isUsual =
      to === undefined
        ? this.#remote !== undefined
        : this.#remote === undefined && this.#vector.knows(this.#family, to.host);
    const problem = isUsual ? undefined : this.#problemOf(to);
    if (problem !== undefined) this.#finish(bytes, problem);
    else if (isUsual || to === undefined || isIP(to.host) !== 0) this.#queue({ bytes, to });
    else this.#lookUp(bytes, to);
  }

  flush(): void {
    if (this.#descriptor === undefined || this.#isFull) return;
    const waiting = this.#waiting;
    let next = 0;
    while (next < waiting.length) {
      const sent = this.#vector.send(this.#descriptor.fd, this.#family, waiting, next);
      if (sent === -EAGAIN) break;
      // The first one has failed when none has left; a refusal of an earlier one counts for it, as in Node.
      const failure = sent < 0 ? reasonOfErrno(-sent, "send") : undefined;
      for (let last = next + Math.max(sent, 1); next < last; next++)
        this.#finish((waiting[next] as WaitingDatagram).bytes, failure);
    }
    waiting.splice(0, next);
    this.#isFull = waiting.length > 0;
    this.#watch();
    this.#closeWhenSent();
  }

  join(group: string, onInterface?: string): void {
    if (this.#descriptor?.isOpen !== true) throw systemError(EBADF, "addMembership");
    changeMembership(this.#epoll, this.#descriptor.fd, "join", group, onInterface);
  }

  leave(group: string, onInterface?: string): void {
    if (this.#descriptor?.isOpen !== true) throw systemError(EBADF, "dropMembership");
    changeMembership(this.#epoll, this.#descriptor.fd, "leave", group, onInterface);
  }

  close(): void {
    if (this.#state === "starting") this.#close(LOCAL);
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.flush();
    this.#closeWhenSent();
  }

  abort(): void {
    this.#close(LOCAL);
  }

  ready(events: number): void {
    if ((events & EPOLLOUT) !== 0) {
      this.#isFull = false;
      this.flush();
    }
    if ((events & ~EPOLLOUT) !== 0) this.#receive();
  }

  #receive(): void {
    const { fd } = this.#descriptor as Descriptor;
    for (let calls = 0; calls < MOST_CALLS; calls++) {
      const count = this.#vector.receive(fd);
      if (count === -EAGAIN) return;
      if (count < 0) this.#events?.failed(reasonOfErrno(-count, "recvmsg"));
      for (let index = 0; index < count; index++) {
        const from = this.#vector.senderAt(index);
        if (!this.#isExpected(from)) continue;
        this.#events?.received(this.#vector.bytesAt(index), from);
        if (this.#state === "closed") return;
      }
      if (count >= 0 && count < MOST_DATAGRAMS) return;
    }
  }

  /** The system lets in anybody between bind and connect, and keeps those datagrams; they are dropped here. */
  #isExpected(from: Address): boolean {
    if (this.#remote === undefined) return true;
    return from.port === this.#remote.port && from.host === this.#remote.host;
  }

  #bind(host: string): void {
    const epoll = this.#epoll;
    const fd = newSocket(epoll, this.#family, SOCK_DGRAM);
    this.#descriptor = epoll.add(fd, this);
    prepareSocket(epoll, fd, this.#family, this.#options);
    bindSocket(epoll, fd, { family: this.#family, host, port: this.#options.port ?? 0 });
    setOptions(epoll, fd, this.#family, this.#options);
  }

  #connect({ host, port }: Destination): void {
    const { fd } = this.#descriptor as Descriptor;
    const errno = connectSocket(this.#epoll, fd, { family: this.#family, host, port });
    if (errno !== 0) throw systemError(errno, "connect", `${host}:${port}`);
    this.#remote = addressOf(this.#epoll, fd, "remote");
  }

  #open(): void {
    const descriptor = this.#descriptor as Descriptor;
    const local = addressOf(this.#epoll, descriptor.fd, "local");
    const errno = descriptor.watch(EPOLLIN);
    if (errno !== 0) throw systemError(errno, "epoll_ctl");
    this.#state = "open";
    debug("bound to %o", local);
    this.#events?.bound(local, this.#remote);
  }

  /** Goes on with the address of a host; what fails while it starts closes it. */
  #resolve(host: string, goOn: (address: string) => void): void {
    resolveFor(host, this.#family, this.#isDual, (error, address) => {
      if (this.#state !== "starting") return;
      try {
        if (error !== undefined) throw error;
        goOn(address);
      } catch (failure) {
        this.#close(reasonOf(failure as Error));
      }
    });
  }

  /** Why a datagram cannot be sent there, in the system's words, which this socket knows before. */
  #problemOf(to: Destination | undefined): CloseReason | undefined {
    if (to === undefined) return this.#remote === undefined ? reasonOfErrno(EDESTADDRREQ, "send") : undefined;
    if (this.#remote !== undefined) return reasonOfErrno(EISCONN, "send");
    const isOther = isIP(to.host) === (this.#family === AF_INET ? 6 : 4);
    return isOther && !this.#isDual ? reasonOfErrno(EAFNOSUPPORT, "send", to.host) : undefined;
  }

  #lookUp(bytes: Uint8Array, { host, port }: Destination): void {
    this.#lookups++;
    resolveFor(host, this.#family, this.#isDual, (error, address) => {
      if (this.#state === "closed") return;
      this.#lookups--;
      if (error === undefined) {
        this.#queue({ bytes, to: { host: address, port } });
        this.flush();
      } else {
        this.#finish(bytes, reasonOf(error));
        this.#closeWhenSent();
      }
    });
  }

  #queue(datagram: WaitingDatagram): void {
    // Whoever does not call `flush` has them sent by the next pump.
    if (this.#waiting.push(datagram) === 1) this.#epoll.defer(this.#flushLate);
  }

  readonly #flushLate = (): void => this.flush();

  #finish(bytes: Uint8Array, failure: CloseReason | undefined): void {
    this.#events?.sent(bytes.length);
    if (failure !== undefined) this.#events?.failed(failure);
  }

  #watch(): void {
    this.#descriptor?.watch(this.#isFull ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  #closeWhenSent(): void {
    if (this.#state === "closing" && this.#waiting.length === 0 && this.#lookups === 0) this.#close(LOCAL);
  }

  /** Frees the address now; `closed` is told at the end of the pump. */
  #close(reason: CloseReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#waiting = [];
    this.#descriptor?.close();
    this.#epoll.defer(() => this.#events?.closed(reason));
  }
}

/** How often one socket is read in a pump, so that a flood cannot hold up a frame: 4,096 datagrams. */
const MOST_CALLS = 64;
const EBADF = 9;
const EDESTADDRREQ = 89;
const EAFNOSUPPORT = 97;
const EISCONN = 106;
const debug = debuglog("tickwire");
const LOCAL: CloseReason = { kind: "local", message: "this side closed the socket" };
