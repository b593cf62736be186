/**
 * Who plays: one peer, or both in one process, linked over real TCP on
 * loopback. Decides when each begins, and who steers. Knows no view: what a
 * frame was like is answered as panes.
 */
import { type Frame, type Poller, tcp } from "../../src/index.ts";
import type { Change } from "./news.ts";
import { formatPlace, type Options, type Place } from "./options.ts";
import { Peer } from "./peer.ts";
import { type Command, drive, push, type Role } from "./world.ts";

/** One peer and what changed for it in this frame. Views read it; they never write. */
export interface Pane {
  readonly peer: Pick<Peer, "role" | "world" | "link" | "tally" | "roundTripMs">;
  readonly changes: readonly Change[];
  /** Something to know for as long as it runs. */
  readonly note: string | undefined;
}

/** The peers of this process. */
export class Cast {
  readonly #poller: Poller;
  readonly #options: Options;
  readonly #peers: Peer[];
  #note: string | undefined;
  #drivenMs = 0;

  constructor(poller: Poller, options: Options) {
    const { cast, meeting } = options;
    this.#poller = poller;
    this.#options = options;
    this.#peers = [peerAt(poller, cast === "both" ? "mirror" : cast, meeting)];
  }

  /** One frame of all. In `both`, the mover joins once the mirror listens. */
  frame(frame: Frame, dtMs: number, commands: readonly Command[]): readonly Pane[] {
    const panes: Pane[] = [];
    for (const peer of [...this.#peers]) {
      if (peer.role === "mover") this.#steer(peer, dtMs, commands);
      const changes = peer.frame(frame, dtMs);
      panes.push({ peer, changes, note: peer.role === "mirror" ? this.#note : undefined });
      if (this.#options.cast === "both") this.#arrange(peer, changes);
    }
    return panes;
  }

  /** Why nothing more can come of this; `undefined` while something can. */
  get failure(): string | undefined {
    for (const { link } of this.#peers) {
      if (link.kind === "failed")
        return `cannot listen on ${formatPlace(this.#options.meeting)}: ${link.why}`;
    }
    return undefined;
  }

  #steer(mover: Peer, dtMs: number, commands: readonly Command[]): void {
    let { velocity } = mover.world;
    for (const command of commands) velocity = push(velocity, command);
    if (this.#options.auto && mover.knowsPosition) {
      velocity = drive(mover.world.position, this.#drivenMs, dtMs);
      this.#drivenMs += dtMs;
    }
    mover.steer(velocity);
  }

  #arrange(peer: Peer, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "listening") this.#joinBy(change.where);
      if (change.kind !== "failed" || this.#options.isPlaceFixed || this.#note !== undefined) continue;
      // Somebody else's mirror has the usual port; these two can meet on any.
      this.#note = `${change.where} is taken, so another port was chosen`;
      const { host } = this.#options.meeting;
      this.#peers[this.#peers.indexOf(peer)] = peerAt(this.#poller, "mirror", {
        how: "listen",
        host,
        port: 0,
      });
    }
  }

  #joinBy(where: string): void {
    const port = Number(where.slice(where.lastIndexOf(":") + 1));
    const host = reachable(this.#options.meeting.host);
    this.#peers.unshift(peerAt(this.#poller, "mover", { how: "connect", host, port }));
  }
}

function peerAt(poller: Poller, role: Role, place: Place): Peer {
  const { how, host, port } = place;
  return new Peer(poller, role, { how, transport: tcp({ host, port }), where: formatPlace(place) });
}

/** "Everywhere" is a place to listen, not one to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
