/**
 * Lifecycle events: the only file that knows mitt. Events are queued while
 * `poll()` builds a frame, and emitted at its end, when the frame is complete. If
 * handlers throw, the errors are thrown after every handler has run. Messages
 * are never events; the game pulls them.
 */
import mitt, { type Emitter } from "mitt";
import { isFunction, kindOf, suggestionFor } from "../check.ts";
import type { Address } from "../port/address.ts";
import type { CloseReason } from "../port/close-reason.ts";
import type { Claim } from "./claim/claim.ts";
import type { AnyConnection } from "./connection/connection.ts";
import type { AnyDatagramSocket } from "./datagram/datagram-socket.ts";
import type { AnyListener } from "./listen/listener.ts";

/** The types of events for `poller.on`, each with the event that its handlers get. */
export type PollerEvents = {
  /** A listener is listening; its `address` is known. */
  listen: { readonly listener: AnyListener };
  /** A listener has stopped listening, or could not start, for `reason`. */
  unlisten: { readonly listener: AnyListener; readonly reason: CloseReason };
  /** A connection waits to be accepted. `tryAccept()` takes it. */
  accept: { readonly listener: AnyListener; readonly connection: AnyConnection };
  /** `count` incoming connections were rejected since the last frame, for `reason`. */
  drop: { readonly listener: AnyListener; readonly count: number; readonly reason: CloseReason };
  /** A connection made by `connect` has opened. */
  open: { readonly connection: AnyConnection };
  /** The overflow policy of a connection has dropped messages since the last frame: how many of each direction. */
  lose: { readonly connection: AnyConnection; readonly received: number; readonly sent: number };
  /** The send buffer has room again, after a `trySend` that was refused. */
  drain: { readonly connection: AnyConnection };
  /** A session has lost its line to the peer, which may come back: `linked` says whether it has by now. */
  suspend: { readonly connection: AnyConnection };
  /** It has a line again, and goes on where it was. `remoteAddress` may be another one. */
  resume: { readonly connection: AnyConnection };
  /** A datagram socket is bound; its `address` is known. */
  bind: { readonly socket: AnyDatagramSocket };
  /** What carries a datagram socket's messages is away, such as a broker: `linked` says whether it is by now. */
  unlink: { readonly socket: AnyDatagramSocket };
  /** It is there again. */
  link: { readonly socket: AnyDatagramSocket };
  /** A datagram socket has closed, or could not be bound, for `reason`. */
  unbind: { readonly socket: AnyDatagramSocket; readonly reason: CloseReason };
  /**
   * `count` received datagrams were dropped since the last frame, as they could not be
   * decoded; `reason` says what was wrong with the last one, which came from `from`.
   */
  malformed: {
    readonly socket: AnyDatagramSocket;
    readonly count: number;
    readonly reason: CloseReason;
    readonly from: Address;
  };
  /** The lease of a claim is held: its `epoch` and its `snapshot` are known. */
  hold: { readonly claim: Claim };
  /** The lease of a claim is held no more, or can never be, for `reason`; of kind `local` when the game released it. */
  unhold: { readonly claim: Claim; readonly reason: CloseReason };
  /** A connection has closed, and the game has received its last message. */
  close: { readonly connection: AnyConnection; readonly reason: CloseReason };
};

/** A function that handles events of the given type. */
export type Handler<Type extends keyof PollerEvents> = (event: PollerEvents[Type]) => void;

/** The events of one poller. */
export class Events {
  readonly #emitter: Emitter<PollerEvents> = createEmitter();
  /** The handlers of one listener each. */
  readonly #emitters = new WeakMap<object, Emitter<PollerEvents>>();
  #queued: (() => void)[] = [];
  #errors: unknown[] = [];

  /** Adds a handler; with `listener`, of its events alone. */
  on<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>, listener?: object): void {
    checkSubscription(type, handler);
    let emitter = this.#emitterOf(listener);
    if (emitter === undefined) this.#emitters.set(listener as object, (emitter = createEmitter()));
    if (!handlersOf(emitter, type).includes(handler)) emitter.on(type, handler);
  }

  off<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>, listener?: object): void {
    checkSubscription(type, handler);
    this.#emitterOf(listener)?.off(type, handler);
  }

  /**
   * Queues an event, of `listener` if it has one, for the end of this poll. Returns
   * `false`, and does nothing, without handlers.
   */
  queue<Type extends keyof PollerEvents>(type: Type, event: PollerEvents[Type], listener?: object): boolean {
    const isHeard = this.#handlersOf(type, listener).length > 0;
    if (isHeard) this.#queued.push(() => this.#emit(type, event, listener));
    return isHeard;
  }

  /** Emits the queued events. If handlers throw, rethrows after all of them have run: one error, or an AggregateError. */
  emitQueued(): void {
    if (this.#queued.length === 0) return;
    const queued = this.#queued;
    this.#queued = [];
    for (const emit of queued) emit();
    const errors = this.#errors;
    this.#errors = [];
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} event handlers threw`);
  }

  /** Like `emit` of mitt, but a handler that throws does not keep the event from the others. */
  #emit<Type extends keyof PollerEvents>(
    type: Type,
    event: PollerEvents[Type],
    listener: object | undefined,
  ): void {
    for (const handler of this.#handlersOf(type, listener)) {
      try {
        handler(event);
      } catch (error) {
        this.#errors.push(error);
      }
    }
  }

  #emitterOf(listener: object | undefined): Emitter<PollerEvents> | undefined {
    return listener === undefined ? this.#emitter : this.#emitters.get(listener);
  }

  /** The poller's handlers, then the listener's. */
  #handlersOf<Type extends keyof PollerEvents>(type: Type, listener?: object): readonly Handler<Type>[] {
    const own = listener && this.#emitters.get(listener);
    return [...handlersOf(this.#emitter, type), ...(own === undefined ? [] : handlersOf(own, type))];
  }
}

function handlersOf<Type extends keyof PollerEvents>(
  emitter: Emitter<PollerEvents>,
  type: Type,
): readonly Handler<Type>[] {
  const handlers = emitter.all.get(type) ?? []; // mitt's "*" is not among our types
  return handlers as readonly Handler<Type>[];
}

function checkSubscription(type: unknown, handler: unknown): void {
  if (typeof type !== "string")
    throw new TypeError(`type: expected the name of an event, got ${kindOf(type)}`);
  if (!Object.hasOwn(TYPES, type)) {
    const suggestion = suggestionFor(type, Object.keys(TYPES));
    throw new TypeError(`type: there is no event ${JSON.stringify(type)}; ${suggestion}`);
  }
  isFunction("handler", handler);
}

const TYPES: Record<keyof PollerEvents, true> = {
  listen: true,
  unlisten: true,
  accept: true,
  drop: true,
  open: true,
  lose: true,
  bind: true,
  unlink: true,
  link: true,
  unbind: true,
  malformed: true,
  hold: true,
  unhold: true,
  drain: true,
  suspend: true,
  resume: true,
  close: true,
};

// Under `module: nodenext` mitt's default export is typed as its whole module.
const createEmitter = mitt as unknown as () => Emitter<PollerEvents>;
