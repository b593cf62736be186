/**
 * A peer of a session that keeps no rule: at either end, over lines of which each call is
 * seen. Whatever it says, the session has bounds, and other sessions go on.
 */
import { describe, expect, test } from "vitest";
import {
  type Acceptor,
  type AcceptorEvents,
  type Connection,
  type Link,
  type LinkEvents,
  lines,
  Poller,
  type PollerOptions,
  type SessionOptions,
  session,
} from "../../../../src/index.ts";
import {
  byeFrame,
  FRAME,
  idFrame,
  plainFrame,
  pongFrame,
  writeVarint,
} from "../../../../src/transport/wrap/session/frames.ts";
import { encodeGreeting, type Hello } from "../../../../src/transport/wrap/session/greetings.ts";
import { SEED } from "../../../seed.ts";
import { SeededRandom } from "../../../soak/seeded-random.ts";
import { SessionRig } from "./session-rig.ts";

/** A link below a session, at whose other end the test is. */
class StubLink implements Link {
  readonly localAddress: undefined;
  readonly remoteAddress: undefined;
  readonly allowHalfOpen: boolean;
  events: LinkEvents | undefined;
  /** All that the session has written. */
  readonly said: number[] = [];
  writes = 0;
  /** Whether the system takes what is written. */
  takes = true;
  keptBytes = 0;
  /** How it has ended. */
  fate: "none" | "ended" | "aborted" | "broken" = "none";

  constructor(allowHalfOpen = false) {
    this.allowHalfOpen = allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.events = events;
    events.opened();
  }

  write(bytes: Uint8Array): boolean {
    this.writes++;
    this.said.push(...bytes);
    if (!this.takes) this.keptBytes += bytes.length;
    return this.takes;
  }

  pause(): void {}

  resume(): void {}

  endSending(): void {}

  end(): void {
    this.fate = "ended"; // and the peer never ends its side
  }

  abort(): void {
    this.fate = "aborted";
  }

  /** The peer says something. */
  say(...pieces: Uint8Array[]): void {
    for (const piece of pieces) if (!this.isOver) this.events?.received(piece);
  }

  /** It breaks. */
  break(): void {
    if (this.isOver) return;
    this.fate = "broken";
    this.events?.closed({ kind: "reset", message: "cut" });
  }

  get isOver(): boolean {
    return this.fate === "aborted" || this.fate === "broken";
  }
}

/** A server of sessions, whose players are stubs. */
class StubServer {
  readonly poller: Poller;
  readonly listener;
  acceptor: AcceptorEvents | undefined;
  nowMs = 0;
  readonly drops: string[] = [];

  constructor(options: SessionOptions = {}, pollerOptions: PollerOptions = {}) {
    this.poller = new Poller(pollerOptions);
    const acceptor: Acceptor = {
      attach: (events) => {
        this.acceptor = events;
        events.listening(undefined);
      },
      close: () => {},
    };
    const clock = () => this.nowMs;
    this.listener = this.poller.listen(session({ listen: () => acceptor }, { clock, ...options }), lines());
    this.poller.on("drop", ({ reason }) => this.drops.push(reason.message));
    this.frame();
  }

  incoming(link: StubLink, first: Uint8Array = hello()): StubLink {
    this.acceptor?.incoming(link);
    link.say(first);
    return link;
  }

  accept(link: StubLink, first?: Uint8Array): Connection<string> {
    this.incoming(link, first);
    this.frame();
    return this.listener.tryAccept() as Connection<string>;
  }

  frame(passMs = 10): void {
    this.nowMs += passMs;
    this.poller.poll(this.nowMs);
    this.poller.flush();
  }

  pass(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; ) this.frame(100);
  }
}

function hello(changed: Partial<Hello> = {}): Uint8Array {
  return encodeGreeting({
    kind: "new",
    id: new Uint8Array(8).fill(7),
    token: new Uint8Array(16).fill(9),
    epoch: 1,
    received: 0,
    ackBytes: 65_536,
    gateway: "",
    ...changed,
  });
}

/** A player at a server whose peer does not read: a message waits in the line. */
function unread(): { server: StubServer; link: StubLink; player: Connection<string> } {
  const server = new StubServer();
  const link = new StubLink();
  const player = server.accept(link);
  link.takes = false;
  player.trySend("some");
  server.frame();
  return { server, link, player };
}

function dataFrame(text: string): Uint8Array {
  const head = new Uint8Array(12);
  head[0] = FRAME.data;
  const end = writeVarint(head, writeVarint(head, 1, 0), text.length);
  return Uint8Array.from([...head.subarray(0, end), ...new TextEncoder().encode(text)]);
}

