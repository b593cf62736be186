/**
 * A listening socket of the system as an acceptor: all that have connected are
 * accepted in the pump. Decides how it starts and fails; which links are kept, the
 * core decides.
 */
import { debuglog } from "node:util";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { reasonOf } from "../node/error-codes.ts";
import type { TcpOptions } from "../node/tcp.ts";
import type { Descriptor, Owner } from "./descriptor.ts";
import type { Epoll } from "./epoll.ts";
import {
  AF_INET,
  AF_INET6,
  EAGAIN,
  EMFILE,
  ENFILE,
  EPOLLIN,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "./layout.ts";
import { NativeLink } from "./native-link.ts";
import { resolveAny } from "./resolve.ts";
import {
  acceptSocket,
  addressOf,
  bindSocket,
  familyOf,
  newSocket,
  readAddress,
  setOption,
} from "./socket-calls.ts";
import { setStreamOptions } from "./stream-options.ts";
import { systemError } from "./system-error.ts";

/** One listening socket. It is made in `attach`. */
export class NativeAcceptor implements Acceptor, Owner {
  readonly #epoll: Epoll;
  readonly #options: TcpOptions;
  readonly #allowHalfOpen: boolean;
  #descriptor: Descriptor | undefined;
  #phase: "starting" | "listening" | "closed" = "starting";
  /** The address of every accepted socket, unless it is a wildcard. */
  #localAddress: Address | undefined;
  #events: AcceptorEvents | undefined;

  constructor(epoll: Epoll, options: TcpOptions) {
    this.#epoll = epoll;
    this.#options = options;
    this.#allowHalfOpen = options.allowHalfOpen ?? false;
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    const { host } = this.#options;
    if (host === undefined) {
      this.#try(() => this.#listenOnAll());
      return;
    }
    resolveAny(host, (error, address) => {
      this.#try(() => {
        if (error !== undefined) throw error;
        this.#listenOn(familyOf(address), address);
      });
    });
  }

  close(): void {
    this.#finish(LOCAL);
  }

  ready(): void {
    for (let most = MOST_ACCEPTED; most > 0 && this.#phase === "listening"; most--) {
      const fd = acceptSocket(this.#epoll, (this.#descriptor as Descriptor).fd, ACCEPTED);
      if (fd === -EAGAIN) return;
      if (fd >= 0) this.#accepted(fd);
      else if (fd === -EMFILE || fd === -ENFILE) {
        this.#rejectWaiting(-fd);
        return;
      } else this.#events?.rejected(reasonOf(systemError(-fd, "accept"))); // one that has left already
    }
  }

  #accepted(fd: number): void {
    try {
      const remoteAddress = readAddress(this.#epoll, this.#epoll.scratch, 0);
      const link = new NativeLink(this.#epoll, fd, {
        allowHalfOpen: this.#allowHalfOpen,
        localAddress: this.#localAddress,
        remoteAddress,
      });
      this.#events?.incoming(link);
    } catch (error) {
      this.#events?.rejected(reasonOf(error as Error));
    }
  }

  /** The process has no descriptor left. Those who wait are sent away, as they would wait for nothing. */
  #rejectWaiting(errno: number): void {
    const { libc } = this.#epoll;
    const listening = (this.#descriptor as Descriptor).fd;
    this.#epoll.withSpare(() => {
      for (let most = MOST_ACCEPTED; most > 0; most--) {
        const fd = acceptSocket(this.#epoll, listening, ACCEPTED);
        if (fd < 0) return;
        libc.close(fd);
        this.#events?.rejected(reasonOf(systemError(errno, "accept")));
      }
    });
  }

  /** On all addresses: of both families where the machine has IPv6, otherwise of IPv4. */
  #listenOnAll(): void {
    try {
      this.#listenOn(AF_INET6, "::");
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
      this.#listenOn(AF_INET, "0.0.0.0");
    }
  }

  #listenOn(family: number, host: string): void {
    const epoll = this.#epoll;
    const { port, backlog = DEFAULT_BACKLOG, ipv6Only = false } = this.#options;
    this.#descriptor?.close();
    const fd = newSocket(epoll, family, SOCK_STREAM);
    this.#descriptor = epoll.add(fd, this);
    setOption(epoll, fd, SO_REUSEADDR, 1); // as Node: a port whose last connections still linger
    if (family === AF_INET6) setOption(epoll, fd, IPV6_V6ONLY, Number(ipv6Only));
    setStreamOptions(epoll, fd, this.#options); // accepted sockets inherit them
    bindSocket(epoll, fd, { family, host, port });
    if (epoll.libc.listen(fd, backlog) < 0)
      throw systemError(epoll.libc.errno(), "listen", `${host}:${port}`);
    const address = addressOf(epoll, fd, "local");
    const errno = this.#descriptor.watch(EPOLLIN);
    if (errno !== 0) throw systemError(errno, "epoll_ctl");
    this.#phase = "listening";
    debug("listening on %o", address);
    if (!WILDCARDS.has(address.host)) this.#localAddress = address;
    this.#events?.listening(address);
  }

  /** Does the step that starts it; when it throws, the acceptor closes with the reason. */
  #try(start: () => void): void {
    if (this.#phase !== "starting") return; // it was closed while its name was looked up
    try {
      start();
    } catch (error) {
      this.#finish(reasonOf(error as Error));
    }
  }

  #finish(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#descriptor?.close();
    this.#epoll.defer(() => this.#events?.closed(reason));
  }
}

const ACCEPTED = SOCK_NONBLOCK | SOCK_CLOEXEC;
/** How many are accepted in one pump, so that a flood cannot hold up a frame. */
const MOST_ACCEPTED = 1_024;
/** The length of the system's queue; Node's own default. */
const DEFAULT_BACKLOG = 511;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const debug = debuglog("tickwire");
const LOCAL: CloseReason = { kind: "local", message: "this side closed the listener" };
