/**
 * Streams over a broker that loses and doubles messages as it likes: what is read is always
 * the beginning of what was written, and an end in order means all of it. The broker is a
 * list, and time goes by assignment, so that each game is played again by its seed.
 */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Acceptor, CloseReason, Link } from "../../../src/index.ts";
import type { Bus, BusUser } from "../../../src/transport/nats/bus.ts";
import type { BusMessage } from "../../../src/transport/nats/client.ts";
import { NatsAcceptor } from "../../../src/transport/nats/nats-acceptor.ts";
import { NatsLink } from "../../../src/transport/nats/nats-link.ts";
import { Streams } from "../../../src/transport/nats/streams.ts";
import { isLong, SEED } from "../../seed.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const fate = fc.constantFrom("come", "come", "come", "come", "come", "come", "lost", "twice");
const who = fc.constantFrom("near", "far");
const step = fc.oneof(
  fc.record({ what: fc.constant("deliver" as const), fates: fc.array(fate, { maxLength: 8 }) }),
  fc.record({ what: fc.constant("write" as const), who, sizeBytes: fc.integer({ min: 1, max: 100_000 }) }),
  fc.record({ what: fc.constantFrom("end", "endSending", "pause", "resume"), who }),
  fc.record({ what: fc.constant("wait" as const), ticks: fc.integer({ min: 1, max: 6 }) }),
);

test("a stream over a broker that loses and doubles is whole, or a reset beginning of itself", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      vi.clearAllTimers(); // of a game that has failed
      const { broker, near, far, acceptor } = pair();
      for (const one of steps) {
        const end = "who" in one && one.who === "far" ? far : near;
        if (one.what === "deliver") broker.deliver((one as { fates: string[] }).fates);
        else if (one.what === "wait") pass(broker, (one as { ticks: number }).ticks, false);
        else if (one.what === "write") end.write((one as { sizeBytes: number }).sizeBytes);
        else end.link[one.what as "end" | "endSending" | "pause" | "resume"]();
      }
      for (const end of [near, far]) end.link.resume();
      pass(broker, 100, true);
      for (const [end, peer] of [
        [near, far],
        [far, near],
      ] as const) {
        expect(end.got).toBeLessThanOrEqual(peer.written);
        const isWhole = !end.isDiscarding && !peer.isCut;
        if (end.reason === undefined || isInOrder(end.reason))
          if (isWhole) expect(end.got).toBe(peer.written);
        if (!broker.isFaulty) expect(end.reason === undefined || isInOrder(end.reason)).toBe(true);
      }
      for (const { link } of [near, far]) link.abort();
      acceptor.close();
      pass(broker, 4, true);
      expect([broker.users, vi.getTimerCount()]).toEqual([0, 0]);
    }),
    { numRuns: isLong ? 20_000 : 150, seed: SEED },
  );
});

function isInOrder({ kind }: CloseReason): boolean {
  return kind === "remote" || kind === "local";
}

/** So many ticks of both; `isGood`: and all comes that is sent. */
function pass(broker: LossyBroker, ticks: number, isGood: boolean): void {
  for (let tick = 0; tick < ticks; tick++) {
    if (isGood) broker.deliver();
    vi.advanceTimersByTime(250);
  }
  if (isGood) broker.deliver();
}

/** Both ends of a stream between two machines, open. */
function pair(): { broker: LossyBroker; near: End; far: End; acceptor: Acceptor } {
  const broker = new LossyBroker();
  const parts = { listener: "world.7", name: "gateway.1", allowHalfOpen: true };
  const acceptor: Acceptor = new NatsAcceptor(new Streams(broker.bus()), "world.7", true);
  let far: End | undefined;
  const incoming = (link: Link) => {
    far = new End(link, 1);
  };
  acceptor.attach({
    listening: () => {},
    incoming,
    handshaking: () => {
      throw new Error("there is no handshake");
    },
    rejected: () => {},
    closed: () => {},
  });
  broker.deliver();
  const near = new End(new NatsLink({ ...parts, streams: new Streams(broker.bus()) }), 2);
  broker.deliver();
  if (far === undefined) throw new Error("nobody was accepted");
  return { broker, near, far, acceptor };
}

