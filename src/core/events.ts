/**
 * Lifecycle events: the one place that knows mitt. They are gathered while a
 * frame is cut and told at the end of `poll()`, when the frame is whole. What a
 * handler throws waits until every handler was told. Messages are never
 * events; they are pulled.
 */
import mitt, { type Emitter } from "mitt";
import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import type { AnyListener } from "./listen/listener.ts";

/** What can be listened to with `poller.on`, and what each handler is given. */
export type PollerEvents = {
  /** A listener is listening; its `address` is known. */
  listen: { readonly listener: AnyListener };
  /** A listener listens no more, or never came to: `reason` says why. */
  unlisten: { readonly listener: AnyListener; readonly reason: CloseReason };
  /** A guest is at the door. `tryAccept()` takes it. */
  accept: { readonly listener: AnyListener; readonly connection: AnyConnection };
  /** Guests were sent away since the last frame, `count` of them. */
  drop: { readonly listener: AnyListener; readonly count: number; readonly reason: CloseReason };
  /** A connection made by `connect` is open. */
  open: { readonly connection: AnyConnection };
  /** Messages of a connection were dropped since the last frame, by the policy that was chosen for it. */
  lose: { readonly connection: AnyConnection; readonly received: number; readonly sent: number };
  /** There is room again, after a `trySend` that found none. */
  drain: { readonly connection: AnyConnection };
  /** A connection is closed, and its last message was taken. */
  close: { readonly connection: AnyConnection; readonly reason: CloseReason };
};

/** What takes an event of the given type. */
export type Handler<Type extends keyof PollerEvents> = (event: PollerEvents[Type]) => void;

/** The events of one poller. */
export class Events {
  readonly #emitter: Emitter<PollerEvents> = createEmitter();
  #gathered: (() => void)[] = [];
  #thrown: unknown[] = [];

  on<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>): void {
    if (!this.#handlersOf(type).includes(handler)) this.#emitter.on(type, handler);
  }

  off<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>): void {
    this.#emitter.off(type, handler);
  }

  /** Notes an event for the end of this poll. */
  gather<Type extends keyof PollerEvents>(type: Type, event: PollerEvents[Type]): void {
    if (this.#handlersOf(type).length > 0) this.#gathered.push(() => this.#emit(type, event));
  }

  /** Tells what was gathered. Throws what the handlers threw, after all of them ran. */
  tell(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const emit of gathered) emit();
    const thrown = this.#thrown;
    this.#thrown = [];
    if (thrown.length === 1) throw thrown[0];
    if (thrown.length > 1) throw new AggregateError(thrown, `${thrown.length} event handlers threw`);
  }

  /** Like mitt's own, but that a handler which throws does not keep the event from the others. */
  #emit<Type extends keyof PollerEvents>(type: Type, event: PollerEvents[Type]): void {
    for (const handler of [...this.#handlersOf(type)]) {
      try {
        handler(event);
      } catch (error) {
        this.#thrown.push(error);
      }
    }
  }

  #handlersOf<Type extends keyof PollerEvents>(type: Type): readonly Handler<Type>[] {
    const handlers = this.#emitter.all.get(type) ?? []; // under "*", which is no type of ours, others
    return handlers as readonly Handler<Type>[];
  }
}

// Under `module: nodenext` mitt's default export is typed as its whole module.
const createEmitter = mitt as unknown as () => Emitter<PollerEvents>;
