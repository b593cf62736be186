/**
 * The server of an evening: accepts, reads, answers, broadcasts, and is restarted, which
 * is another poller and another listener at the same place.
 */
import { type DrainBudget, type Listener, Poller } from "../../src/index.ts";
import { broadcastNoted } from "../fuzz/broadcast.ts";
import { type Message, nameOf } from "../fuzz/messages.ts";
import { closePoller, disposePoller } from "../fuzz/moves/pollers.ts";
import { FIRST_BROADCASTER } from "../fuzz/party.ts";
import { mustBeDeliberate, type PollerSide } from "../fuzz/poller-side.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { randomOf } from "./plan.ts";
import { KEYS } from "./player.ts";
import type { SimulatedEnd } from "./simulated-end.ts";
import type { World } from "./world.ts";

type AnyGameListener = Listener<Message, Message>;

/** The server, through all its restarts. */
export class Server {
  readonly random: SeededRandom;
  readonly listeners: AnyGameListener[] = [];
  side: PollerSide;
  stalledUntil = 0;
  deafUntil = 0;
  downUntil = 0;
  /** The frames until which it says nothing of its own. */
  quietUntil = 0;
  readonly #world: World;
  readonly #habits: { readonly acceptChance: number; readonly drain: Drain; readonly echoChance: number };
  #broadcasts = 0;

  constructor(world: World) {
    this.#world = world;
    const random = randomOf(world.plan.seed, 1);
    this.random = random;
    this.#habits = {
      acceptChance: random.pick([1, 1, 0.3]),
      drain: random.pick(["all", "all", "budget", "each", "seldom"] as const),
      echoChance: random.pick([0, 0.2, 1]),
    };
    this.side = this.#newSide();
    this.listen();
  }

  /** Those of now: one for each way that leads here. */
  get present(): readonly AnyGameListener[] {
    return this.listeners.slice(-this.#world.serverTransports.length);
  }

  get isListening(): boolean {
    return this.present.some(({ state }) => state !== "closed");
  }

  listen(): void {
    const { plan, serverTransports } = this.#world;
    if (this.side.state !== "in use" || (this.listeners.length > 0 && this.isListening)) return;
    const poller = this.side.poller as Poller;
    for (const way of serverTransports)
      this.listeners.push(poller.listen(way, plan.language.codec, plan.listen));
  }

  /** Closes the listener; the connections that the game has not accepted are reset. */
  closeListener(): void {
    if (!this.isListening) return;
    for (const end of this.#ends()) if (!end.isAccepted) end.noteClosed(true);
    for (const listener of this.present) listener.close();
  }

  /** Stops it, and begins again some frames later. */
  restart(atFrame: number, isOrderly: boolean): void {
    if (this.side.state !== "in use") return;
    this.stop(isOrderly);
    this.downUntil = atFrame;
  }

  stop(isOrderly: boolean): void {
    this.closeListener();
    if (isOrderly) {
      closePoller(this.side);
      this.#world.leaving.push(this.side);
    } else disposePoller(this.side);
  }

  /** Its frame. */
  step(frame: number): void {
    if (this.side.state !== "in use") {
      if (frame < this.downUntil) return;
      this.side = this.#newSide();
    }
    if (frame < this.stalledUntil) return;
    if (!this.isListening && frame >= this.downUntil) this.listen();
    this.#world.poll(this.side);
    if (this.random.next() < this.#habits.acceptChance) this.accept();
    if (frame >= this.deafUntil) this.#read();
    if (this.random.next() < 0.2 && frame >= this.quietUntil)
      this.broadcast(this.random.next() < 0.4 ? this.random.pick(KEYS) : undefined);
    this.side.poller.flush();
  }

  accept(): void {
    for (const listener of this.present) this.#acceptFrom(listener);
  }

  #acceptFrom(listener: AnyGameListener): void {
    for (let one = listener.tryAccept(); one !== undefined; one = listener.tryAccept()) {
      const end = this.side.ends.get(one as never) as SimulatedEnd | undefined;
      if (end === undefined) throw new Error("a connection is accepted that no event has told of");
      end.isAccepted = true;
      if (this.random.next() < 0.5) end.send();
    }
  }

  broadcast(key: string | undefined): void {
    if (this.side.state !== "in use") return;
    for (const listener of this.present) this.#broadcastTo(listener, key);
  }

  #broadcastTo(listener: AnyGameListener, key: string | undefined): void {
    const { plan, digest } = this.#world;
    const name = nameOf(FIRST_BROADCASTER, this.#broadcasts++);
    const message = plan.language.messageOf(name);
    const except = this.random.next() < 0.2 ? this.#anyEnd() : undefined;
    digest.add("broadcast", name, broadcastNoted(listener, this.side.ends, { name, message, key, except }));
  }

  /** One of those that are accepted and not over. */
  #anyEnd(): SimulatedEnd | undefined {
    const all = this.#ends().filter((end) => end.isAccepted && end.connection.state !== "closed");
    return all[this.random.between(0, Math.max(0, all.length - 1))];
  }

  #ends(): SimulatedEnd[] {
    return [...this.side.ends.values()] as SimulatedEnd[];
  }

  #read(): void {
    const { drain } = this.#habits;
    const { random } = this;
    if (drain === "each") {
      for (const end of this.#ends()) {
        if (end.isAccepted && !end.discards) end.take(random.pick([1, 5, Infinity]), this.#world.parties);
      }
    } else if (drain === "all") this.#drain({});
    else if (drain === "budget") this.#drain(random.pick(BUDGETS));
    else if (random.next() < 0.1) this.#drain({});
  }

  #drain(budget: DrainBudget): void {
    const { parties, digest } = this.#world;
    const visit = (connection: unknown, message: Message): void => {
      const end = this.side.ends.get(connection as never) as SimulatedEnd | undefined;
      if (end === undefined) throw new Error("drain gave a message of a connection that nobody has");
      end.look(message, parties);
      if (this.random.next() < this.#habits.echoChance) end.send();
      if (this.random.next() < 0.002) this.#world.actOn(end, this.random);
    };
    try {
      for (const listener of this.listeners.slice(-2 * this.present.length))
        digest.add("left", listener.drain(visit, budget));
    } catch (error) {
      mustBeDeliberate(error);
    }
  }

  #newSide(): PollerSide {
    const { plan, clock } = this.#world;
    return this.#world.addSide(new Poller({ ...plan.server, clock }), "far");
  }
}

type Drain = "all" | "budget" | "each" | "seldom";
const BUDGETS: readonly DrainBudget[] = [{ messages: 1 }, { messages: 20 }, { bytes: 500 }, { ms: 1 }, {}];
