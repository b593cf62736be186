/**
 * The events of one listener, with the types of its connections. `core/events.ts`
 * queues and emits them, in one order with those of the poller.
 */
import { kindOf, suggestionFor } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";

/** The types of events for `listener.on`, each with the event that its handlers get. */
export type ListenerEvents<Member, Parent> = {
  /** It is listening, and its `address` is known. */
  listen: { readonly listener: Parent };
  /** It listens no more, or never began to, for `reason`. */
  unlisten: { readonly listener: Parent; readonly reason: CloseReason };
  /** A connection waits to be accepted. `tryAccept()` takes it. */
  accept: { readonly listener: Parent; readonly connection: Member };
  /** `count` incoming connections were rejected since the last frame, for `reason`. */
  drop: { readonly listener: Parent; readonly count: number; readonly reason: CloseReason };
  /** Messages of a connection were dropped since the last frame: how many of each direction. */
  lose: { readonly connection: Member; readonly received: number; readonly sent: number };
  /** A connection's send buffer has room again, after a `trySend` that was refused. */
  drain: { readonly connection: Member };
  /** A session has lost its line to the peer, which may come back: `linked` says whether it has by now. */
  suspend: { readonly connection: Member };
  /** It has a line again, and goes on where it was. `remoteAddress` may be another one. */
  resume: { readonly connection: Member };
  /** A connection has closed, and the game has received its last message. */
  close: { readonly connection: Member; readonly reason: CloseReason };
};

/** A function that handles events of the given type of one listener. */
export type ListenerHandler<Member, Parent, Type extends keyof ListenerEvents<Member, Parent>> = (
  event: ListenerEvents<Member, Parent>[Type],
) => void;

/** The name of an event of a listener. */
export type ListenerEventType = keyof ListenerEvents<never, never>;

/** Throws a TypeError when `type` is no event of a listener. */
export function checkListenerEvent(type: unknown): void {
  if (typeof type !== "string")
    throw new TypeError(`type: expected the name of an event, got ${kindOf(type)}`);
  if (Object.hasOwn(TYPES, type)) return;
  const suggestion = suggestionFor(type, Object.keys(TYPES));
  throw new TypeError(`type: a listener has no event ${JSON.stringify(type)}; ${suggestion}`);
}

const TYPES: Record<ListenerEventType, true> = {
  listen: true,
  unlisten: true,
  accept: true,
  drop: true,
  lose: true,
  drain: true,
  suspend: true,
  resume: true,
  close: true,
};
