/**
 * The frames of a poller that has listeners and datagram sockets too: houses,
 * which settle before the connections do. Also what a house full of guests
 * needs and a client does not: a budget for each frame, in fair turns.
 */

import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import { DeadlineHeap } from "./frame/deadline-heap.ts";
import {
  type Closing,
  type DatagramContext,
  type ListenerContext,
  RECEIVED,
  type Source,
} from "./frame/poll-context.ts";
import type { AnyListener } from "./listen/listener.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import { ConnectionSet } from "./storage/connection-set.ts";
import type { ReusableList } from "./storage/reusable-list.ts";
import { RoundRobin } from "./storage/round-robin.ts";

/** How much may become visible in one frame. */
export interface Budget {
  readonly messages: number;
  /** Bytes of those messages on the wire. */
  readonly bytes: number;
}

/** Frames with houses. */
export class ServerScheduler
  extends Scheduler
  implements ListenerContext<AnyConnection, AnyListener>, DatagramContext
{
  /** Listeners and datagram sockets. */
  readonly sources: Set<Closing> = new Set();

  readonly #budget: Budget;
  readonly #isUnlimited: boolean;
  readonly #turns = new RoundRobin<AnyConnection>({
    remaining: (connection) => connection.rooms.receiving.arriving,
  });
  // One gathers while the other is worked off.
  #dirtySources: Source[] = [];
  #updatingSources: Source[] = [];

  constructor(rules: SchedulerOptions, budget: Budget) {
    super(rules, new DeadlineHeap(rules.maxFrameMs), new ConnectionSet());
    this.#budget = budget;
    this.#isUnlimited = budget.messages === Infinity && budget.bytes === Infinity;
  }

  override get isEmpty(): boolean {
    return super.isEmpty && this.sources.size === 0;
  }

  override get hasActivity(): boolean {
    return super.hasActivity || this.#dirtySources.length > 0;
  }

  markSourceDirty(source: Source): void {
    this.#dirtySources.push(source);
    this.wakeUp();
  }

  removeSource(source: Closing): void {
    this.sources.delete(source);
  }

  pushAccepted(connection: AnyConnection): void {
    if (connection.rooms.receiving.ready > 0) this.pushReady(connection);
  }

  override emit(what: "open" | "close" | "drain", connection: AnyConnection): void {
    super.emit(what, connection);
    if (what === "close") connection.listener?.remove(connection);
  }

  emitListener(what: "listen" | "unlisten", listener: AnyListener): void {
    if (what === "listen") {
      this.events.gather("listen", { listener });
      return;
    }
    this.sources.delete(listener);
    this.events.gather("unlisten", { listener, reason: listener.closeReason as CloseReason });
  }

  emitAccept(listener: AnyListener, connection: AnyConnection): void {
    this.events.gather("accept", { listener, connection });
  }

  emitDrop(listener: AnyListener, count: number, reason: CloseReason): void {
    this.events.gather("drop", { listener, count, reason });
  }

  protected override updateSources(): void {
    if (this.#dirtySources.length === 0) return;
    const visiting = this.#dirtySources;
    this.#dirtySources = this.#updatingSources;
    this.#updatingSources = visiting;
    for (const source of visiting) source.update();
    visiting.length = 0;
  }

  protected override pushReady(connection: AnyConnection): void {
    super.pushReady(connection);
    if (connection.inbox.ready > 0) connection.listener?.offerTurn(connection, this.frame.tick);
  }

  protected override updateConnection(connection: AnyConnection): boolean {
    if (this.#isUnlimited) {
      // Only what is calm is seen before it is sifted: sifting may file the others.
      if (connection.isCalm && connection.see() === RECEIVED && hear(connection)) return true;
      connection.rooms.receiving.sift();
      return super.updateConnection(connection);
    }
    const hasSomething = connection.update();
    if (connection.rooms.receiving.arriving > 0) connection.refile();
    return hasSomething;
  }

  protected override latch(visiting: ReusableList<AnyConnection>): number {
    if (this.#isUnlimited) return 0;
    const { messages, bytes } = this.#budget;
    for (let index = 0; index < visiting.length; index++) visiting.at(index).rooms.receiving.sift();
    const { receivedMessages, receivedBytes } = this.counters;
    for (let index = 0; index < visiting.length; index++)
      this.#turns.add(visiting.at(index), this.frame.tick);
    return this.#turns.run((connection) => {
      if (this.counters.receivedMessages - receivedMessages >= messages) return false;
      if (this.counters.receivedBytes - receivedBytes >= bytes) return false;
      connection.rooms.receiving.latch(1);
      return true;
    });
  }
}

/**
 * What most frames are for most connections. All that `settle` looks into took
 * 1,000 of them with a line each 0.95 ms a frame, most of it waiting for memory;
 * this takes 0.2. Answers whether there was anything to show.
 */
function hear({ inbox, books }: AnyConnection): boolean {
  const count = inbox.latch();
  if (count > 0) books.recordLatch(count, inbox);
  return count > 0;
}
