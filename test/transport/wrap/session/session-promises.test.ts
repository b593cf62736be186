/** Sentences of the manual of sessions that no other test holds: numbers, who is proved to be whom, what is measured. */
import { describe, expect, test } from "vitest";
import { session as pageSession } from "../../../../src/browser.ts";
import {
  type Link,
  type LinkEvents,
  lines,
  memory,
  Poller,
  session,
  type Transport,
} from "../../../../src/index.ts";
import { encodeGreeting, type Hello, isSameToken } from "../../../../src/transport/wrap/session/greetings.ts";
import { Heartbeat } from "../../../../src/transport/wrap/session/heartbeat.ts";
import { SESSION_CHECKS, termsOf } from "../../../../src/transport/wrap/session/session-options.ts";
import { RawLine, SessionRig, take } from "./session-rig.ts";

/** The hello of a peer with the key and the token of that number. */
function helloOf(number: number, changed: Partial<Hello> = {}): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setUint32(0, number);
  const hello: Hello = {
    kind: "new",
    id,
    token: new Uint8Array(16).fill(number % 256),
    epoch: 1,
    received: 0,
    ackBytes: 65_536,
    gateway: "",
  };
  return encodeGreeting({ ...hello, ...changed });
}

/** A player whose game takes nothing, and whose inbox is full. */
function stuckPlayer() {
  const rig = new SessionRig({ clientPoller: { receiveLimitBytes: 1_000 } });
  const { near, far } = rig.pair();
  for (let count = 0; count < 100; count++) far.trySend("x".repeat(100));
  rig.pass(1_000);
  return { rig, near, far };
}

describe("the options", () => {
  test("have the defaults that the manual says", () => {
    const { clock, random, ...numbers } = termsOf({}, SESSION_CHECKS);
    expect(numbers).toEqual({
      pingIntervalMs: 1_000,
      deadPeerMs: 5_000,
      resumeWindowMs: 30_000,
      resendBytes: 1_048_576,
      dialTimeoutMs: 5_000,
      handshakeTimeoutMs: 5_000,
      maxPending: 256,
      maxSuspended: 1_024,
      gateway: "",
    });
    expect(Math.abs(clock() - performance.now())).toBeLessThan(1_000);
    const [one, other] = [new Uint8Array(24), new Uint8Array(24)];
    random(one);
    random(other);
    expect(one).not.toEqual(other);
  });

  test("of a page are those of its end alone", () => {
    const wire = memory();
    expect(() => pageSession(wire, { maxPending: 1 } as never)).toThrow(
      /^maxPending: there is no such option/,
    );
    expect(() => pageSession(wire, { mayResume: () => true } as never)).toThrow(/^mayResume: /);
  });
});

describe("a token", () => {
  test("is compared to its end, wherever it differs", () => {
    /** Which bytes of a token are looked at. */
    const watched = (bytes: Uint8Array, seen: PropertyKey[]): Uint8Array =>
      new Proxy(bytes, {
        get(target, name) {
          if (name !== "length") seen.push(name);
          return Reflect.get(target, name, target);
        },
      });
    const token = Uint8Array.from({ length: 16 }, (_, index) => index);
    for (let at = 0; at < 16; at++) {
      const other = Uint8Array.from(token);
      other[at] = 99;
      const seen: PropertyKey[] = [];
      expect(isSameToken(watched(token, seen), other)).toBe(false);
      expect(seen.length).toBe(16);
    }
    expect(isSameToken(token, Uint8Array.from(token))).toBe(true);
    expect(isSameToken(token, token.subarray(0, 15))).toBe(false);
  });

  test("is 16 bytes at random that no two sessions share, and the key 8 others", () => {
    const wire = memory();
    const hellos: Uint8Array[] = [];
    const seeing: Transport = {
      connect: () => {
        const link = wire.connect();
        const write = link.write.bind(link);
        link.write = (bytes) => {
          if (bytes[0] === 0x54) hellos.push(Uint8Array.from(bytes));
          return write(bytes);
        };
        return link;
      },
    };
    const poller = new Poller();
    poller.listen(session(wire), lines());
    poller.poll(0);
    for (let count = 0; count < 4; count++) poller.connect(session(seeing), lines());
    poller.poll(10);
    const random = hellos.map((bytes) => [...bytes.subarray(5, 29)]);
    expect(random.length).toBe(4);
    for (let at = 0; at < 24; at++) expect(new Set(random.map((bytes) => bytes[at])).size).toBeGreaterThan(1);
  });

  test("proves it also to a session that is over, which tells nobody else why", () => {
    const rig = new SessionRig();
    const { far } = rig.pair();
    far.abort();
    const thief = rig.resumeAs({ token: new Uint8Array(16) });
    const owner = rig.resumeAs({ epoch: 51 });
    rig.pass(20);
    expect([thief.answer, owner.answer]).toEqual(["unknown", "aborted"]);
  });
});

