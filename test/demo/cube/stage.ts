/**
 * A stage for peers of the cube: a network in memory, and time as a field. Each
 * `frame` is one frame of everybody, in the order in which they came.
 */

import { Peer } from "../../../demo/cube/peer.ts";
import type { Change } from "../../../demo/cube/shared/changes.ts";
import { formatPosition } from "../../../demo/cube/shared/wire.ts";
import type { Role } from "../../../demo/cube/shared/world.ts";
import { type Connection, lines, type MemoryTransport, memory, Poller } from "../../../src/index.ts";

/** A peer on the stage, and all that changed for it. */
export interface Actor {
  readonly peer: Peer;
  readonly poller: Poller;
  readonly changes: Change[];
}

/** A client as with `nc`: sends what the test gives it, and keeps what it receives. */
export interface Person {
  readonly connection: Connection<string>;
  readonly poller: Poller;
  readonly received: string[];
}

export class Stage {
  readonly net: MemoryTransport = memory();
  nowMs = 0;
  readonly #actors = new Set<Actor>();
  readonly #people = new Set<Person>();

  enter(role: Role, how: "listen" | "connect", poller: Poller = new Poller()): Actor {
    const peer = new Peer(poller, role, { how, transport: this.net, where: "the network" });
    const actor: Actor = { peer, poller, changes: [] };
    this.#actors.add(actor);
    return actor;
  }

  /** Ends a peer as `kill -9` does: at once, and without a word. */
  kill(actor: Actor): void {
    actor.poller[Symbol.dispose]();
    this.#actors.delete(actor);
  }

  person(): Person {
    const poller = new Poller();
    const person: Person = { connection: poller.connect(this.net, lines()), poller, received: [] };
    this.#people.add(person);
    return person;
  }

  /** So many frames of everybody, each `dtMs` later than the one before. */
  frames(count: number, dtMs: number = 10): void {
    for (let frame = 0; frame < count; frame++) {
      this.nowMs += dtMs;
      for (const person of this.#people) {
        person.poller.poll(this.nowMs);
        person.received.push(...person.connection);
        person.poller.flush();
      }
      for (const { peer, poller, changes } of this.#actors) {
        changes.push(...peer.frame(poller.poll(this.nowMs), dtMs));
        poller.flush();
      }
    }
  }
}

/** The positions among changes, as they would be written. */
export function places(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => (change.kind === "cube" ? [formatPosition(change.position)] : []));
}

/** What changed between the peers, without the positions. */
export function links(changes: readonly Change[]): Change[] {
  return changes.filter((change) => change.kind !== "cube");
}