const reset = plainFrame(FRAME.reset, 0);
const fin = plainFrame(FRAME.fin, 0);
const bye = byeFrame(0, 4_000, "bye");

describe("a line that is left", () => {
  test.each([
    ["with few bytes that its peer does not read is dropped in a second", 100],
    ["with many is dropped at once", 5_000],
  ])("%s", (_, sizeBytes) => {
    const server = new StubServer();
    const link = new StubLink();
    const player = server.accept(link);
    link.takes = false;
    player.trySend("x".repeat(sizeBytes));
    server.frame();
    link.say(Uint8Array.of(99));
    expect(link.fate).toBe(sizeBytes > 1_024 ? "aborted" : "ended");
    server.pass(1_100);
    expect(link.fate).toBe("aborted");
    expect(player.closeReason?.kind).toBe("protocol");
  });

  test("by an abort is dropped in a second too, when the peer does not read", () => {
    const { server, link, player } = unread();
    player.abort();
    server.pass(1_100);
    expect(link.fate).toBe("aborted");
  });

  test("is dropped also after the listener and its last session have closed", () => {
    const { server, link, player } = unread();
    server.listener.close();
    player.abort();
    server.pass(1_100);
    expect(link.fate).toBe("aborted");
  });

  test("for the word of a refusal waits until the system has that, and no longer", () => {
    const server = new StubServer();
    const link = new StubLink();
    link.takes = false;
    server.incoming(link, hello({ kind: "resume" }));
    expect(link.fate).toBe("ended");
    link.events?.drained(link.keptBytes);
    expect(link.fate).toBe("aborted");
  });

  test.each([false, true])(
    "by a peer that says goodbye and stays is dropped after deadPeerMs (half-open: %s)",
    (half) => {
      const server = new StubServer({ deadPeerMs: 3_000 });
      const link = new StubLink(half);
      const player = server.accept(link);
      link.say(bye);
      server.pass(2_900);
      expect([link.fate, player.state === "closed"]).toEqual(["ended", false]);
      server.pass(300);
      expect([link.fate, player.state]).toEqual(["aborted", "closed"]);
      expect(player.closeReason).toMatchObject({ kind: "remote", goodbye: { code: 4_000, text: "bye" } });
    },
  );
});

describe("an end whose acknowledgement was lost with the line", () => {
  test("is over when the next greeting acknowledges it", () => {
    const server = new StubServer();
    const first = new StubLink(true);
    const player = server.accept(first);
    player.end();
    server.frame();
    first.say(fin);
    first.break();
    server.frame();
    const next = server.incoming(new StubLink(true), hello({ kind: "resume", epoch: 2, received: 1 }));
    expect(next.fate).toBe("ended");
    next.events?.closed({ kind: "remote", message: "closed" });
    server.frame();
    expect([player.state, player.closeReason?.kind]).toEqual(["closed", "local"]);
  });

  test("is told once more on a line that comes while the last one ends", () => {
    const server = new StubServer();
    const first = new StubLink(true);
    const player = server.accept(first);
    first.say(bye);
    const next = server.incoming(new StubLink(true), hello({ kind: "resume", epoch: 2 }));
    expect([first.fate, next.fate]).toEqual(["aborted", "ended"]);
    expect(next.said.slice(0, 13)).toEqual(
      [...new TextEncoder().encode("TWS"), 1, 3, 4, 0, 0, 0, 0, 0, 0, 0].map((byte, at) =>
        at === 5 ? 1 : byte,
      ),
    );
    server.pass(6_000);
    expect([next.fate, player.state]).toEqual(["aborted", "closed"]);
  });
});

