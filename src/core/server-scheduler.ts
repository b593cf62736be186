/**
 * The scheduler of a poller that also listens, binds datagram sockets and looks up
 * addresses. These are its sources: they report their changes as connections do, and a
 * frame shows them first.
 *
 *     markSourceDirty ──▶ dirty sources ┊ runFrame: updateSources ──▶ accept queues, datagrams, events
 *
 * Apart from `scheduler.ts` so that a page does not load it.
 */
import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import type { Malformed } from "./datagram/datagram-ingress.ts";
import type { AnyDatagramSocket } from "./datagram/datagram-socket.ts";
import type { Closing, DatagramContext, ListenerContext, Source } from "./frame/poll-context.ts";
import type { AnyListener } from "./listen/listener.ts";
import { Scheduler } from "./scheduler.ts";
import { ListPair } from "./storage/reusable-list.ts";
import { Unheard } from "./unheard.ts";

/** The scheduler of one poller with sources. */
export class ServerScheduler
  extends Scheduler
  implements ListenerContext<AnyConnection, AnyListener>, DatagramContext<AnyDatagramSocket>
{
  /** Listeners and datagram sockets that are not closed, and pending lookups. */
  readonly sources: Set<Closing> = new Set();
  readonly #dirtySources = new ListPair<Source>();
  readonly #unheard = new Unheard();

  override get isEmpty(): boolean {
    return super.isEmpty && this.sources.size === 0;
  }

  override get hasActivity(): boolean {
    if (super.hasActivity) return true;
    for (const source of this.sources) if (source.hasLeftovers) return true;
    return false;
  }

  override get hasChanges(): boolean {
    return this.#dirtySources.length > 0 || super.hasChanges;
  }

  markSourceDirty(source: Source): void {
    this.#dirtySources.push(source);
    this.wakeUp();
  }

  removeSource(source: Closing): void {
    this.sources.delete(source);
  }

  pushAccepted(connection: AnyConnection): void {
    if (connection.receiver.ready > 0) this.pushReady(connection);
  }

  emitMalformed(socket: AnyDatagramSocket, malformed: Malformed): void {
    if (this.events.queue("malformed", { socket, ...malformed })) return;
    this.#unheard.say("malformed", malformed.reason);
  }

  emitSocket(what: "bind" | "unbind", socket: AnyDatagramSocket): void {
    if (what === "bind") {
      this.events.queue("bind", { socket });
      return;
    }
    this.sources.delete(socket);
    const reason = socket.closeReason as CloseReason;
    if (this.events.queue("unbind", { socket, reason }) || reason.kind === "local") return;
    this.#unheard.say("unbind", reason, "a datagram socket is closed: ");
  }

  emitListener(what: "listen" | "unlisten", listener: AnyListener): void {
    if (what === "listen") {
      this.events.queue("listen", { listener }, listener);
      return;
    }
    this.sources.delete(listener);
    const reason = listener.closeReason as CloseReason;
    if (this.events.queue("unlisten", { listener, reason }, listener) || reason.kind === "local") return;
    this.#unheard.say("unlisten", reason, "a listener does not listen: ");
  }

  emitAccept(listener: AnyListener, connection: AnyConnection): void {
    this.events.queue("accept", { listener, connection }, listener);
  }

  emitDrop(listener: AnyListener, count: number, reason: CloseReason): void {
    if (this.events.queue("drop", { listener, count, reason }, listener)) return;
    this.#unheard.say("drop", reason, "an incoming connection was dropped: ");
  }

  protected override updateSources(): void {
    if (this.#dirtySources.length === 0) return;
    const updating = this.#dirtySources.take();
    for (let index = 0; index < updating.length; index++) updating.at(index).update();
    updating.truncate(0);
  }
}