describe("what a server knows of sessions that are over", () => {
  test("is why each of 4,096 is, for ten minutes", () => {
    const rig = new SessionRig({ serverPoller: { maxConnections: 5_000 } });
    /** A session that the server ends. */
    const beginAndEnd = (number: number): void => {
      new RawLine(rig.wire, helloOf(number));
      rig.server.poll(rig.time);
      rig.listener.tryAccept()?.abort();
    };
    for (let number = 0; number < 4_096; number++) beginAndEnd(number);
    const ask = (number: number, epoch: number): string | undefined =>
      new RawLine(rig.wire, helloOf(number, { kind: "resume", epoch })).answer;
    expect([ask(0, 2), ask(2_000, 2), ask(4_095, 2)]).toEqual(["aborted", "aborted", "aborted"]);
    for (let second = 0; second < 599; second++) rig.server.poll((rig.time += 1_000));
    expect(ask(0, 3)).toBe("aborted");
    beginAndEnd(5_000);
    expect([ask(0, 4), ask(1, 4)]).toEqual(["unknown", "aborted"]); // the oldest has given way
    for (let second = 0; second < 2; second++) rig.server.poll((rig.time += 1_000));
    expect([ask(1, 5), ask(5_000, 2)]).toEqual(["unknown", "aborted"]);
  });

  test("is nothing of one that it had no place for: there may be one later", () => {
    const rig = new SessionRig({ serverPoller: { maxConnections: 1 } });
    const { far } = rig.pair();
    expect(new RawLine(rig.wire, helloOf(1)).answer).toBe("full");
    far.abort();
    rig.frame();
    expect(new RawLine(rig.wire, helloOf(1, { epoch: 2 })).answer).toBe("welcome");
  });
});

test("a peer that has less than it has acknowledged ends the session: what is between is not kept", () => {
  const rig = new SessionRig();
  const { far } = rig.pair();
  far.trySend("ten bytes.");
  rig.pass(1_100); // with a ping that acknowledges it
  const liar = rig.resumeAs({ received: 3 });
  rig.pass(20);
  expect(liar.answer).toBe("overflow");
  expect(far.closeReason).toMatchObject({ kind: "reset", code: "resume-overflow" });
});

describe("what is measured", () => {
  test("is the line's round trip when the answer arrives, and the game's from frame to frame", () => {
    const rig = new SessionRig();
    const { near } = rig.pair();
    rig.pass(3_000);
    expect(near.rttMs).toBe(0); // over a line that takes no time, however seldom anybody polls
    expect(near.frameRttMs).toBeGreaterThanOrEqual(10);
  });

  test("stands still in a frame, also when an answer comes in it", () => {
    const rig = new SessionRig();
    const { near } = rig.pair();
    rig.until(() => near.rttMs !== undefined);
    rig.wire.hold();
    rig.pass(1_100); // with a ping that is on its way
    const before = near.rttMs;
    rig.time += 70;
    rig.wire.release();
    expect(near.rttMs).toBe(before);
    rig.client.poll(rig.time);
    expect(near.rttMs).toBeGreaterThanOrEqual(70);
  });

  test("is smoothed by a sixteenth for the jitter", () => {
    let nowMs = 0;
    const heartbeat = new Heartbeat(termsOf({ clock: () => nowMs }, SESSION_CHECKS), undefined);
    for (const rttMs of [10, 26, 10]) {
      const id = heartbeat.ping(nowMs, nowMs);
      nowMs += rttMs;
      heartbeat.pong(id, 0);
    }
    heartbeat.show(nowMs);
    expect(heartbeat.jitterMs).toBeCloseTo(1 + 15 / 16);
  });

  test("is the clock of the server anew after a resume, which is a step", () => {
    const rig = new SessionRig();
    rig.serverAheadMs = 5_000;
    const { near } = rig.pair();
    rig.pass(10_000);
    expect(near.clock?.offsetMs).toBe(5_000);
    rig.serverAheadMs = 5_200; // less than what is a step by itself
    rig.slow.cut();
    rig.pass(200);
    expect(near.clock?.offsetMs).toBe(5_200);
  });
});

