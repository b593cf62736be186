/**
 * A socket of TCP as a link, read by the pump.
 *
 *     epoll ── ready ──▶ link ──▶ received, drained, ended ┊ deferred ──▶ closed
 *     core ── write ──▶ send; what the system does not take waits here for EPOLLOUT
 *
 * Decides how a socket is written and ended so that nothing is lost, as `stream.ts`
 * does for one of Node. Knows no messages.
 */
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import { type Descriptor, NOT_READ, type Owner } from "./descriptor.ts";
import type { Epoll } from "./epoll.ts";
import { EAGAIN, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, SHUT_WR } from "./layout.ts";
import { addressOf, errorOf, resetOnClose } from "./socket-calls.ts";
import { MORE_AT, READ_BYTES } from "./stream-memory.ts";
import { reasonOfErrno } from "./system-error.ts";

/** What a link is made of. */
export interface LinkParts {
  readonly allowHalfOpen: boolean;
  /** The addresses, where they are known; the system is asked for the others. */
  readonly localAddress?: Address | undefined;
  readonly remoteAddress?: Address | undefined;
}

/** One connected socket as a link. */
export class NativeLink implements Link, Owner {
  readonly allowHalfOpen: boolean;
  readonly localAddress: Address | undefined;
  readonly remoteAddress: Address | undefined;
  readonly #epoll: Epoll;
  readonly #descriptor: Descriptor;
  #events: LinkEvents | undefined;
  #phase: Phase = "open";
  #peerEnded = false;
  #isPaused = false;
  /** What it has failed with; told when all that had come before is read. */
  #errno = 0;
  /** The system call that has. */
  #syscall = "read";
  /** What the system has not taken; of the first, `#sentBytes` have left. */
  #queue: Uint8Array[] = [];
  #sentBytes = 0;
  /** What has left of a write that the system took a part of, and was not told as drained. */
  #untoldBytes = 0;
  #reason: CloseReason | undefined;

  /**
   * Takes a connected socket, and closes it if it cannot.
   *
   * @throws the system's error
   */
  constructor(epoll: Epoll, fd: number, parts: LinkParts) {
    this.#epoll = epoll;
    this.allowHalfOpen = parts.allowHalfOpen;
    this.#descriptor = epoll.add(fd, this, true); // nothing is watched for before `attach`, as nobody could be told
    try {
      this.localAddress = parts.localAddress ?? addressOf(epoll, fd, "local");
      this.remoteAddress = parts.remoteAddress ?? addressOf(epoll, fd, "remote");
    } catch (error) {
      this.#descriptor.close();
      throw error;
    }
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    if (debug.enabled) debug("open %o to %o", this.localAddress, this.remoteAddress);
    if (this.#phase === "closed") {
      this.#epoll.defer(this.#tellClosed);
      return;
    }
    this.#watch();
    events.opened();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open" || bytes.length === 0) return true; // bytes behind the end are dropped
    if (this.#queue.length === 0 && this.#errno === 0) {
      const sent = this.#epoll.streams.send(this.#descriptor.fd, bytes, 0);
      if (sent === bytes.length) return true;
      if (sent < 0) this.#fail(-sent, "write");
      else this.#sentBytes = this.#untoldBytes = sent;
    }
    this.#queue.push(bytes);
    this.#watch();
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#watch();
  }

