/** The live controls: cut, blackhole, heal and set, for all links and for one; and how links end on a bad network. */
import { describe, expect, test } from "vitest";
import { bytes, conditioned, lines, memory, Poller, type Transport } from "../../../src/index.ts";
import { SlowRig } from "./slow-rig.ts";

describe("cut", () => {
  test("resets both ends of every link, and loses what is on its way", () => {
    const rig = new SlowRig({ latencyMs: 50 });
    const pairs = [rig.pair(), rig.pair()];
    for (const { near, far } of pairs) {
      near.trySend("lost");
      far.trySend("lost");
    }
    rig.flush();
    rig.slow.cut();
    rig.pass(200);
    for (const { near, far } of pairs) {
      expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["reset", "reset"]);
      expect([...near, ...far]).toEqual([]);
    }
    const { near, far } = rig.pair(); // the network is there again
    near.trySend("hello");
    rig.until(() => far.tryRecv() === "hello");
  });

  test("of one connection leaves the others alone, and of one that is over changes nothing", () => {
    const rig = new SlowRig("broadband");
    const [one, two] = [rig.pair(), rig.pair()];
    rig.slow.cut(one.near);
    rig.pass(50);
    expect([one.near.closeReason?.kind, two.near.closeReason?.kind]).toEqual(["reset", undefined]);
    rig.slow.cut(one.near);
    rig.slow.blackhole("send", one.near);
    rig.slow.heal(one.near);
  });

  test("ends an attempt to connect too, as a state with a reason", () => {
    const rig = new SlowRig({ latencyMs: 100 });
    const near = rig.connect();
    rig.pass(50);
    rig.slow.cut();
    rig.pass(10);
    expect(near.closeReason?.kind).toBe("reset");
  });
});

describe("a connection", () => {
  test("is told by its addresses, at either end, and so is one on the network below", () => {
    const wire = memory();
    const slow = conditioned(wire);
    const poller = new Poller();
    const listener = poller.listen(slow, lines());
    const near = poller.connect(slow, lines());
    poller.poll(0);
    poller.poll(0);
    const far = listener.tryAccept();
    slow.blackhole("send", far);
    near.trySend("heard");
    far?.trySend("not heard");
    poller.poll(1);
    poller.poll(2);
    expect([far?.tryRecv(), near.tryRecv()]).toEqual(["heard", undefined]);
    slow.heal(far);
    poller.poll(3);
    poller.poll(4);
    expect(near.tryRecv()).toBe("not heard");
    wire.cut(near);
    poller.poll(5);
    expect([near.closeReason?.kind, far?.closeReason?.kind]).toEqual(["reset", "reset"]);
  });

  test("of another transport, one that still connects, and what is none are the caller's mistakes", () => {
    const rig = new SlowRig({});
    const stranger = new SlowRig({}).pair().near;
    for (const call of ["cut", "heal"] as const) {
      expect(() => rig.slow[call](stranger)).toThrow(/^connection: it is none of this conditioned transport/);
      expect(() => rig.slow[call](rig.connect())).toThrow(RangeError);
      expect(() => rig.slow[call]("all" as never)).toThrow(TypeError);
    }
    const unaddressed = { localAddress: undefined, remoteAddress: undefined };
    expect(() => rig.slow.cut(unaddressed)).toThrow(
      "connection: it has no address by which to tell its link, or is still connecting; without a connection all are meant",
    );
    expect(() => rig.slow.blackhole("both" as never)).toThrow(/^direction: expected one of send, receive/);
    expect(() => rig.slow.blackhole("send", stranger)).toThrow(RangeError);
    expect(() => rig.slow.set({ latencyMs: -1 })).toThrow(/^latencyMs: /);
  });

  test("shares no address objects with another, though their transport does", () => {
    const shared = { family: "memory", host: "memory", port: 0 } as const;
    const wire = memory();
    const sharing: Transport = {
      connect: () => {
        const link = wire.connect();
        return Object.defineProperties(link, {
          localAddress: { value: undefined },
          remoteAddress: { value: shared },
        });
      },
    };
    const slow = conditioned(sharing);
    const [server, client] = [new Poller(), new Poller()];
    server.listen(wire, lines());
    const [one, two] = [client.connect(slow, lines()), client.connect(slow, lines())];
    client.poll(0);
    slow.cut(one);
    client.poll(1);
    expect([one.closeReason?.kind, two.closeReason]).toEqual(["reset", undefined]);
    slow.cut(two);
    client.poll(2);
    expect(two.closeReason?.kind).toBe("reset");
  });
});