describe("a flood", () => {
  const flood = (frame: Uint8Array, times: number) => {
    const bytes = new Uint8Array(frame.length * times);
    for (let index = 0; index < times; index++) bytes.set(frame, index * frame.length);
    return bytes;
  };

  test.each([
    ["pings", idFrame(FRAME.ping, 0, 3)],
    ["echoes", idFrame(FRAME.echo, 0, 0)],
    ["pongs that nobody asked for", pongFrame(0, 0, 5)],
    ["acknowledgements of nothing", plainFrame(FRAME.ack, 0)],
  ])("of %s gets one answer a piece at most, and none while the peer does not read", (_, frame) => {
    const server = new StubServer();
    const link = new StubLink();
    const player = server.accept(link);
    const before = link.writes;
    link.say(flood(frame, 20_000));
    expect(link.writes - before).toBeLessThanOrEqual(1);
    link.takes = false;
    for (let count = 0; count < 20_000; count++) link.say(frame);
    server.frame();
    expect(link.keptBytes).toBeLessThan(1_100);
    expect(player.state).toBe("open");
  });

  test("of half greetings is held to maxPending, and each to handshakeTimeoutMs however slowly it goes on", () => {
    const server = new StubServer({ maxPending: 8, handshakeTimeoutMs: 1_000 });
    const links = Array.from({ length: 2_000 }, (_, count) =>
      server.incoming(new StubLink(), hello().subarray(0, count % 46)),
    );
    const live = () => links.filter(({ fate }) => fate === "none");
    expect(live().length).toBe(8);
    server.pass(500);
    for (const link of live()) link.say(Uint8Array.of(0x54));
    server.pass(600);
    expect(live().length).toBe(0);
    expect(server.accept(new StubLink()).state).toBe("open");
  });

  test("of resumes is one outage a frame, and holds no line but the newest", () => {
    const server = new StubServer();
    const player = server.accept(new StubLink());
    const seen: string[] = [];
    server.poller.on("suspend", () => seen.push("suspend"));
    server.poller.on("resume", () => seen.push("resume"));
    const links = Array.from({ length: 500 }, (_, count) =>
      server.incoming(new StubLink(), hello({ kind: "resume", epoch: 2 + count })),
    );
    server.frame();
    expect(seen).toEqual(["suspend", "resume"]);
    expect(links.filter(({ fate }) => fate !== "aborted")).toEqual([links.at(-1)]);
    expect(player.linked).toBe(true);
  });
});

describe("bytes behind a greeting, while the game takes nothing", () => {
  const limits = { receiveLimitBytes: 10_000, receiveOverflow: "pause" } as const;
  const text = (count: number) => `${count}`.padEnd(30_000, ".");
  const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

  test("are not taken by a server, however many lines bring some, and come once when there is room", () => {
    const server = new StubServer({}, limits);
    const player = server.accept(new StubLink(), join(hello(), dataFrame(`${text(1)}\n`)));
    let last = new StubLink();
    for (let epoch = 2; epoch < 50; epoch++) {
      last = new StubLink();
      const greeting = hello({ kind: "resume", epoch });
      server.incoming(last, join(greeting, dataFrame(`${text(2)}\n`)));
      server.frame();
    }
    expect(player.stats.inboxPeakBytes).toBeLessThan(40_000);
    expect([...player]).toEqual([text(1)]);
    server.frame();
    expect([...player]).toEqual([text(2)]);
    last.say(dataFrame("three\n"));
    server.frame();
    server.frame();
    expect([...player]).toEqual(["three"]);
  });

  test("are not taken by a player either, and an end behind them waits for them", () => {
    const poller = new Poller(limits);
    const links: StubLink[] = [];
    const connect = () => {
      const link = new StubLink(true);
      links.push(link);
      return link;
    };
    let nowMs = 0;
    const frame = () => poller.poll((nowMs += 100));
    const random = (bytes: Uint8Array) => bytes.fill(0); // each try at once
    const player = poller.connect(session({ connect }, { clock: () => nowMs, random }), lines());
    frame();
    const welcome = {
      kind: "welcome",
      received: 0,
      ackBytes: 65_536,
      windowMs: 60_000,
      gateway: "",
    } as const;
    links.at(-1)?.say(join(encodeGreeting(welcome), dataFrame(`${text(1)}\n`)));
    for (let count = 0; count < 30; count++) {
      links.at(-1)?.break();
      const before = links.length;
      for (let frames = 0; frames < 100 && links.length === before; frames++) frame();
      links.at(-1)?.say(join(encodeGreeting(welcome), dataFrame(`${text(2)}\n`), fin));
      frame();
    }
    expect(player.stats.inboxPeakBytes).toBeLessThan(40_000);
    expect(player.recvEnded).toBe(false);
    expect([...player]).toEqual([text(1)]);
    frame();
    frame();
    expect([...player]).toEqual([text(2)]);
    frame();
    expect(player.recvEnded).toBe(true);
  });
});

