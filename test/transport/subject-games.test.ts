/**
 * Random games of datagrams with subjects: many send to many subjects, frames come in any order,
 * inboxes are small, the broker is killed, stands still and comes back. At the end of each part all
 * that was sent is accounted for at each receiver: received, or counted by the one name that fits.
 */
import { afterEach, expect, test } from "vitest";
import {
  bytes,
  type DatagramSocket,
  lines,
  memory,
  Poller,
  subject,
  type Transport,
} from "../../src/index.ts";
import { nats } from "../../src/nats.ts";
import { describeRows, type Needing } from "../rows.ts";
import { SEED } from "../seed.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import { Broker } from "./nats/broker.ts";

interface Row extends Needing {
  readonly name: string;
  readonly games: number;
  /** Gives transports that can reach each other, and the broker between them, if there is one. */
  readonly network: () => Promise<{ place: () => Transport; broker?: Broker }>;
}

const QUICK = { pingIntervalMs: 100, maxPingsOut: 2, reconnectMs: 50, connectTimeoutMs: 500 };

const ROWS: readonly Row[] = [
  {
    name: "memory",
    games: 20,
    network: async () => {
      const wire = memory();
      return { place: () => wire };
    },
  },
  {
    name: "nats",
    games: 3,
    network: async () => {
      const broker = await Broker.start();
      ends.push(broker);
      return { broker, place: () => nats({ servers: broker.url, ...QUICK }) };
    },
    needs: ["nats-server"],
  },
];

const ends: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of ends.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

describeRows(ROWS)("$name", ({ network, games }) => {
  test("each message to a subject is received, dropped, malformed, lost or failed, at each who has joined it", async () => {
    const sums = { received: 0, dropped: 0, malformed: 0, lost: 0, failed: 0 };
    let hasBroker = false;
    for (let game = 0; game < games; game++) {
      const random = new SeededRandom(SEED + game);
      const { place, broker } = await network();
      hasBroker = broker !== undefined;
      const players = new Players(place, random);
      await players.begin();
      for (let part = 0; part < 3; part++) {
        await players.play(broker);
        const counted = await players.settle();
        if (part < 2) continue;
        for (const name of NAMES) sums[name] += counted[name];
      }
    }
    // A game in which nothing of the kind happens holds nothing.
    const happening = hasBroker ? NAMES : (["received", "dropped", "malformed"] as const);
    for (const name of happening) expect(`${name}: ${Math.sign(sums[name])}`).toBe(`${name}: 1`);
  });
});

const NAMES = ["received", "dropped", "malformed", "lost", "failed"] as const;
type Counted = Record<(typeof NAMES)[number], number>;

/** All who play one game. */
class Players {
  readonly #random: SeededRandom;
  readonly #gateway = new Poller();
  readonly #world = new Poller({ receiveLimitBytes: 20_000 });
  readonly #senders: DatagramSocket<Uint8Array>[];
  readonly #receivers: DatagramSocket<string>[];
  /** How many messages each receiver has taken. */
  readonly #taken = new Map<DatagramSocket<string>, number>();
  /** The last word that each receiver has heard, by sender and subject. */
  readonly #heard = new Map<DatagramSocket<string>, Map<string, number>>();
  /** What each receiver was not told of, as the broker did not know yet that it had joined. */
  readonly #unheard = new Map<DatagramSocket<string>, number>();
  #word = 0;

