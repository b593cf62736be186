/**
 * The soak's server: listens at all doors, checks the numbers of what players
 * say, tells each of them numbered words, and sends some of them away. Keeps
 * book of what must never happen.
 */
import { type Connection, type Frame, type Listener, lines, Poller } from "../../src/index.ts";
import type { Door, DoorAddress } from "./listeners.ts";
import type { Dice } from "./seeded-random.ts";

/** What is kept of a guest. */
interface Book {
  /** The number that its next word must have. */
  next: number;
  /** How many words it was told. */
  told: number;
}

/** A server for players of all sorts. */
export class SoakServer {
  readonly poller: Poller = new Poller(LIMITS);
  /** What must never happen, in words. */
  readonly faults: string[] = [];
  /** How often connections ended in each way. */
  readonly endings: Map<string, number> = new Map();

  readonly #listeners: ReadonlyMap<Door, Listener<string>>;
  readonly #books: WeakMap<Connection<string>, Book> = new WeakMap();
  readonly #dice: Dice;
  #tick = 0;

  constructor(doors: readonly Door[], dice: Dice) {
    const codec = lines({ maxLineBytes: 1_000 });
    this.#listeners = new Map(doors.map((door) => [door, this.poller.listen(door.transport, codec)]));
    this.#dice = dice;
    this.poller.on("close", ({ reason: { kind } }) => {
      this.endings.set(kind, (this.endings.get(kind) ?? 0) + 1);
      if (kind === "failed") this.faults.push("a connection failed for no reason that has a name");
    });
    this.poller.on("unlisten", ({ reason }) => this.faults.push(`a listener closed: ${reason.message}`));
  }

  /** Where it listens; `undefined` until all doors are open. */
  get addresses(): readonly DoorAddress[] | undefined {
    const all = [...this.#listeners].map(([{ name }, { address }]) => ({ name, address }));
    if (all.some(({ address }) => address === undefined)) return undefined;
    return all.map(({ name, address }) => ({ name, host: address?.host ?? "", port: address?.port ?? 0 }));
  }

  /** How many are in the house. */
  get guests(): number {
    return [...this.#listeners.values()].reduce((sum, { connections }) => sum + connections.size, 0);
  }

  /** What is left though nobody is there: nothing. */
  get remains(): string[] {
    const { ready, hasActivity, stats } = this.poller;
    return [
      ...(this.guests > 0 ? [`${this.guests} guests`] : []),
      ...(ready.length > 0 ? [`${ready.length} ready connections`] : []),
      ...(hasActivity ? ["news"] : []),
      ...(stats.accepted !== stats.closed ? [`${stats.accepted} came and ${stats.closed} went`] : []),
    ];
  }

  /** One tick of the game. */
  tick(frame: Frame): void {
    this.#tick++;
    for (const listener of this.#listeners.values()) {
      while (listener.tryAccept() !== undefined);
      const left = listener.drain((guest, word) => this.#hear(guest, word), { messages: MESSAGES_PER_FRAME });
      if (left < 0 || frame.received < 0) this.faults.push("a count below nothing");
      for (const guest of listener.connections) this.#attend(guest);
    }
  }

  #hear(guest: Connection<string>, text: string): void {
    const book = this.#bookOf(guest);
    const [kind, number] = text.split(" ");
    if (kind !== "say" && kind !== "bye") return; // somebody babbles
    if (number === String(book.next)) book.next++;
    else this.faults.push(`${text} came, and not number ${book.next}`);
  }

  /** Tells it a word now and then, and sometimes sends it away. */
  #attend(guest: Connection<string>): void {
    if (guest.state !== "open") return;
    if (guest.pendingBytes > LIMITS.sendLimitBytes) this.faults.push("more is pending than may be");
    const book = this.#bookOf(guest);
    if (this.#tick % TICKS_PER_WORD === 0 && guest.trySend(`word ${book.told}`)) book.told++;
    const chance = this.#dice.roll();
    if (chance < 0.001) guest.close();
    else if (chance < 0.002) guest.abort();
    else if (chance < 0.003) guest.end();
    else if (chance < 0.01) while (guest.trySend(`word ${book.told}`)) book.told++; // fills it to the brim
  }

  #bookOf(guest: Connection<string>): Book {
    let book = this.#books.get(guest);
    if (book === undefined) this.#books.set(guest, (book = { next: 0, told: 0 }));
    return book;
  }
}

const LIMITS = { receiveLimitBytes: 65_536, sendLimitBytes: 16_384, closeTimeoutMs: 500 };
const MESSAGES_PER_FRAME = 2_000;
const TICKS_PER_WORD = 3;