describe("a piece of many frames", () => {
  test("is read only as far as the game has room, and the rest when it has", () => {
    const server = new StubServer({}, { receiveLimitBytes: 10_000, receiveOverflow: "pause" });
    const link = new StubLink();
    const player = server.accept(link);
    const frames = Array.from({ length: 5_000 }, (_, count) => [...dataFrame(`${count}\n`)]);
    link.say(Uint8Array.from([...frames.flat(), ...bye]));
    const seen: string[] = [];
    for (let frame = 0; frame < 200; frame++) {
      server.frame();
      seen.push(...player);
    }
    expect(player.stats.inboxPeakBytes).toBeLessThan(11_000);
    expect(seen).toEqual(frames.map((_, count) => `${count}`));
    server.pass(6_000);
    expect([player.state, player.closeReason?.goodbye]).toEqual(["closed", { code: 4_000, text: "bye" }]);
  });
});

describe("an epoch", () => {
  test("at its most is the last one: a later line with it, or with 0, is dropped without a word", () => {
    const server = new StubServer();
    const most = new StubLink();
    const player = server.accept(most, hello({ epoch: 0xffff_ffff }));
    for (const epoch of [0xffff_ffff, 0, 1]) {
      const other = server.incoming(new StubLink(), hello({ kind: "resume", epoch }));
      expect([other.fate, other.said]).toEqual(["aborted", []]);
    }
    most.say(dataFrame("still here\n"));
    server.frame();
    expect([...player]).toEqual(["still here"]);
  });
});

describe("an answer of mayResume", () => {
  test("is no yes unless it is true: a promise is none", () => {
    const mayResume = (async () => false) as never;
    const server = new StubServer({ mayResume });
    const first = new StubLink();
    server.accept(first);
    const thief = server.incoming(new StubLink(), hello({ kind: "resume", epoch: 2 }));
    expect([first.fate, thief.said[4], thief.said[5]]).toEqual(["none", 4, 7]);
  });
});

describe("a time", () => {
  test.each([1.7e308, -1.7e308, Number.NaN, 2 ** 53 + 2])(
    "of %s is no clock's, and ends the session",
    (peerMs) => {
      const server = new StubServer();
      const link = new StubLink();
      const player = server.accept(link);
      link.say(pongFrame(0, 0, peerMs));
      server.frame();
      expect(player.closeReason?.message).toMatch(/a time that is none/);
    },
  );

  test("that a wait may take is no longer than a step counts, so that deadlines are not late", () => {
    const slow = { pingIntervalMs: 10_000, deadPeerMs: 20_000 };
    const rig = new SessionRig({ client: slow, server: slow });
    const { near } = rig.pair();
    rig.slow.blackhole();
    const startMs = rig.time;
    while (near.linked) {
      rig.client.flush();
      rig.time += Math.max(1, rig.client.dueInMs());
      rig.client.poll(rig.time);
    }
    expect(rig.time - startMs).toBeLessThan(20_100);
  });

  test("that stands still ends nothing, however often it is polled", () => {
    const server = new StubServer();
    const link = new StubLink();
    const player = server.accept(link);
    for (let count = 0; count < 10_000; count++) server.frame(0);
    expect([player.state, player.linked, link.writes]).toEqual(["open", true, 2]); // a welcome and a ping
  });
});

describe("any garbage", () => {
  test("from a dialler ends its own session alone, and throws nothing", () => {
    const random = randomOf(1);
    const server = new StubServer({ maxSuspended: 8, maxPending: 8, resumeWindowMs: 5_000 });
    const honest = new StubLink();
    const id = new Uint8Array(8).fill(1);
    const player = server.accept(honest, hello({ id }));
    for (let round = 0; round < 400; round++) {
      const link = server.incoming(new StubLink(random() < 0.5), garbledHello(random));
      link.takes = random() < 0.7;
      for (const piece of garbledFrames(random)) link.say(piece);
      if (random() < 0.3 && !link.isOver) link.events?.ended();
      if (random() < 0.3) link.break();
      server.frame(random() < 0.05 ? 3_600_000 : 50);
      for (let one: Connection<string> | undefined; (one = server.listener.tryAccept()) !== undefined; )
        one.trySend("welcome");
      honest.say(idFrame(FRAME.ping, 0, round % 256), dataFrame(`${round}\n`));
      expect([...player], `round ${round}`).toEqual([]);
      server.frame(0);
      expect([...player], `round ${round}`).toEqual([`${round}`]);
    }
    expect([player.state, player.linked]).toEqual(["open", true]);
    server.pass(20_000);
    for (const one of server.listener.connections) void [...one];
    server.frame();
    expect(server.listener.connections.size).toBeLessThanOrEqual(1);
  });

  test("from a server ends the session with a reason, or the try, and throws nothing", () => {
    const random = randomOf(2);
    const poller = new Poller();
    const links: StubLink[] = [];
    let nowMs = 0;
    const connect = () => {
      const link = new StubLink();
      links.push(link);
      return link;
    };
    const way = session({ connect }, { clock: () => nowMs, resumeWindowMs: 3_000 });
    for (let round = 0; round < 400; round++) {
      const player = poller.connect(way, lines());
      poller.poll((nowMs += 50));
      player.trySend("hello");
      poller.flush();
      for (let tries = 0; tries < 4; tries++) {
        const link = links.at(-1);
        if (random() < 0.8) link?.say(garbledAnswer(random));
        if (link !== undefined) link.takes = random() < 0.7;
        for (const piece of garbledFrames(random)) link?.say(piece);
        if (random() < 0.5) link?.break();
        poller.poll((nowMs += 300));
        void [...player];
        poller.flush();
      }
      for (let count = 0; count < 100; count++) poller.poll((nowMs += 500));
      expect(player.state, `round ${round}`).toBe("closed");
      expect(player.closeReason?.message, `round ${round}`).toBeTruthy();
    }
    expect(links.filter(({ fate }) => fate === "none").length).toBeLessThan(1);
    expect(poller.connections.length).toBe(0);
  });
});