/** One end: it writes bytes of its own, and looks whether it hears the other's, each in its place. */
class End {
  readonly link: Link;
  readonly #id: number;
  written = 0;
  got = 0;
  reason: CloseReason | undefined;
  hasEnded = false;
  isDiscarding = false;
  /** Whether it closed with bytes that it still had. */
  isCut = false;
  #waiting = 0;

  constructor(link: Link, id: number) {
    this.link = link;
    this.#id = id;
    const peer = 3 - id;
    link.attach({
      opened: () => {},
      received: (bytes) => {
        for (const byte of bytes)
          if (byte !== byteOf(peer, this.got++))
            throw new Error(`byte ${this.got - 1} is none of the peer's there`);
      },
      partial: () => {},
      suspended: () => {},
      resumed: () => {},
      drained: (sizeBytes) => {
        this.#waiting -= sizeBytes;
      },
      ended: () => {
        this.hasEnded = true;
      },
      closed: (reason) => {
        this.reason = reason;
        this.isCut = this.#waiting > 0;
      },
    });
    const { end, endSending } = link;
    link.end = () => {
      this.isDiscarding = true;
      this.#isSending = false;
      end.call(link);
    };
    link.endSending = () => {
      this.#isSending = false;
      endSending.call(link);
    };
  }

  #isSending = true;

  write(sizeBytes: number): void {
    if (!this.#isSending || this.reason !== undefined) return;
    const from = this.written;
    this.written += sizeBytes;
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, index) => byteOf(this.#id, from + index));
    this.#waiting += sizeBytes;
    if (this.link.write(bytes)) this.#waiting -= sizeBytes;
  }
}

function byteOf(id: number, position: number): number {
  return (position * 31 + (position >>> 8) * 17 + id * 101) & 255;
}

/** A broker as a list of what is under way. */
class LossyBroker {
  /** Whether something was lost or came twice. */
  isFaulty = false;
  users = 0;
  readonly #heard = new Set<{ readonly subject: string; readonly take: (message: BusMessage) => void }>();
  #queue: ((() => void) | BusMessage)[] = [];

  /** The connection of one machine. */
  bus(): Bus {
    const bus = {
      isOpen: true,
      maxPayloadBytes: 20_000,
      settings: { deadPeerMs: 5_000 },
      use: (user: BusUser) => {
        this.users++;
        user.opened();
      },
      leave: () => {
        this.users--;
      },
      subscribe: (subject: string, _queue: undefined, take: (message: BusMessage) => void) => {
        const one = { subject, take };
        this.#heard.add(one);
        return { end: () => this.#heard.delete(one) };
      },
      publish: (subject: string, bytes: Uint8Array, reply: string) =>
        this.#queue.push({ subject, bytes, reply, isNobody: false }),
      confirm: (done: () => void) => this.#queue.push(done),
    };
    return bus as unknown as Bus;
  }

  /** Delivers the next messages, each with its fate; without fates, all, until there are no more. */
  deliver(fates?: readonly string[]): void {
    for (let count = 0; count < (fates?.length ?? MOST); count++) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (typeof next === "function") next();
      else this.#deliverOne(next, fates?.[count] ?? "come");
    }
    if (fates === undefined) throw new Error("the two talk without end");
  }

  #deliverOne(message: BusMessage, fate: string): void {
    if (fate !== "come") this.isFaulty = true;
    for (let times = ["lost", "come", "twice"].indexOf(fate); times > 0; times--) this.#hand(message);
  }

  #hand(message: BusMessage): void {
    const { subject, reply } = message;
    const takers = [...this.#heard].filter((one) =>
      one.subject.endsWith(".*") ? subject.startsWith(one.subject.slice(0, -1)) : subject === one.subject,
    );
    for (const { take } of takers) take(message);
    if (takers.length === 0 && reply !== "")
      this.#hand({ subject: reply, reply: "", bytes: new Uint8Array(0), isNobody: true });
  }
}

const MOST = 100_000;