  constructor(place: () => Transport, random: SeededRandom) {
    this.#random = random;
    ends.push(this.#gateway, this.#world);
    this.#world.on("malformed", () => {}); // without a listener each is a warning
    this.#senders = Array.from({ length: random.between(1, 3) }, () => this.#gateway.bind(place(), bytes()));
    this.#receivers = Array.from({ length: random.between(1, 3) }, () => this.#world.bind(place(), lines()));
    for (const receiver of this.#receivers) {
      this.#taken.set(receiver, 0);
      this.#heard.set(receiver, new Map());
      receiver.join(random.pick(["news.*", "news.>"]));
    }
  }

  /** Everybody is there, and the first number of each subject is heard, from which its losses count. */
  async begin(): Promise<void> {
    await this.#until(() => this.#all.every(({ state }) => state === "open"));
    await this.settle();
  }

  async play(broker: Broker | undefined): Promise<void> {
    const random = this.#random;
    const moves: readonly (() => unknown)[] = [
      () => this.#send(),
      () => this.#send(),
      () => this.#send(),
      () => this.#gateway.flush(),
      () => this.#gateway.poll(),
      () => this.#world.poll(),
      () => this.#take(random.between(0, 30)),
      turn,
      turn,
    ];
    const killAt = random.between(10, 150);
    const backAt = killAt + random.between(0, 200);
    const isKill = random.next() < 0.7;
    for (let step = 0; step < STEPS; step++) {
      await random.pick(moves)();
      if (step === killAt && isKill) await broker?.kill();
      else if (step === killAt) broker?.freeze();
      if (step !== backAt || broker === undefined) continue;
      if (random.next() < 0.5) await this.#until(() => this.#all.some(({ linked }) => !linked));
      for (let count = 0; count < 3; count++) this.#send();
      if (isKill) broker.restartSoon();
      else broker.thaw();
    }
  }

  /** One more word of each sender has come everywhere, and the sums are the same. */
  async settle(): Promise<Counted> {
    let round = 0;
    let nextRound = 0;
    await this.#until(() => {
      if (round > 0 && this.#receivers.every((receiver) => this.#hasHeardAll(receiver))) return true;
      const isQuiet = this.#all.every(({ linked, pendingBytes }) => linked && pendingBytes === 0);
      if (isQuiet && round++ >= nextRound) {
        nextRound = 2 * nextRound + 200;
        this.#word++; // the word before may have failed, or been dropped
        this.#sayWord();
      }
      return false;
    });
    const sum = (of: (sender: DatagramSocket<Uint8Array>) => number): number =>
      this.#senders.reduce((total, sender) => total + of(sender), 0);
    const sent = sum(({ stats }) => stats.sentMessages);
    const failed = sum(({ stats }) => stats.failed);
    const all: Counted = { received: 0, dropped: 0, malformed: 0, lost: 0, failed };
    for (const receiver of this.#receivers) {
      const { lost, dropped, malformed } = receiver.stats;
      const received = this.#taken.get(receiver) ?? 0;
      const counted = received + dropped + malformed + lost + failed;
      if (!this.#unheard.has(receiver)) this.#unheard.set(receiver, sent - counted);
      expect({ sent }).toEqual({ sent: counted + (this.#unheard.get(receiver) ?? 0) });
      all.received += received;
      all.dropped += dropped;
      all.malformed += malformed;
      all.lost += lost;
    }
    return all;
  }

  get #all(): DatagramSocket<never>[] {
    return [...this.#senders, ...this.#receivers] as unknown as DatagramSocket<never>[];
  }

  #send(): void {
    const random = this.#random;
    const sender = random.pick(this.#senders);
    for (let count = random.between(1, 20); count > 0; count--) {
      const message = new Uint8Array(random.between(1, 1_500)).fill(random.next() < 0.05 ? 0xff : 0x78);
      sender.trySendTo(message, subject(random.pick(SUBJECTS)));
    }
  }

  #sayWord(): void {
    const word = new TextEncoder().encode(`word ${this.#word}`);
    for (const sender of this.#senders) for (const name of SUBJECTS) sender.trySendTo(word, subject(name));
  }

  #take(most: number): void {
    for (const receiver of this.#receivers) {
      for (let count = 0; count < most; count++) {
        const got = receiver.tryRecvFrom();
        if (got === undefined) break;
        this.#taken.set(receiver, (this.#taken.get(receiver) ?? 0) + 1);
        const [, word] = /^word (\d+)$/.exec(got.message) ?? [];
        if (word !== undefined)
          this.#heard.get(receiver)?.set(`${got.from.host}:${got.from.port} ${got.subject}`, Number(word));
      }
    }
  }

  #hasHeardAll(receiver: DatagramSocket<string>): boolean {
    const words = [...(this.#heard.get(receiver)?.values() ?? [])];
    return (
      words.length === this.#senders.length * SUBJECTS.length && words.every((word) => word === this.#word)
    );
  }

  async #until(isThere: () => boolean): Promise<void> {
    for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
      for (const poller of [this.#gateway, this.#world]) poller.poll();
      this.#take(Infinity);
      if (isThere()) return;
      for (const poller of [this.#gateway, this.#world]) poller.flush();
      await turn();
    }
    throw new Error("it did not come");
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const SUBJECTS = ["news.a", "news.b", "news.c"];
const STEPS = 400;
const PATIENCE_MS = 60_000;
