/**
 * How sockets of the system are connected to one address, for a race of several.
 *
 *     dial ──▶ socket, bind, connect ── EPOLLOUT or an error: SO_ERROR ──▶ connected, failed
 */
import type { Address } from "../../port/address.ts";
import type { ConnectTarget, Dialled, Dialler } from "../node/connect-race.ts";
import type { TcpOptions } from "../node/tcp.ts";
import type { Descriptor, Owner } from "./descriptor.ts";
import type { Epoll } from "./epoll.ts";
import { EINPROGRESS, EPOLLOUT, SOCK_STREAM } from "./layout.ts";
import {
  addressOf,
  bindSocket,
  connectSocket,
  errorOf,
  familyOf,
  newSocket,
  resetOnClose,
} from "./socket-calls.ts";
import { setStreamOptions } from "./stream-options.ts";
import { reasonOfErrno, systemError } from "./system-error.ts";

/** A socket that connects, until it has an owner of another kind. */
export class DialledSocket implements Owner {
  readonly #epoll: Epoll;
  readonly #descriptor: Descriptor;
  readonly #where: string;
  #told: Dialled | undefined;

  /** @throws the system's error, and then nothing is left of the socket */
  constructor(epoll: Epoll, options: TcpOptions, address: Address, target: ConnectTarget, told: Dialled) {
    const { host, port } = address;
    this.#epoll = epoll;
    this.#told = told;
    this.#where = `${host}:${port}`;
    const family = familyOf(host);
    const fd = newSocket(epoll, family, SOCK_STREAM);
    this.#descriptor = epoll.add(fd, this);
    try {
      setStreamOptions(epoll, fd, options);
      if (target.localAddress !== undefined)
        bindSocket(epoll, fd, { family, host: target.localAddress, port: 0 });
      const errno = connectSocket(epoll, fd, { family, host, port });
      if (errno !== 0 && errno !== EINPROGRESS) throw systemError(errno, "connect", this.#where);
      const watched = this.#descriptor.watch(EPOLLOUT);
      if (watched !== 0) throw systemError(watched, "epoll_ctl");
    } catch (error) {
      this.#descriptor.close();
      throw error;
    }
  }

  ready(): void {
    const told = this.#told;
    this.#told = undefined;
    this.#descriptor.ignore(); // until it has another owner
    const errno = errorOf(this.#epoll, this.#descriptor.fd);
    if (errno === 0) told?.connected();
    else {
      this.#descriptor.close();
      told?.failed(reasonOfErrno(errno, "connect", this.#where));
    }
  }

  get isOwnPeer(): boolean {
    const local = addressOf(this.#epoll, this.#descriptor.fd, "local");
    const remote = addressOf(this.#epoll, this.#descriptor.fd, "remote");
    return local.port === remote.port && local.host === remote.host;
  }

  /** Gives up the descriptor, which is the caller's from now on. */
  take(): number {
    return this.#descriptor.giveAway();
  }

  drop(): void {
    this.#told = undefined;
    this.#descriptor.close();
  }

  reset(): void {
    resetOnClose(this.#epoll, this.#descriptor.fd);
    this.drop();
  }
}

/** The system's sockets, with the options of one transport. */
export function nativeSockets(epoll: Epoll, options: TcpOptions): Dialler<DialledSocket> {
  return {
    dial: (address, target, told) => new DialledSocket(epoll, options, address, target, told),
    isOwnPeer: (socket) => socket.isOwnPeer,
    release() {}, // `take` does that
    reset: (socket) => socket.reset(),
    drop: (socket) => socket.drop(),
    later: (task) => epoll.defer(task),
  };
}
