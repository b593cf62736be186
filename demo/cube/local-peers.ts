/**
 * The peers of this process: one, or both, linked over real TCP or by a recording of it.
 * Decides when each begins, and which steers. Knows no view: each frame is
 * answered as panes.
 */
import type { ConditionedOptions, Frame, Poller } from "../../src/index.ts";
import { type Carrier, SOCKETS } from "./carrier.ts";
import { formatEndpoint, reachableHost } from "./endpoint.ts";
import type { LinkOptions, Options } from "./options.ts";
import { Peer } from "./peer.ts";
import type { Change } from "./shared/changes.ts";
import { type Command, drive, push, type Role, START } from "./shared/world.ts";
import type { Windows } from "./windows.ts";

/** One peer and what changed for it in this frame. Views read it; they never write. */
export interface Pane {
  readonly peer: Pick<Peer, "role" | "world" | "link" | "tally" | "frameTripMs" | "lineTripMs">;
  readonly changes: readonly Change[];
  /** Something to know for as long as it runs. */
  readonly note: string | undefined;
}

/** The peers of this process. */
export class LocalPeers {
  readonly #poller: Poller;
  readonly #options: Options;
  readonly #windows: Windows | undefined;
  readonly #carrier: Carrier;
  readonly #peers: Peer[];
  #note: string | undefined;
  #drivenMs = 0;

  /** @param windows through which people look at the one peer, if they do */
  constructor(poller: Poller, options: Options, windows?: Windows, carrier: Carrier = SOCKETS) {
    const { peers, link, network } = options;
    this.#poller = poller;
    this.#options = options;
    this.#windows = windows;
    this.#carrier = carrier;
    // Of both, it is the mover that has the bad network.
    this.#peers = [peers === "both" ? this.#peerAt("mirror", link, {}) : this.#peerAt(peers, link, network)];
  }

  /** One frame of all. In `both`, the mover joins once the mirror listens. */
  frame(frame: Frame, dtMs: number, commands: readonly Command[]): readonly Pane[] {
    const panes: Pane[] = [];
    for (const peer of [...this.#peers]) {
      const turnedAway = this.#windows?.receive(peer) ?? [];
      if (peer.role === "mover") this.#steer(peer, frame.nowMs, dtMs, commands);
      const changes = [...turnedAway, ...peer.frame(frame, dtMs)];
      this.#windows?.send(frame, peer);
      panes.push({ peer, changes, note: peer.role === "mirror" ? this.#note : undefined });
      if (this.#options.peers === "both") this.#arrange(peer, changes);
    }
    return panes;
  }

  /** Why this process cannot go on; `undefined` while it can. */
  get failure(): string | undefined {
    if (this.#windows?.failure !== undefined) return `cannot serve windows: ${this.#windows.failure}`;
    for (const { link } of this.#peers) {
      if (link.kind === "failed")
        return `cannot listen on ${formatEndpoint(this.#options.link)}: ${link.why}`;
    }
    return undefined;
  }

  #steer(mover: Peer, nowMs: number, dtMs: number, commands: readonly Command[]): void {
    let { velocity } = mover.world;
    for (const command of commands) velocity = push(velocity, command);
    if (this.#options.auto && mover.isHeld(nowMs)) {
      velocity = START.velocity;
    } else if (this.#options.auto && mover.knowsPosition) {
      velocity = drive(mover.world.position, this.#drivenMs, dtMs);
      this.#drivenMs += dtMs;
    }
    mover.steer(velocity);
  }

  #arrange(peer: Peer, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "listening") this.#startMover(change.where);
      if (change.kind !== "failed" || this.#options.isEndpointFixed || this.#note !== undefined) continue;
      // Another mirror has the usual port; these two can meet on any.
      this.#note = `${change.where} is taken, so another port was chosen`;
      const { host } = this.#options.link;
      const elsewhere: LinkOptions = { how: "listen", host, port: 0 };
      this.#peers[this.#peers.indexOf(peer)] = this.#peerAt("mirror", elsewhere);
    }
  }

  #startMover(where: string): void {
    const port = Number(where.slice(where.lastIndexOf(":") + 1));
    const host = reachableHost(this.#options.link.host);
    const there: LinkOptions = { how: "connect", host, port };
    this.#peers.unshift(this.#peerAt("mover", there, this.#options.network));
  }

  #peerAt(role: Role, link: LinkOptions, conditions: ConditionedOptions = {}): Peer {
    const { wire: format } = this.#options;
    const way = this.#carrier.wayAt(link, conditions);
    return new Peer(this.#poller, role, { ...way, how: link.how, where: formatEndpoint(link), format });
  }
}