  resume(): void {
    this.#isPaused = false;
    this.#watch();
    if (this.#errno !== 0) this.#epoll.defer(() => this.#closeBroken());
  }

  /** While it is paused, a break waits for what had come before it to be read, or for this call, or an end. */
  probe(): void {
    if (this.#errno !== 0) this.#epoll.defer(() => this.#closeWith(this.#errno, this.#syscall));
  }

  end(): void {
    if (this.#phase !== "open") return;
    this.#phase = "ending";
    this.#endWhenSent();
    this.probe();
  }

  endSending(): void {
    this.end();
  }

  abort(): void {
    if (this.#phase === "closed") return;
    // Once the system has all bytes and the end of the stream, a reset would take them back.
    const mayReset = this.#phase !== "ended";
    if (mayReset) resetOnClose(this.#epoll, this.#descriptor.fd);
    else this.#epoll.streams.discard(this.#descriptor.fd); // as unread bytes would make the close a reset
    this.#close(LOCAL);
  }

  ready(events: number, read: number, start: number): void {
    if ((events & EPOLLOUT) !== 0) this.#sendMore();
    if (this.#phase === "closed") return;
    if (this.#isReading()) this.#readAll(read, start, events);
    else if ((events & (EPOLLERR | EPOLLHUP)) !== 0) this.#noticeEnd(events);
  }

  #isReading(): boolean {
    return !this.#isPaused && !this.#peerEnded && this.#phase !== "closed";
  }

  #readAll(first: number, start: number, events: number): void {
    let read = first;
    let from = start;
    if (read === NOT_READ) {
      if ((events & (EPOLLIN | ENDS)) === 0) return;
      read = this.#epoll.streams.readMore(this.#descriptor.fd);
      from = MORE_AT;
    }
    for (let more = MOST_READS; read > 0; more--) {
      this.#events?.received(new Uint8Array(this.#epoll.streams.bytes.buffer, from, read));
      // A read of less has emptied the socket, unless there is an end behind it; what comes meanwhile, the next pump reads.
      const isAll = read < READ_BYTES && (events & ENDS) === 0;
      if (isAll || more === 0 || !this.#isReading()) return;
      read = this.#epoll.streams.readMore(this.#descriptor.fd);
      from = MORE_AT;
    }
    if (read === 0) this.#noticeFin();
    else if (read !== -EAGAIN) this.#closeWith(-read, "read");
    else if ((events & EPOLLERR) !== 0) this.#noticeEnd(events);
  }

  #noticeFin(): void {
    if (this.#errno !== 0) {
      this.#closeWith(this.#errno, this.#syscall); // the stream ends because it broke
      return;
    }
    this.#peerEnded = true;
    this.#watch();
    this.#events?.ended();
    if (this.#phase === "ended") this.#close(REMOTE);
  }

  /** The socket is broken, or over in both directions, and is not read. */
  #noticeEnd(events: number): void {
    const errno = (events & EPOLLERR) === 0 ? 0 : errorOf(this.#epoll, this.#descriptor.fd);
    this.#errno ||= errno;
    if (this.#errno !== 0) this.#closeBroken();
    else if (!this.#peerEnded && this.#epoll.streams.peek(this.#descriptor.fd) === 0) this.#noticeFin();
    else if ((events & EPOLLHUP) !== 0) this.#descriptor.ignore(); // what is left to read waits for `resume`
  }

  /** Sends what waits, as far as the system takes it. */
  #sendMore(): void {
    let drained = this.#untoldBytes;
    this.#untoldBytes = 0;
    for (let bytes = this.#queue[0]; bytes !== undefined; bytes = this.#queue[0]) {
      const sent = this.#epoll.streams.send(this.#descriptor.fd, bytes, this.#sentBytes);
      if (sent < 0) {
        this.#fail(-sent, "write");
        break;
      }
      drained += sent;
      this.#sentBytes += sent;
      if (this.#sentBytes < bytes.length) break;
      this.#queue.shift();
      this.#sentBytes = 0;
    }
    this.#watch();
    if (drained > 0) this.#events?.drained(drained);
    this.#endWhenSent();
  }

  #endWhenSent(): void {
    if (this.#phase !== "ending" || this.#queue.length > 0) return;
    this.#phase = "ended";
    const { libc } = this.#epoll;
    if (libc.shutdown(this.#descriptor.fd, SHUT_WR) < 0) this.#fail(libc.errno(), "shutdown");
    else if (this.#peerEnded) this.#close(REMOTE);
  }

  /** Notes a failure. At the end of the next pump, what has come before it is read, and the link closes. */
  #fail(errno: number, syscall: string): void {
    if (this.#errno === 0) this.#epoll.defer(() => this.#closeBroken());
    this.#errno ||= errno;
    this.#syscall = syscall;
  }

  #closeBroken(): void {
    if (this.#isReading()) this.#readAll(NOT_READ, 0, EPOLLHUP);
    if (this.#isPaused && this.#hasUnread())
      this.#descriptor.ignore(); // until `resume`, or `probe`
    else this.#closeWith(this.#errno, this.#syscall);
  }

  #hasUnread(): boolean {
    if (this.#peerEnded || this.#phase === "closed") return false;
    return this.#epoll.streams.peek(this.#descriptor.fd) === 1;
  }

  /** Has the system watch for what is wanted now. */
  #watch(): void {
    if (this.#events === undefined || this.#phase === "closed") return;
    const isSending = this.#queue.length > 0 && this.#errno === 0;
    const mask = (this.#isReading() ? EPOLLIN | EPOLLRDHUP : 0) | (isSending ? EPOLLOUT : 0);
    const errno = this.#descriptor.watch(mask);
    if (errno !== 0) this.#fail(errno, "epoll_ctl");
  }

  #closeWith(errno: number, syscall: string): void {
    if (this.#phase !== "closed") this.#close(reasonOfErrno(errno, syscall));
  }

  /** Closes the socket now; `closed` is told at the end of the pump, and nothing else before. */
  #close(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#reason = reason;
    this.#descriptor.close();
    this.#queue = [];
    this.#epoll.defer(this.#tellClosed);
  }

  readonly #tellClosed = (): void => {
    const reason = this.#reason;
    if (reason === undefined || this.#events === undefined) return; // it was told, or is, by `attach`
    this.#reason = undefined;
    if (debug.enabled) debug("closed %o to %o: %s", this.localAddress, this.remoteAddress, reason.message);
    this.#events.closed(reason);
  };
}

/** This side's part in the life of a link: `ending` from `end` on, `ended` when the system has all of it. */
type Phase = "open" | "ending" | "ended" | "closed";

/** Events behind which there is nothing more to read than what has come. */
const ENDS = EPOLLERR | EPOLLHUP | EPOLLRDHUP;
/** How often one socket is read again in a pump, when it has more than a read takes: 1 MiB with the first. */
const MOST_READS = 15;
const debug = debuglog("tickwire");
const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
