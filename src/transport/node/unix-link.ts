/**
 * The client of a unix socket as a link. Decides how long it tries: where TCP's
 * system waits while the listener's queue is full, that of unix sockets answers
 * EAGAIN at once. So the link tries again in `pump`, in polled time, until the
 * core's deadline aborts it.
 *
 *     attach ──▶ connect ── EAGAIN ──▶ pump: a pause, connect …
 *                   └── connected ──▶ StreamLink, which has the events from then on
 */

import { connect, type Socket } from "node:net";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link, LinkEvents } from "../../port/link.ts";
import { drop } from "./drop-socket.ts";
import { reasonOf } from "./error-codes.ts";
import { StreamLink } from "./stream.ts";

/** One connection to a path. */
export class UnixLink implements Link {
  readonly localAddress = undefined;
  readonly allowHalfOpen: boolean;
  failedAttempts: readonly FailedAttempt[] = [];
  readonly #address: Address;
  #events: LinkEvents | undefined;
  #socket: Socket | undefined;
  /** Has the socket once it is connected. */
  #link: StreamLink | undefined;
  #state: "connecting" | "waiting" | "open" | "closed" = "connecting";
  #pauseMs = FIRST_PAUSE_MS;
  /** When it tries again, while it waits; `undefined` until the next pump gives the time. */
  #retryAtMs: number | undefined;

  constructor(path: string, allowHalfOpen: boolean) {
    this.#address = { family: "unix", host: path, port: 0 };
    this.allowHalfOpen = allowHalfOpen;
  }

  get remoteAddress(): Address | undefined {
    return this.#link?.remoteAddress;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#connect();
  }

  /** Asks to be called soon while it connects, as a failure that it can mend is no event that would wake a game. */
  pump(nowMs: number): number | undefined {
    if (this.#state === "waiting") {
      this.#retryAtMs ??= nowMs + this.#pauseMs;
      if (nowMs < this.#retryAtMs) return this.#retryAtMs - nowMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      this.#connect();
    }
    return this.#state === "connecting" ? FIRST_PAUSE_MS : undefined;
  }

  write(bytes: Uint8Array): boolean {
    return this.#link?.write(bytes) ?? true;
  }

  pause(): void {
    this.#link?.pause();
  }

  resume(): void {
    this.#link?.resume();
  }

  probe(): void {
    this.#link?.probe();
  }

  end(): void {
    if (this.#link === undefined) this.abort();
    else this.#link.end();
  }

  endSending(): void {
    this.#link?.endSending();
  }

  abort(): void {
    if (this.#link !== undefined) this.#link.abort();
    else this.#close(ABORTED);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#retryAtMs = undefined;
    try {
      const socket = connect({ path: this.#address.host, allowHalfOpen: true });
      this.#socket = socket;
      socket.on("error", this.#failed);
      socket.once("connect", () => this.#connected(socket));
    } catch (error) {
      this.#close(reasonOf(error as Error));
    }
  }

  #connected(socket: Socket): void {
    if (this.#state !== "connecting" || this.#events === undefined) return;
    this.#state = "open";
    const { allowHalfOpen } = this;
    const options = { allowHalfOpen, canReset: false, remoteAddress: this.#address };
    this.#link = new StreamLink(socket, "accepted", options);
    socket.off("error", this.#failed);
    this.#link.attach(this.#events);
  }

  readonly #failed = (error: NodeJS.ErrnoException): void => {
    if (this.#state !== "connecting") return;
    const reason = reasonOf(error);
    if (error.code === "EAGAIN") {
      this.#state = "waiting";
      this.failedAttempts = [{ address: this.#address, reason }]; // one for all of them
    } else {
      this.#close(reason);
    }
  };

  #close(reason: CloseReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    drop(this.#socket);
    this.#events?.closed(reason);
  }
}

/** About a frame: a listener that is only busy has room again then. */
const FIRST_PAUSE_MS = 20;
/** So that many that wait do not keep the machine busy. */
const LONGEST_PAUSE_MS = 200;

const ABORTED: CloseReason = { kind: "local", message: "this side closed the connection" };