describe("a blackhole", () => {
  test("lets nothing pass, tells nobody, and when it is healed streams go on and have lost nothing", () => {
    const rig = new SlowRig({ latencyMs: 20 });
    const { near, far } = rig.pair();
    near.trySend("on its way");
    rig.flush();
    rig.slow.blackhole();
    for (let index = 0; index < 100; index++) {
      near.trySend(`up ${index}`);
      far.trySend(`down ${index}`);
      rig.pass(10);
    }
    expect([...near, ...far]).toEqual([]);
    expect([near.state, far.state]).toEqual(["open", "open"]);
    rig.slow.heal();
    rig.pass(50);
    const counted = (word: string) => Array.from({ length: 100 }, (_, index) => `${word} ${index}`);
    expect([...far]).toEqual(["on its way", ...counted("up")]);
    expect([...near]).toEqual(counted("down"));
  });

  test("of one direction lets the other pass", () => {
    const rig = new SlowRig({});
    const { near, far } = rig.pair();
    rig.slow.blackhole("send");
    near.trySend("lost in the hole");
    far.trySend("heard");
    rig.pass(30);
    expect([...far, ...near]).toEqual(["heard"]);
    rig.slow.heal();
    rig.pass(10);
    expect([...far]).toEqual(["lost in the hole"]);
  });

  test("makes a sender wait when its queue is full, in bounded memory", () => {
    const rig = new SlowRig({ queueBytes: 10_000 });
    const { near, far } = rig.pair();
    rig.slow.blackhole();
    for (let count = 0; count < 100; count++) near.trySend("x".repeat(999));
    rig.pass(20);
    expect(near.pendingBytes).toBe(90_000);
    rig.slow.heal();
    let got = 0;
    rig.until(() => (got += [...far].length) === 100);
  });

  test("pauses a peer that goes on sending when its queue is full", () => {
    const rig = new SlowRig({ queueBytes: 10_000 }, { wire: { pieceBytes: 500 } });
    const { near, far } = rig.pair();
    rig.slow.blackhole("receive");
    for (let count = 0; count < 100; count++) far.trySend("x".repeat(999));
    rig.pass(50);
    expect(far.pendingBytes).toBe(90_000);
    rig.slow.heal();
    let got = 0;
    rig.until(() => (got += [...near].length) === 100);
  });

  test("hides the peer's end and its reset, until it is healed", () => {
    for (const [call, kind] of [
      ["close", "remote"],
      ["abort", "reset"],
    ] as const) {
      const rig = new SlowRig({});
      const { near, far } = rig.pair();
      rig.slow.blackhole("receive");
      far[call]();
      rig.pass(100);
      expect(near.state).toBe("open");
      rig.slow.heal();
      rig.pass(50);
      expect(near.closeReason?.kind).toBe(kind);
    }
  });

  test("lets no connect through, until it is healed or given up", () => {
    for (const direction of ["send", "receive", undefined] as const) {
      const rig = new SlowRig({}, { client: { timeoutMs: 1_000, maxFrameMs: 1_000 } });
      rig.slow.blackhole(direction);
      const [near, other] = [rig.connect(), rig.connect()];
      rig.pass(500);
      expect(near.state).toBe("connecting");
      other.abort();
      rig.slow.heal();
      rig.pass(50);
      expect([near.state, other.state]).toEqual(["open", "closed"]);
      rig.slow.blackhole(direction);
      const late = rig.connect();
      rig.pass(2_000);
      expect(late.closeReason?.kind).toBe("timeout");
    }
  });

  test("hides this side's abort from the peer, which stays half open until it is healed", () => {
    const rig = new SlowRig({});
    const [one, two] = [rig.pair(), rig.pair()];
    rig.slow.blackhole("send", one.near);
    one.near.abort();
    rig.pass(200);
    expect([one.near.state, one.far.state, two.far.state]).toEqual(["closed", "open", "open"]);
    one.far.trySend("anybody?");
    rig.pass(20);
    rig.slow.heal();
    rig.pass(20);
    expect([one.far.closeReason?.kind, two.far.state]).toEqual(["reset", "open"]);
  });

  test("keeps no link when everything of the transport has ended", async () => {
    const rig = new SlowRig({});
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    rig.slow.blackhole();
    rig.client[Symbol.dispose]();
    rig.server.poll(rig.time + 10);
    expect(pairs.map(({ far }) => far.closeReason?.kind)).toEqual(["reset", "reset", "reset"]);
  });
});

