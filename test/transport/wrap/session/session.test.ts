/** A session: what a game is promised when its lines break, row by row. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { bytes, type Codec, lengthPrefixed, lines, memory, Poller, session } from "../../../../src/index.ts";
import { RawLine, SessionRig, take } from "./session-rig.ts";

describe("the promise", () => {
  test("is each byte once and in order, over a cut in the midst of everything", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 30, jitterMs: 10 } });
    const { near, far } = rig.pair();
    const got: { near: string[]; far: string[] } = { near: [], far: [] };
    for (let frame = 0; frame < 400; frame++) {
      near.trySend(`near ${frame}`);
      far.trySend(`far ${frame}`);
      if (frame % 50 === 25) rig.slow.cut();
      rig.flush();
      rig.frame();
      got.near.push(...near);
      got.far.push(...far);
    }
    rig.pass(1_000);
    got.near.push(...near);
    got.far.push(...far);
    expect(got.far).toEqual(Array.from({ length: 400 }, (_, frame) => `near ${frame}`));
    expect(got.near).toEqual(Array.from({ length: 400 }, (_, frame) => `far ${frame}`));
    expect([near.state, far.state]).toEqual(["open", "open"]);
    expect(rig.dialled.length).toBeGreaterThan(4);
  });

  test("ends with reset and resume-expired when no line comes within the window, at both ends", () => {
    const rig = new SessionRig({ client: { resumeWindowMs: 3_000 }, server: { resumeWindowMs: 4_000 } });
    const { near, far } = rig.pair();
    rig.slow.blackhole();
    rig.slow.cut();
    rig.pass(2_900);
    expect([near.state, far.state]).toEqual(["open", "open"]);
    rig.pass(200);
    expect([near.state, far.state]).toEqual(["closed", "open"]);
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
    expect(near.closeReason?.message).toMatch(/was not resumed within 3000 ms; the line was lost as/);
    rig.pass(1_000);
    expect(far.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
  });

  test("holds for the shorter window of both ends", () => {
    const rig = new SessionRig({ server: { resumeWindowMs: 2_000 } });
    const { near } = rig.pair();
    rig.slow.blackhole();
    rig.slow.cut();
    rig.pass(2_100);
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
  });

  test("is not held over a restart of the server, which says resume-unknown at once", () => {
    const rig = new SessionRig();
    const { near } = rig.pair();
    rig.listener.close();
    rig.wire.cut();
    rig.flush();
    rig.listen();
    const cutAtMs = rig.time;
    rig.until(() => near.state === "closed");
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-unknown" });
    expect(rig.time - cutAtMs).toBeLessThanOrEqual(30);
  });

  test("is not held when the two ends do not fit: resume-overflow, and never a gap", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    near.trySend("one");
    rig.pass(1_100); // with a ping that acknowledges it
    expect(take(far)).toEqual(["one"]);
    const liar = rig.resumeAs({ received: 1_000_000 });
    rig.pass(100);
    expect(far.closeReason).toMatchObject({ kind: "reset", code: "resume-overflow" });
    expect(liar.answer).toBe("overflow");
    rig.pass(100);
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-overflow" });
  });
});

describe("who a line is of", () => {
  test("is told by the token, which works with no traffic at all, five times running, and after ten idle seconds", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    for (let round = 0; round < 5; round++) {
      rig.slow.cut();
      rig.pass(2_000);
    }
    rig.pass(10_000);
    rig.slow.cut();
    rig.pass(100);
    near.trySend("still here");
    far.trySend("so am I");
    rig.pass(50);
    expect([take(near), take(far)]).toEqual([["so am I"], ["still here"]]);
    expect(rig.dialled.length).toBe(7);
    expect(rig.listener.stats.accepted).toBe(1);
  });

  test("survives the loss of an answer: the line dies between hello and welcome, and the next one resumes", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 50 } });
    const { near, far } = rig.pair();
    near.trySend("before");
    rig.slow.cut();
    rig.until(() => rig.dialled.length === 2);
    rig.pass(120); // the hello has arrived, and the welcome is on its way
    rig.slow.cut();
    rig.pass(1_000);
    far.trySend("after");
    rig.pass(200);
    expect([take(far), take(near)]).toEqual([["before"], ["after"]]);
    expect([near.state, far.state]).toEqual(["open", "open"]);
  });

  test("a wrong token is refused as unknown, and does nothing to the session", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    const thief = rig.resumeAs({ token: new Uint8Array(16) });
    rig.pass(100);
    expect([thief.answer, thief.isClosed]).toEqual(["unknown", true]);
    near.trySend("undisturbed");
    rig.pass(50);
    expect(take(far)).toEqual(["undisturbed"]);
    expect(rig.dialled.length).toBe(1);
    expect(rig.listener.stats.droppedBy).toEqual({ denied: 1 });
  });

  test("a stolen token takes the session over, as nobody could tell them apart: the highest epoch wins", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    const thief = rig.resumeAs({ epoch: 2 });
    expect(thief.answer).toBe("welcome");
    rig.pass(100); // the player has lost the line, and comes back with epoch 2 and 3
    near.trySend("mine again");
    rig.pass(1_000);
    expect(take(far)).toEqual(["mine again"]);
    expect(thief.isClosed).toBe(true);
  });

  test("a lower epoch is dropped without a word", () => {
    const rig = new SessionRig();
    const { near } = rig.pair();
    const late = rig.resumeAs({ epoch: 1 });
    rig.pass(50);
    expect([late.said, late.isClosed]).toEqual([[], true]);
    expect([near.state, rig.dialled.length]).toEqual(["open", 1]);
  });

  test("of two resumes at once the one with the higher epoch has it, in whatever order they come", () => {
    for (const epochs of [
      [7, 8],
      [8, 7],
    ]) {
      const rig = new SessionRig();
      const { far } = rig.pair();
      rig.slow.blackhole();
      rig.wire.cut();
      const both = epochs.map((epoch) => rig.resumeAs({ epoch }));
      rig.pass(50);
      expect(far.state).toBe("open");
      expect(both.map(({ isClosed }) => isClosed)).toEqual(epochs.map((epoch) => epoch === 7));
    }
  });

  test("may be refused by the game, which compares both lines", () => {
    const asked: unknown[] = [];
    const rig = new SessionRig({
      server: {
        mayResume: ({ before, now }) => {
          asked.push([before.remoteAddress?.port, now.remoteAddress?.port]);
          return false;
        },
      },
    });
    const { near, far } = rig.pair();
    rig.slow.cut();
    rig.pass(50);
    expect(asked).toEqual([[1, 2]]);
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-refused" });
    expect(far.state).toBe("open"); // it waits for a better line
    expect(rig.listener.stats.droppedBy).toEqual({ mayResume: 1 });
  });

  test("is refused when the game's answer throws, which is no exception of the network", () => {
    const rig = new SessionRig({
      server: {
        mayResume: () => {
          throw new Error("a bug");
        },
      },
    });
    const { near } = rig.pair();
    rig.slow.cut();
    rig.pass(50);
    expect(near.closeReason).toMatchObject({ code: "resume-refused" });
  });

  test("another gateway says resume-elsewhere, with the address of the right one", () => {
    const rig = new SessionRig({ server: { gateway: "wss://one.example/play" } });
    const { near } = rig.pair();
    rig.listener.close();
    rig.wire.cut();
    rig.server.poll(rig.time);
    rig.server.listen(session(rig.wire, { gateway: "wss://two.example/play" }), lines());
    rig.pass(50);
    expect(near.closeReason).toMatchObject({
      kind: "reset",
      code: "resume-elsewhere",
      message: "the session is at another gateway: wss://one.example/play",
    });
  });
});

describe("a token", () => {
  test("is in nothing that a game may print: no connection, no reason, no event", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    const said: unknown[] = [];
    for (const poller of [rig.client, rig.server]) poller.on("drop", (drop) => said.push(drop));
    const wrong = rig.resumeAs({ token: new Uint8Array(16).fill(0xee) });
    rig.pass(50);
    far.abort();
    rig.pass(50);
    said.push(near, far, near.closeReason, far.closeReason, rig.listener, rig.way, rig.dialled, wrong.said);
    const text = inspect(said, { depth: 20, showHidden: true });
    const token = [...(rig.filled[1] ?? [])];
    expect(token.length).toBe(16);
    for (const part of [token.slice(0, 4), token.slice(8, 12)]) expect(text).not.toContain(part.join(", "));
    expect(text).not.toContain("238, 238, 238");
  });
});

describe("a page", () => {
  test("dials at once when it is online or visible again, and listens for that only while it waits", () => {
    const signs = new EventTarget();
    const page = globalThis as {
      document?: unknown;
      addEventListener?: unknown;
      removeEventListener?: unknown;
    };
    const listening = new Set<string>();
    const target = {
      visibilityState: "visible",
      addEventListener: (name: string, back: () => void) => {
        listening.add(name);
        signs.addEventListener(name, back);
      },
      removeEventListener: (name: string, back: () => void) => {
        listening.delete(name);
        signs.removeEventListener(name, back);
      },
    };
    const { document, addEventListener, removeEventListener } = page;
    Object.assign(page, { document: target, ...target });
    try {
      const rig = new SessionRig({ client: { random: (given) => given.fill(0xff) } });
      const { near } = rig.pair();
      expect(listening.size).toBe(0);
      rig.listener.close();
      rig.wire.cut();
      rig.pass(7_000); // tries after 100, 200, 400, 800, 1,600, 3,200 ms: the next one is five seconds away
      expect([...listening].sort()).toEqual(["online", "visibilitychange"]);
      const before = rig.dialled.length;
      rig.pass(500);
      expect(rig.dialled.length).toBe(before);
      for (const sign of ["online", "visibilitychange"]) {
        signs.dispatchEvent(new Event(sign));
        const at = rig.dialled.length;
        rig.pass(20);
        expect(rig.dialled.length).toBe(at + 1);
      }
      target.visibilityState = "hidden";
      signs.dispatchEvent(new Event("visibilitychange"));
      const at = rig.dialled.length;
      rig.pass(20);
      expect(rig.dialled.length).toBe(at);
      near.abort();
      expect(listening.size).toBe(0);
    } finally {
      Object.assign(page, { document, addEventListener, removeEventListener });
      if (document === undefined) delete page.document;
    }
  });
});

describe("two lines", () => {
  test.each(["send", "receive"] as const)(
    "of one session: the player redials after a blackhole (%s), and the old line's end later kills nothing",
    (direction) => {
      const rig = new SessionRig({ client: { deadPeerMs: 2_000 }, server: { deadPeerMs: 4_000 } });
      const { near, far } = rig.pair();
      rig.slow.blackhole(direction, near);
      near.trySend("into the dark");
      far.trySend("out of it");
      rig.pass(3_000);
      // A player who sends into the dark still has the server's pings, until the server gives the line up.
      expect(rig.dialled.length).toBe(direction === "receive" ? 2 : 1);
      rig.pass(10_000); // both have noticed by now
      near.trySend("again");
      rig.pass(50);
      expect([take(far), take(near)]).toEqual([["into the dark", "again"], ["out of it"]]);
      expect([near.state, far.state, rig.dialled.length]).toEqual(["open", "open", 2]);
      rig.slow.heal();
      rig.pass(6_000);
      expect([near.state, far.state, rig.dialled.length]).toEqual(["open", "open", 2]);
    },
  );
});

describe("an end", () => {
  test("by close() frees the seat at once, with a goodbye that the peer can read", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 50 } });
    const { near, far } = rig.pair();
    near.trySend("last words");
    near.close();
    rig.pass(120);
    expect(take(far)).toEqual(["last words"]);
    rig.pass(150);
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
    expect(rig.listener.connections.size).toBe(0);
  });

  test("that was said before the line broke arrives over the next one", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 50 } });
    const { near, far } = rig.pair();
    near.trySend("last words");
    near.close();
    rig.flush();
    rig.slow.cut();
    rig.pass(1_000);
    expect(take(far)).toEqual(["last words"]);
    rig.pass(50);
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
  });

  test("of the server whose word was lost is told to the player who comes back, by a tombstone", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 20 } });
    const { near, far } = rig.pair();
    rig.pass(1_500);
    far.close();
    rig.server.flush();
    rig.slow.cut();
    rig.pass(20);
    expect(far.state).toBe("closed"); // nothing else was on its way, so nobody waits
    rig.pass(500);
    expect(near.closeReason?.kind).toBe("remote");
  });

  test("by abort() is a reset at the peer at once, and not after the window", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 20 } });
    const { near, far } = rig.pair();
    near.abort();
    rig.pass(50);
    expect(far.closeReason).toMatchObject({ kind: "reset", message: "the peer aborted the session" });
    const other = rig.pair();
    other.far.abort();
    rig.pass(50);
    expect(other.near.closeReason).toMatchObject({ kind: "reset", message: "the peer aborted the session" });
  });

  test("by abort() while there is no line is told to the player who comes back", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    rig.slow.cut();
    rig.server.poll(rig.time);
    far.abort();
    rig.pass(50);
    expect(near.closeReason).toMatchObject({ kind: "reset", message: "the peer aborted the session" });
  });

  test("of one direction goes on over a cut: the answer still comes, and then the end", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 20 } });
    const { near, far } = rig.pair();
    near.trySend("question");
    near.end();
    rig.pass(10);
    rig.slow.cut();
    rig.until(() => far.tryRecv() === "question");
    far.trySend("answer");
    rig.slow.cut();
    rig.until(() => near.tryRecv() === "answer");
    rig.until(() => near.state === "closed" && far.state === "closed");
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
  });

  test("of the listener ends the sessions without a line, as nobody can come back", () => {
    const rig = new SessionRig();
    const { far } = rig.pair();
    rig.slow.blackhole();
    rig.slow.cut();
    rig.listener.close();
    rig.pass(20);
    expect(far.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
  });
});

describe("signs of life", () => {
  test("notice a line that is silent, and leave one that is only slow", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 1_000 } });
    const { near } = rig.pair();
    rig.pass(30_000);
    expect(rig.dialled.length).toBe(1);
    rig.slow.blackhole("receive", near);
    rig.pass(4_500);
    expect(rig.dialled.length).toBe(1);
    rig.pass(2_600);
    expect(rig.dialled.length).toBe(2);
  });

  test("count a stop of the whole process as a second: a debugger kills nobody", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    rig.frame(3_600_000);
    rig.pass(100);
    expect([near.state, far.state, rig.dialled.length]).toEqual(["open", "open", 1]);
  });

  test("are not asked of a peer that this side does not read", () => {
    const rig = new SessionRig({ serverPoller: { receiveLimitBytes: 1_000 } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 100; count++) near.trySend("x".repeat(100));
    rig.pass(20_000);
    expect(rig.dialled.length).toBe(1);
    let got = 0;
    rig.until(() => (got += take(far).length) === 100);
  });
});

describe("what is sent meanwhile", () => {
  test("waits under the limits of the game, and trySendLatest keeps the newest alone", () => {
    const rig = new SessionRig({ clientPoller: { sendLimitBytes: 10_000 } });
    const { near, far } = rig.pair();
    rig.slow.blackhole();
    rig.slow.cut();
    rig.pass(20);
    near.trySend("first"); // it is on the way when the game notices
    rig.pass(20);
    for (let frame = 0; frame < 500; frame++) {
      near.trySendLatest("position", `at ${frame}`);
      rig.pass(10);
    }
    let queued = 0;
    while (near.trySend("x".repeat(99))) queued++;
    expect(queued).toBe(99);
    rig.slow.heal();
    rig.pass(6_000);
    const got = take(far);
    expect(got.slice(0, 2)).toEqual(["first", "at 499"]);
    expect(got.length).toBe(2 + queued);
    expect(near.trySend("room again")).toBe(true);
  });

  test("is kept for the peer up to resendBytes, beyond which the connection is behind", () => {
    const rig = new SessionRig({ client: { resendBytes: 10_000 } });
    const { near, far } = rig.pair();
    rig.slow.blackhole("receive", near); // no acknowledgement comes
    for (let count = 0; count < 20; count++) {
      near.trySend("x".repeat(999));
      rig.pass(10);
    }
    expect(near.pendingBytes).toBe(10_000);
    expect(take(far).length).toBeGreaterThan(9);
    rig.slow.heal();
    rig.pass(2_000);
    expect(near.pendingBytes).toBe(0);
  });

  test("is acknowledged without traffic of the peer, so that a sender is never stuck", () => {
    const rig = new SessionRig({ clientPoller: { sendLimitBytes: 100_000 } });
    const { near, far } = rig.pair();
    let sent = 0;
    let got = 0;
    for (let frame = 0; frame < 500; frame++) {
      while (near.trySend("x".repeat(999))) sent++;
      rig.pass(10);
      got += take(far).length;
    }
    rig.pass(100);
    expect(got + take(far).length).toBe(sent);
    expect(sent).toBeGreaterThan(10_000);
  });
});

describe("bounds", () => {
  test("close the session that waits longest for its player, beyond maxSuspended", () => {
    const rig = new SessionRig({ server: { maxSuspended: 2 } });
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    rig.slow.blackhole();
    for (const { near } of pairs) {
      rig.slow.cut(near);
      rig.pass(20);
    }
    expect(pairs.map(({ far }) => far.state)).toEqual(["closed", "open", "open"]);
    expect(pairs[0]?.far.closeReason).toMatchObject({ kind: "overflow", code: "maxSuspended" });
    rig.slow.heal();
    rig.pass(10_000);
    expect(pairs.map(({ near }) => near.state)).toEqual(["closed", "open", "open"]);
    expect(pairs[0]?.near.closeReason).toMatchObject({ kind: "reset", code: "resume-overflow" });
  });

  test("drop the line that has said nothing for longest, beyond maxPending, and each after handshakeTimeoutMs", () => {
    const rig = new SessionRig({ server: { maxPending: 2, handshakeTimeoutMs: 1_000 } });
    const silent = [1, 2, 3].map(() => new RawLine(rig.wire, new Uint8Array(0)));
    expect(silent.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    rig.pass(1_200);
    expect(silent.map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
    expect(rig.listener.stats.droppedBy).toEqual({ maxPending: 1, handshakeTimeoutMs: 2 });
    const { near, far } = rig.pair();
    rig.pass(2_000);
    expect([near.state, far.state]).toEqual(["open", "open"]);
  });

  test("of the listener are asked of new sessions alone, so that a full server takes its players back", () => {
    const rig = new SessionRig({ serverPoller: { maxConnections: 1 } });
    const { near, far } = rig.pair();
    const other = rig.connect();
    rig.pass(50);
    expect(other.closeReason).toMatchObject({
      kind: "refused",
      message: "the listener rejected the connection",
    });
    rig.slow.cut();
    rig.pass(50);
    near.trySend("back");
    rig.pass(50);
    expect(take(far)).toEqual(["back"]);
  });
});

describe("a stranger", () => {
  test("who speaks no session is dropped by the server, which says what it was", () => {
    const rig = new SessionRig();
    const stranger = new RawLine(rig.wire, new TextEncoder().encode("hello\n"));
    rig.pass(20);
    expect(stranger.isClosed).toBe(true);
    const drops: string[] = [];
    rig.server.on("drop", ({ reason }) => drops.push(reason.message));
    new RawLine(rig.wire, new TextEncoder().encode("GET / HTTP/1.1\r\n"));
    rig.pass(20);
    expect(drops).toEqual(['the peer speaks no session: it began with "GET / HTTP/1.1\uFFFD\uFFFD"']);
  });

  test("of another version is told so, at both ends", () => {
    const rig = new SessionRig();
    const newer = new RawLine(rig.wire, Uint8Array.of(0x54, 0x57, 0x53, 9, 1));
    rig.pass(20);
    expect([newer.answer, newer.isClosed]).toEqual(["version", true]);
  });

  test.each([
    [
      "who is silent",
      bytes(),
      "timeout",
      "the peer did not answer as a session does within 500 ms; does it listen with session()?",
    ],
    [
      "who takes it for nonsense",
      lengthPrefixed(),
      "remote",
      "the peer closed the connection before it had spoken; does it listen with session()?",
    ],
  ])("%s, as it listens without sessions, is a reason that asks for them", (_, codec, kind, message) => {
    const wire = memory();
    const poller = new Poller();
    const listener = poller.listen(wire, codec as Codec<unknown, never>);
    poller.poll(0);
    const random = (given: Uint8Array) => given.fill(0xff);
    const near = poller.connect(session(wire, { dialTimeoutMs: 500, random }), lines());
    for (let nowMs = 10; nowMs < 3_000; nowMs += 10) {
      poller.poll(nowMs);
      listener.tryAccept();
      poller.flush();
    }
    expect(near.closeReason).toMatchObject({ kind, message });
  });

  test("who sends what is no frame ends the session with protocol, at both ends", () => {
    const rig = new SessionRig();
    const { far } = rig.pair();
    const line = rig.resumeAs({});
    line.link.write(Uint8Array.of(99));
    rig.pass(20);
    expect(far.closeReason).toMatchObject({
      kind: "protocol",
      message: "the peer sent what is no frame of a session: a frame of type 99, which is none",
    });
    expect(line.isClosed).toBe(true);
  });
});

describe("the call", () => {
  test("takes streams alone, and checks its options", () => {
    const wire = memory();
    expect(() => session({})).toThrow(
      /^transport: expected a transport of streams such as tcp\(\), got an object/,
    );
    expect(() => session({ ...wire, connect: wire.connect, framing: "message" })).toThrow(
      /framing: "message"/,
    );
    expect(() => session(wire, { pingMs: 1 } as never)).toThrow(/^pingMs: there is no such option/);
    expect(() => session(wire, { deadPeerMs: 1_000 })).toThrow(
      /^deadPeerMs: expected more than pingIntervalMs/,
    );
    expect(() => session(wire, { resendBytes: 0 })).toThrow(/^resendBytes: /);
    expect(() => session(wire, { gateway: "x".repeat(256) })).toThrow(/^gateway: expected at most 255 bytes/);
    expect("bind" in session(wire)).toBe(false);
  });
});