describe("a line that this side does not read", () => {
  test("is asked at each ping whether it still is one", () => {
    const { rig } = stuckPlayer();
    const [line] = rig.dialled as [Link];
    let probes = 0;
    line.probe = () => probes++;
    rig.pass(10_000);
    expect(probes).toBe(10);
  });

  test("is no reason to poll before that", () => {
    const { rig, near } = stuckPlayer();
    rig.pass(20_000);
    expect(rig.client.dueInMs()).toBeGreaterThan(0);
    let got = 0;
    rig.until(() => (got += take(near).length) === 100);
    expect(rig.dialled.length).toBe(1);
  });
});

describe("a game that takes nothing", () => {
  test("takes nothing on the next line either", () => {
    const rig = new SessionRig({ clientPoller: { receiveLimitBytes: 1_000 } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 100; count++) {
      far.trySend("x".repeat(100));
      rig.pass(10);
    }
    const before = near.stats.inboxPeakBytes;
    rig.slow.cut();
    rig.until(() => rig.dialled.length === 2);
    rig.pass(100);
    expect(near.stats.inboxPeakBytes).toBe(before);
    let got = 0;
    rig.until(() => (got += take(near).length) === 100);
  });

  test("closes at once all the same", () => {
    const { rig, near, far } = stuckPlayer();
    near.close();
    while (far.tryRecv() !== undefined);
    rig.pass(100);
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
  });
});

describe("what a peer has sent", () => {
  /** The end of what is said to a line after it has said `bytes`. */
  const answerTo = (rig: SessionRig, hello: Partial<Hello>, ...said: readonly number[]): number[] => {
    const line = rig.resumeAs(hello);
    const before = line.said.length;
    line.link.write(Uint8Array.from(said));
    return line.said.slice(before);
  };

  test("is acknowledged when it is as much as the peer's hello wants, and not before", () => {
    const rig = new SessionRig();
    rig.pair();
    const data = [1, 0, 10, ...new TextEncoder().encode("ten bytes\n")];
    expect(answerTo(rig, { ackBytes: 11 }, ...data)).toEqual([]);
    expect(answerTo(rig, { ackBytes: 10, epoch: 51 }, ...data)).toEqual([2, 10]);
  });

  test("is acknowledged at once when it is an end", () => {
    const rig = new SessionRig();
    rig.pair();
    expect(answerTo(rig, {}, 6, 0)).toEqual([2, 1]);
  });
});

test("a part of a message is a sign of life", () => {
  const wire = memory();
  const below: LinkEvents[] = [];
  const seeing: Transport = {
    connect: () => {
      const link = wire.connect();
      const attach = link.attach.bind(link);
      link.attach = (events) => {
        below.push(events);
        attach(events);
      };
      return link;
    },
  };
  const poller = new Poller();
  poller.listen(session(wire, { deadPeerMs: 60_000 }), lines());
  poller.poll(0);
  const near = poller.connect(session(seeing), lines());
  for (let nowMs = 10; nowMs < 1_000; nowMs += 10) poller.poll(nowMs);
  expect(near.state).toBe("open");
  wire.hold();
  for (let nowMs = 1_000; nowMs < 20_000; nowMs += 100) {
    poller.poll(nowMs);
    below[0]?.partial(0);
  }
  expect([near.linked, below.length]).toEqual([true, 1]);
});

test("a session whose line is lost after the listener has closed ends at once", () => {
  const rig = new SessionRig();
  const { far } = rig.pair();
  rig.listener.close();
  rig.pass(50);
  expect(far.state).toBe("open");
  rig.wire.cut();
  rig.pass(20);
  expect(far.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
});

test("a redial that gets no answer within dialTimeoutMs gives way to the next", () => {
  const rig = new SessionRig({ client: { dialTimeoutMs: 500, random: (given) => given.fill(0) } });
  const { near } = rig.pair();
  rig.wire.hold();
  rig.slow.cut();
  rig.pass(100);
  expect(rig.dialled.length).toBe(2);
  rig.pass(500);
  expect(rig.dialled.length).toBe(3);
  rig.wire.release();
  rig.until(() => near.linked);
});