describe("set", () => {
  test("concerns what is sent from then on, by name or by numbers, and nothing without any", () => {
    const rig = new SlowRig({});
    const { near, far } = rig.pair();
    rig.slow.set({ latencyMs: 100 });
    near.trySend("slow");
    rig.flush();
    rig.frame();
    rig.slow.set({});
    near.trySend("behind it");
    rig.flush();
    const got: string[] = [];
    expect(rig.until(() => got.push(...far) > 0 && got.length === 2)).toBe(9);
    expect(got).toEqual(["slow", "behind it"]);
    near.trySend("clear again");
    rig.flush();
    rig.frame(0);
    expect([...far]).toEqual(["clear again"]);
    rig.slow.set("poor");
    near.trySend("poor");
    expect(rig.until(() => far.tryRecv() === "poor")).toBeGreaterThanOrEqual(15);
  });

  test("in the midst of a write that waits loses and repeats nothing", () => {
    const rig = new SlowRig({ bytesPerSecond: 50_000, queueBytes: 5_000 }, { wire: { pieceBytes: 700 } });
    const { near, far } = rig.pair();
    const sent = Array.from({ length: 400 }, (_, index) => `${index} ${"x".repeat(300)}`);
    for (const text of sent) near.trySend(text);
    const got: string[] = [];
    const steps = [{}, { latencyMs: 30 }, { queueBytes: 100 }, "wifi", { bytesPerSecond: 1e6 }, {}] as const;
    for (const step of steps) {
      rig.pass(200);
      got.push(...far);
      rig.slow.set(step);
    }
    rig.until(() => got.push(...far) === sent.length);
    expect(got).toEqual(sent);
    expect(near.pendingBytes).toBe(0);
  });
});

