/**
 * The soak's server: listens on all transports, checks the numbers of what players
 * send, sends each of them numbered words, and closes some of them. Records
 * what must never happen.
 */
import { type Connection, type Frame, type Listener, lines, Poller } from "../../src/index.ts";
import type { ListenerAddress, SoakListener } from "./listeners.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What is counted of a connection. */
interface WordCounts {
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

  readonly #listeners: ReadonlyMap<SoakListener, Listener<string>>;
  readonly #counts: WeakMap<Connection<string>, WordCounts> = new WeakMap();
  readonly #random: SeededRandom;
  #tick = 0;

  constructor(listeners: readonly SoakListener[], random: SeededRandom) {
    const codec = lines({ maxLineBytes: 1_000 });
    this.#listeners = new Map(
      listeners.map((listener) => [listener, this.poller.listen(listener.transport, codec)]),
    );
    this.#random = random;
    this.poller.on("close", ({ reason: { kind } }) => {
      this.endings.set(kind, (this.endings.get(kind) ?? 0) + 1);
      if (kind === "failed") this.faults.push("a connection failed for no reason that has a name");
    });
    this.poller.on("unlisten", ({ reason }) => this.faults.push(`a listener closed: ${reason.message}`));
  }

  /** Where it listens; `undefined` until all listeners listen. */
  get addresses(): readonly ListenerAddress[] | undefined {
    const all = [...this.#listeners].map(([{ name }, { address }]) => ({ name, address }));
    if (all.some(({ address }) => address === undefined)) return undefined;
    return all.map(({ name, address }) => ({ name, host: address?.host ?? "", port: address?.port ?? 0 }));
  }

  /** How many connections it has. */
  get connections(): number {
    return [...this.#listeners.values()].reduce((sum, { connections }) => sum + connections.size, 0);
  }

  /** What is left though nobody is there: nothing. */
  get remains(): string[] {
    const { ready, hasActivity, stats } = this.poller;
    return [
      ...(this.connections > 0 ? [`${this.connections} connections`] : []),
      ...(ready.length > 0 ? [`${ready.length} ready connections`] : []),
      ...(hasActivity ? ["activity"] : []),
      ...(stats.accepted !== stats.closed ? [`${stats.accepted} came and ${stats.closed} went`] : []),
    ];
  }

  /** One tick of the game. */
  tick(frame: Frame): void {
    this.#tick++;
    for (const listener of this.#listeners.values()) {
      while (listener.tryAccept() !== undefined);
      const left = listener.drain((connection, word) => this.#receive(connection, word), {
        messages: MESSAGES_PER_FRAME,
      });
      if (left < 0 || frame.received < 0) this.faults.push("a count below nothing");
      for (const connection of listener.connections) this.#serve(connection);
    }
  }

  #receive(connection: Connection<string>, text: string): void {
    const counts = this.#countsOf(connection);
    const [kind, number] = text.split(" ");
    if (kind !== "say" && kind !== "bye") return; // somebody babbles
    if (number === String(counts.next)) counts.next++;
    else this.faults.push(`${text} came, and not number ${counts.next}`);
  }

  /** Tells it a word now and then, and sometimes sends it away. */
  #serve(connection: Connection<string>): void {
    if (connection.state !== "open") return;
    if (connection.pendingBytes > LIMITS.sendLimitBytes) this.faults.push("more is pending than may be");
    const counts = this.#countsOf(connection);
    if (this.#tick % TICKS_PER_WORD === 0 && connection.trySend(`word ${counts.told}`)) counts.told++;
    const chance = this.#random.next();
    if (chance < 0.001) connection.close();
    else if (chance < 0.002) connection.abort();
    else if (chance < 0.003) connection.end();
    else if (chance < 0.01) while (connection.trySend(`word ${counts.told}`)) counts.told++; // fills it to the brim
  }

  #countsOf(connection: Connection<string>): WordCounts {
    let counts = this.#counts.get(connection);
    if (counts === undefined) this.#counts.set(connection, (counts = { next: 0, told: 0 }));
    return counts;
  }
}

const LIMITS = { receiveLimitBytes: 65_536, sendLimitBytes: 16_384, closeTimeoutMs: 500 };
const MESSAGES_PER_FRAME = 2_000;
const TICKS_PER_WORD = 3;
