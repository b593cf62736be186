/**
 * A link that is still to be connected: to the address of a name that answers
 * first. From then on every call goes to the link over that socket.
 *
 *     core ── calls ──▶ connecting link ──▶ connect race, until a socket is connected
 *                                      └──▶ link over it, from then on
 *
 * Decides nothing about addresses, nor about what runs over the socket: `open`
 * makes the link of it, such as one that begins a handshake of TLS or WebSocket.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import { ConnectRace, type ConnectTarget, type Dialler } from "./connect-race.ts";
import { reasonOf } from "./error-codes.ts";

/** One link of a client. */
export class ConnectingLink<Made> implements Link {
  /** Of a link that carries goodbyes, once it is there. */
  declare carriesCode?: (code: number) => boolean;
  readonly allowHalfOpen: boolean;
  readonly #race: ConnectRace<Made>;
  readonly #dialler: Dialler<Made>;
  readonly #open: (socket: Made) => Link;
  /** The link over the connected socket. */
  #link: Link | "connecting" | "closed" = "connecting";
  #events: LinkEvents | undefined;

  constructor(
    target: ConnectTarget,
    allowHalfOpen: boolean,
    dialler: Dialler<Made>,
    open: (socket: Made) => Link,
  ) {
    this.allowHalfOpen = allowHalfOpen;
    this.#race = new ConnectRace(target, dialler);
    this.#dialler = dialler;
    this.#open = open;
  }

  get localAddress(): Address | undefined {
    return this.#connected?.localAddress;
  }

  get remoteAddress(): Address | undefined {
    return this.#connected?.remoteAddress;
  }

  get security(): Security | undefined {
    return this.#connected?.security;
  }

  get protocol(): string | undefined {
    return this.#connected?.protocol;
  }

  get rttMs(): number | undefined {
    return this.#connected?.rttMs;
  }

  get failedAttempts(): readonly FailedAttempt[] {
    return this.#race.failedAttempts;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#race.start({
      connected: (socket) => this.#begin(socket, events),
      failed: (reason) => this.#close(reason),
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#connected?.write(bytes) ?? true;
  }

  pause(): void {
    this.#connected?.pause();
  }

  resume(): void {
    this.#connected?.resume();
  }

  probe(): void {
    this.#connected?.probe?.();
  }

  reportPartial(): void {
    this.#connected?.reportPartial?.();
  }

  end(reason?: CloseReason): void {
    if (this.#link === "connecting") this.abort();
    else this.#connected?.end(reason);
  }

  endSending(): void {
    if (this.#link === "connecting") this.abort();
    else this.#connected?.endSending();
  }

  abort(reason?: CloseReason): void {
    if (this.#link === "connecting") {
      this.#race.stop();
      this.#dialler.later(() => this.#close(LOCAL));
    } else {
      this.#connected?.abort(reason);
    }
  }

  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    if (this.#link !== "connecting") return this.#connected?.pump?.(nowMs, poller, beginsFrame);
    return this.#race.pump(nowMs) ?? Infinity; // the link to come may want a pump
  }

  get #connected(): Link | undefined {
    return typeof this.#link === "string" ? undefined : this.#link;
  }

  #begin(socket: Made, events: LinkEvents): void {
    try {
      this.#link = this.#open(socket);
    } catch (error) {
      this.#dialler.drop(socket);
      this.#close(reasonOf(error as Error));
      return;
    }
    this.#link.attach(events);
  }

  /** Closes a link that was never connected. */
  #close(reason: CloseReason): void {
    if (this.#link !== "connecting") return;
    this.#link = "closed";
    this.#events?.closed(reason);
  }
}

const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