describe("an end", () => {
  test("travels behind the bytes, both ways, and everything is delivered before it", () => {
    const conditions = { latencyMs: 100, bytesPerSecond: 20_000, queueBytes: 1_000 };
    const rig = new SlowRig(conditions, { wire: { allowHalfOpen: true } });
    const { near, far } = rig.pair();
    const sent = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    for (const text of sent) near.trySend(text);
    near.end();
    const got: string[] = [];
    rig.until(() => {
      got.push(...far);
      return far.recvEnded;
    });
    expect(got).toEqual(sent);
    far.trySend("the answer to all that");
    far.close();
    rig.until(() => near.tryRecv() === "the answer to all that");
    rig.until(() => near.state === "closed" && far.state === "closed");
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "local"]);
  });

  test("takes its time: the peer sees it one latency later, and this side two", () => {
    const rig = new SlowRig({ latencyMs: 100 });
    const { near, far } = rig.pair();
    near.close();
    expect(rig.until(() => far.state === "closed")).toBeGreaterThanOrEqual(10);
    expect(near.state).toBe("closing");
    expect(rig.until(() => near.state === "closed")).toBeGreaterThanOrEqual(9);
  });

  test("that the close deadline cuts short lets what was sent arrive, as a system would", () => {
    const rig = new SlowRig({ latencyMs: 2_000 }, { client: { closeTimeoutMs: 100, maxFrameMs: 1_000 } });
    const { near, far } = rig.pair();
    near.trySend("last words");
    near.close();
    rig.pass(150);
    expect(near.state).toBe("closed");
    rig.pass(10);
    expect([...far]).toEqual(["last words"]);
    rig.pass(10);
    expect(far.closeReason?.kind).toBe("remote");
  });

  test("that the close deadline cuts short lets a peer read late what was sent, and keeps nothing for one that never does", () => {
    const options = { closeTimeoutMs: 100, maxFrameMs: 1_000 };
    const wire = memory({ pieceBytes: 500 });
    const slow = conditioned(wire, { latencyMs: 20 });
    const [server, client] = [new Poller(options), new Poller()];
    const listener = server.listen(slow, lines());
    const text = "x".repeat(1_000);
    const nears = [0, 1].map(() => client.connect(wire, bytes(), { receiveLimitBytes: 1_024 }));
    let nowMs = 0;
    const pass = (frames: number): void => {
      for (let count = 0; count < frames; count++) {
        client.poll((nowMs += 10));
        server.poll(nowMs);
        server.flush();
      }
    };
    pass(5);
    const fars = [listener.tryAccept(), listener.tryAccept()];
    for (let count = 0; count < 50; count++) for (const far of fars) far?.trySend(text);
    pass(5);
    for (const far of fars) far?.close();
    pass(30);
    expect(fars.map((far) => far?.state)).toEqual(["closed", "closed"]);
    slow.heal(); // which ends what a blackhole has kept, and this is not
    const [late, never] = nears;
    let got = 0;
    for (let count = 0; count < 200; count++) {
      for (const piece of late ?? []) got += piece.length;
      pass(1);
    }
    expect([got, late?.closeReason?.kind, never?.state]).toEqual([50 * (text.length + 1), "remote", "open"]);
    listener.close();
    pass(5);
    expect(never?.closeReason?.kind).toBe("reset");
  });

  test("of the peer's link that is reset comes behind what was received", () => {
    const rig = new SlowRig({ latencyMs: 50 });
    const { near, far } = rig.pair();
    far.trySend("last words");
    rig.flush();
    far.abort();
    const got: string[] = [];
    expect(rig.until(() => got.push(...near) > 0)).toBe(6);
    rig.until(() => near.state === "closed");
    expect([got, near.closeReason?.kind]).toEqual([["last words"], "reset"]);
  });

  test("comes of a refusal too, after a round trip", () => {
    const slow = conditioned(memory(), { latencyMs: 30 });
    const poller = new Poller();
    const near = poller.connect(slow, lines());
    let time = 0;
    while (near.state !== "closed") poller.poll((time += 10));
    expect([near.closeReason?.kind, time]).toEqual(["refused", 70]);
  });

  test("of the poller leaves nothing that is due, and nothing to pump", async () => {
    const rig = new SlowRig("mobile");
    rig.pair();
    rig.pair();
    await Promise.all([rig.client[Symbol.asyncDispose](), rig.server[Symbol.asyncDispose]()]);
    expect(rig.slow.pump?.(1e9, rig.client)).toBeUndefined();
  });
});

describe("a game that does not read", () => {
  test("finds everything there when it does, behind the receive limit, and the peer was held back", () => {
    const rig = new SlowRig(
      { latencyMs: 20, queueBytes: 5_000 },
      { client: { receiveLimitBytes: 10_000 }, wire: { pieceBytes: 1_000 } },
    );
    const { near, far } = rig.pair();
    const sent = Array.from({ length: 300 }, (_, index) => `${index} ${"x".repeat(500)}`);
    for (const text of sent) {
      far.trySend(text);
      rig.pass(10);
    }
    expect(near.stats.pauses).toBe(1);
    expect(far.pendingBytes).toBeGreaterThan(100_000);
    const got: string[] = [];
    rig.until(() => got.push(...near) === sent.length);
    expect(got).toEqual(sent);
  });
});
