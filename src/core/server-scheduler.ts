/**
 * The scheduler of a poller that also listens, binds datagram sockets, claims leases and
 * looks up addresses. These are its sources: they report their changes as connections do, and a
 * frame shows them first.
 *
 *     markSourceDirty ──▶ dirty sources ┊ runFrame: updateSources ──▶ accept queues, datagrams, events
 *
 * Apart from `scheduler.ts` so that a page does not load it.
 */
import type { CloseReason } from "../port/close-reason.ts";
import type { Claim } from "./claim/claim.ts";
import { Claims } from "./claim/claims.ts";
import type { AnyConnection } from "./connection/connection.ts";
import type { Malformed } from "./datagram/datagram-ingress.ts";
import type { AnyDatagramSocket } from "./datagram/datagram-socket.ts";
import type {
  ClaimContext,
  Closing,
  DatagramContext,
  Keeping,
  ListenerContext,
  Source,
} from "./frame/poll-context.ts";
import type { AnyListener } from "./listen/listener.ts";
import { Scheduler } from "./scheduler.ts";
import { ListPair } from "./storage/reusable-list.ts";
import { Unheard } from "./unheard.ts";

/** The scheduler of one poller with sources. */
export class ServerScheduler
  extends Scheduler
  implements
    ListenerContext<AnyConnection, AnyListener>,
    DatagramContext<AnyDatagramSocket>,
    ClaimContext<Claim>
{
  readonly claims: Claims = new Claims();
  /** Listeners, datagram sockets, claims and listings that are not closed, and pending lookups. */
  readonly sources: Set<Closing> = new Set();
  readonly #dirtySources = new ListPair<Source>();
  readonly #unheard = new Unheard();
  /** What has ended in this frame, which nobody listens for: the game may still look. */
  #unread: UnreadEnding[] = [];
  /** The listeners that keep for the game what has left them at this time. */
  readonly #keeping = new Set<Keeping>();

  override get isEmpty(): boolean {
    return super.isEmpty && this.sources.size === 0;
  }

  override get hasActivity(): boolean {
    if (super.hasActivity) return true;
    for (const source of this.sources) if (source.hasLeftovers) return true;
    return false;
  }

  override get dueInMs(): number {
    return Math.min(super.dueInMs, this.claims.dueInMs);
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

  emitSocket(what: "bind" | "unlink" | "link" | "unbind", socket: AnyDatagramSocket): void {
    if (what !== "unbind") {
      this.events.queue(what, { socket });
      return;
    }
    this.sources.delete(socket);
    const reason = socket.closeReason as CloseReason;
    if (this.events.queue("unbind", { socket, reason }) || reason.kind === "local") return;
    socket.isReasonRead = false;
    this.#unread.push({ event: "unbind", what: "a datagram socket is closed: ", reason, of: socket });
  }

  emitClaim(what: "hold" | "unhold", claim: Claim): void {
    if (what === "hold") {
      this.events.queue("hold", { claim });
      return;
    }
    const reason = claim.closeReason as CloseReason;
    if (this.events.queue("unhold", { claim, reason }) || reason.kind === "local") return;
    claim.isReasonRead = false;
    this.#unread.push({ event: "unhold", what: "", reason, of: claim });
  }

  emitListener(what: "listen" | "unlisten", listener: AnyListener): void {
    if (what === "listen") {
      this.events.queue("listen", { listener }, listener);
      return;
    }
    this.sources.delete(listener);
    const reason = listener.closeReason as CloseReason;
    if (this.events.queue("unlisten", { listener, reason }, listener) || reason.kind === "local") return;
    listener.isReasonRead = false;
    this.#unread.push({ event: "unlisten", what: "a listener does not listen: ", reason, of: listener });
  }

  emitAccept(listener: AnyListener, connection: AnyConnection): void {
    this.events.queue("accept", { listener, connection }, listener);
  }

  emitDrop(listener: AnyListener, count: number, reason: CloseReason): void {
    if (this.events.queue("drop", { listener, count, reason }, listener)) return;
    this.#unheard.say("drop", reason, "an incoming connection was dropped: ");
  }

  keep(keeping: Keeping): void {
    this.#keeping.add(keeping);
  }

  protected override updateSources(): void {
    this.claims.judge(this.nowMs); // before all else, so that nothing is shown to an owner that has no lease any more
    if (this.#unread.length > 0) this.#sayUnread();
    if (this.#keeping.size > 0) {
      for (const keeping of this.#keeping) if (keeping.letGo()) this.#keeping.delete(keeping);
    }
    if (this.#dirtySources.length === 0) return;
    const updating = this.#dirtySources.take();
    for (let index = 0; index < updating.length; index++) updating.at(index).update();
    updating.truncate(0);
  }

  /** Says what ended in the last frame, unless the game has read why. */
  #sayUnread(): void {
    for (const { event, what, reason, of } of this.#unread) {
      if (!of.isReasonRead) this.#unheard.say(event, reason, what);
    }
    this.#unread = [];
  }
}

/** The end of a source that nobody listens for. */
interface UnreadEnding {
  readonly event: "unlisten" | "unbind" | "unhold";
  readonly what: string;
  readonly reason: CloseReason;
  readonly of: { readonly isReasonRead: boolean };
}
