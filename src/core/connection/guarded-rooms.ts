/**
 * The rooms of a connection to a stranger: the same as any, with a guard who
 * watches what the peer does, and rules for what is too much. Decides nothing.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import { LossRecorder } from "../frame/loss-recorder.ts";
import { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import { GuardedIntake } from "../receive/guarded-intake.ts";
import { LimitedDecoder } from "../receive/limited-decoder.ts";
import { pauseBytesOf, SiftedReceiving } from "../receive/sifted-receiving.ts";
import { GuardedOutbox } from "../send/guarded-outbox.ts";
import { Sending } from "../send/sending.ts";
import { GuardedLifeline } from "./guarded-lifeline.ts";
import type { RoomsMaker } from "./rooms.ts";
import { Watches } from "./watches.ts";

/**
 * Rooms under these limits: one object for all that are made of it. Nothing is
 * spread here, which in V8 gives each object a hidden class of its own: two
 * spreads were 4 of the 9 KiB that the core allocated for a guest, and a third
 * of the time it took; in Node 20 another was five times the time for each
 * message sent.
 */
export function guardedRooms(limits: Limits & PeerLimits): RoomsMaker {
  return (owner, link, codec) => {
    const { context, listener, member } = owner;
    const books = new TrafficRecorder(context, listener);
    const losses = new LossRecorder(books.own, owner);
    const outbox = new GuardedOutbox(link, context.buffers, limits, () => {
      losses.count(0, 1);
      member.file(); // the next poll tells of it
    });
    const { maxMessageBytes } = limits;
    const plain = codec.decoder();
    const decoder = maxMessageBytes === Infinity ? plain : new LimitedDecoder(plain, maxMessageBytes);
    const intake = new GuardedIntake(link, decoder, pauseBytesOf(limits), owner);
    const watches = new Watches({ link, intake, outbox, limits }, owner);
    const life = new GuardedLifeline({ link, intake, outbox, limits }, owner);
    life.wake = () => watches.wake();
    const fail = (reason: CloseReason) => life.breakOff(reason);
    const parts = { intake, books, context, limits, losses, fail };
    const receiving = new SiftedReceiving(parts, member);
    const refused = () => {
      if (limits.sendOverflow === "close") fail(fullOf(limits.sendLimitBytes));
    };
    const guard = {
      look(): boolean {
        if (life.isWatched) watches.look(receiving.resumesMs);
        // Once it reads on, its silence is to be watched again.
        return life.isTalking && receiving.showsAll && !intake.paused;
      },
      flushed(): void {
        outbox.settle(); // a link that is over is given nothing, and what waits for it may wait for long
        if (life.isWatched && outbox.pendingBytes > 0) watches.flushed();
      },
    };
    const sending = new Sending({ codec, outbox, books, life, refused }, owner);
    return { link, intake, receiving, sending, outbox, life, books, guard };
  };
}

function fullOf(sendLimitBytes: number): CloseReason {
  const message = `the peer took too little: more than ${sendLimitBytes} bytes would wait`;
  return { kind: "overflow", code: "sendLimitBytes", message };
}
