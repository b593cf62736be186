/** A game for terminals: players in one place, who type and are told what happens. Knows no socket, so a test plays it in memory. */
import type { Connection, Listener } from "tickwire";

type Player = Connection<string>;

export class Game {
  /** Who is there, by name; a newcomer has none until the first line. */
  readonly names = new Map<Player, string>();
  readonly #server: Listener<string>;

  constructor(server: Listener<string>) {
    this.#server = server;
  }

  /** One tick, between `poll()` and `flush()`. */
  tick(): void {
    for (let player = this.#server.tryAccept(); player !== undefined; player = this.#server.tryAccept()) {
      player.trySend("Who are you?");
    }
    this.#server.drain((player, line) => this.#take(player, line.trim()));
    for (const [player, name] of this.names) {
      if (player.state !== "closed") continue;
      this.names.delete(player);
      this.#tell(`${name} has left.`);
    }
  }

  #take(player: Player, line: string): void {
    const name = this.names.get(player);
    if (name === undefined) {
      this.#welcome(player, line);
      return;
    }
    const [word = "", ...rest] = line.split(" ");
    if (word === "say") this.#tell(`${name} says: ${printable(rest.join(" "))}`);
    else if (word === "look") player.trySend(`Here are ${[...this.names.values()].join(", ")}.`);
    else if (word !== "quit") player.trySend("You can: say WORDS, look, quit.");
    else {
      player.trySend("Goodbye.");
      player.close();
    }
  }

  #welcome(player: Player, name: string): void {
    if (!/^\w{1,20}$/.test(name)) {
      player.trySend("A name of up to 20 letters, please.");
    } else if ([...this.names.values()].includes(name)) {
      player.trySend(`${name} is here already. Another name?`);
    } else {
      this.names.set(player, name);
      this.#tell(`${name} has come.`);
    }
  }

  /** To all who have a name. One who does not read misses lines, and after a minute is closed. */
  #tell(line: string): void {
    for (const player of this.names.keys()) player.trySend(line);
  }
}

/** A stranger's words as others' terminals may show them: no escape codes, no bells. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