type Random = () => number;

function randomOf(stream: number): Random {
  const random = new SeededRandom(SEED + stream);
  return () => random.next();
}

function pick<One>(random: Random, ...of: One[]): One {
  return of[Math.floor(random() * of.length)] as One;
}

/** Some frames in any order, cut anywhere, and some of them spoilt. */
function garbledFrames(random: Random): Uint8Array[] {
  const bytes: number[] = [];
  for (let count = Math.floor(random() * 6); count > 0; count--) {
    const taken = pick(random, 0, 0, 0, 1, 8, 0xffff_ffff);
    const one = pick(
      random,
      dataFrame("some text\n"),
      dataFrame("x".repeat(300)),
      bye,
      fin,
      reset,
      plainFrame(FRAME.ack, taken),
      idFrame(FRAME.ping, taken, 7),
      idFrame(FRAME.echo, taken, 255),
      pongFrame(taken, pick(random, 0, 1, 200), pick(random, 0, 1e15, -5)),
      Uint8Array.of(FRAME.data, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(FRAME.data, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    );
    bytes.push(...one);
  }
  spoil(random, bytes);
  return cut(random, bytes);
}

function garbledHello(random: Random): Uint8Array {
  const bytes = [
    ...hello({
      kind: pick(random, "new", "resume"),
      epoch: pick(random, 0, 1, 2, 3, 0xffff_ffff),
      received: pick(random, 0, 0, 0, 5, Number.MAX_SAFE_INTEGER),
      ackBytes: pick(random, 1, 65_536, 0xffff_ffff),
      token: new Uint8Array(16).fill(pick(random, 9, 9, 9, 8)),
      id: new Uint8Array(8).fill(pick(random, 2, 3, 4, 5)),
      gateway: pick(random, "", "elsewhere", "x".repeat(255)),
    }),
  ];
  spoil(random, bytes);
  return Uint8Array.from(bytes);
}

function garbledAnswer(random: Random): Uint8Array {
  const why = pick(random, "unknown", "ended", "elsewhere", "aborted", "full", "version", "not-allowed");
  const bytes = [
    ...(random() < 0.7
      ? encodeGreeting({
          kind: "welcome",
          received: pick(random, 0, 0, 6, 2 ** 40),
          ackBytes: pick(random, 1, 65_536),
          windowMs: pick(random, 0, 100, 30_000, Infinity),
          gateway: pick(random, "", "here\u0007\u202e"),
        })
      : encodeGreeting({ kind: "refused", why, code: 4_000, text: pick(random, "", "\u0000\u001b[2J") })),
  ];
  spoil(random, bytes);
  if (random() < 0.2) bytes.push(...bytes);
  return Uint8Array.from(bytes);
}

/** Changes, doubles or drops a byte, now and then. */
function spoil(random: Random, bytes: number[]): void {
  if (random() < 0.6 || bytes.length === 0) return;
  const at = Math.floor(random() * bytes.length);
  bytes.splice(at, pick(random, 0, 1), ...pick(random, [], [Math.floor(random() * 256)]));
}

function cut(random: Random, bytes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * 40);
    pieces.push(Uint8Array.from(bytes.slice(at, end)));
    at = end;
  }
  return pieces;
}
