/**
 * What a datagram socket does over frames and in memory, on a link whose network is
 * the test: it tells when it is bound, and whether what was given has been sent.
 */
import { describe, expect, test } from "vitest";
import { bytes, type Destination, json, lines, memory, Poller } from "../../../src/index.ts";
import { ScriptedDatagramLink } from "./scripted-datagram-link.ts";

const THERE: Destination = { host: "there", port: 9 };
const NO_WORDS = { kind: "local", message: "gone" } as const;

function scripted(options?: Parameters<Poller["bind"]>[2]) {
  const poller = new Poller();
  const link = new ScriptedDatagramLink();
  const socket = poller.bind({ bind: () => link }, lines(), options);
  poller.poll(0);
  return { poller, link, socket };
}

describe("the close of a datagram socket", () => {
  test("ends at closeTimeoutMs of polled time, when a datagram is not sent by then", () => {
    const { poller, link, socket } = scripted({ closeTimeoutMs: 300 });
    link.open();
    poller.poll(10);
    socket.trySendTo("to a name that nobody resolves", THERE);
    socket.close();
    poller.poll(900); // the deadline begins here: the frame of the call does not count
    poller.poll(1_199);
    expect([socket.state, link.calls]).toEqual(["open", ["close"]]);
    poller.poll(1_200);
    expect([socket.state, link.calls, socket.pendingBytes]).toEqual(["closed", ["close", "abort"], 0]);
    expect(socket.closeReason).toEqual({
      kind: "timeout",
      code: "closeTimeoutMs",
      message: "1 queued datagrams were not sent in time after the close",
    });
  });

  test("ends at its deadline while the socket is still starting", () => {
    const { poller, link, socket } = scripted({ closeTimeoutMs: 300 });
    socket.trySendTo("early", THERE);
    socket.close();
    poller.poll(10);
    poller.poll(309);
    expect([socket.state, link.calls]).toEqual(["starting", []]);
    poller.poll(310);
    expect([socket.state, socket.closeReason?.code, link.calls]).toEqual([
      "closed",
      "closeTimeoutMs",
      ["abort"],
    ]);
  });

  test("has no deadline left once it is closed, and the first reason counts", () => {
    const { poller, link, socket } = scripted({ closeTimeoutMs: 300 });
    link.open();
    socket.close();
    socket.close();
    link.events?.closed(NO_WORDS);
    poller.poll(1);
    poller.poll(1_000);
    expect([socket.state, socket.closeReason, link.calls]).toEqual(["closed", NO_WORDS, ["close"]]);
  });

  test("wins over a deadline that passes in the same frame", () => {
    const { poller, link, socket } = scripted({ closeTimeoutMs: 300 });
    link.open();
    socket.close();
    poller.poll(0);
    link.events?.closed(NO_WORDS);
    poller.poll(500);
    expect(socket.closeReason).toEqual(NO_WORDS);
  });

  test("takes the default of its poller for its deadline", () => {
    const poller = new Poller({ closeTimeoutMs: 40 });
    const link = new ScriptedDatagramLink();
    const socket = poller.bind({ bind: () => link }, lines());
    poller.poll(0);
    socket.trySendTo("early", THERE);
    socket.close();
    poller.poll(0);
    poller.poll(40);
    expect(socket.state).toBe("closed");
  });

  test("waits for no resolver when the poller is disposed of with await", async () => {
    const { poller, link, socket } = scripted({ closeTimeoutMs: 1 });
    link.open();
    poller.poll(1);
    socket.trySendTo("to a name that nobody resolves", THERE);
    await poller[Symbol.asyncDispose]();
    expect([socket.state, socket.closeReason?.kind]).toEqual(["closed", "timeout"]);
  });

  test.each(["starting", "open"])("is at once when its poller is dropped while it is %s", (state) => {
    const { poller, link, socket } = scripted();
    if (state === "open") link.open();
    socket.trySendTo("queued", THERE);
    poller[Symbol.dispose]();
    expect(link.calls).toEqual(["abort"]);
    expect(socket.trySendTo("more", THERE)).toBe(false);
    poller.poll(1);
    expect([socket.state, socket.closeReason?.kind, link.sent]).toEqual(["closed", "local", []]);
  });

  test("is deaf to what the link tells afterwards", () => {
    const { poller, link, socket } = scripted();
    link.open();
    poller[Symbol.dispose]();
    poller.poll(1);
    link.open();
    link.events?.sent(5);
    link.events?.failed({ kind: "failed", message: "late" });
    link.events?.received(new TextEncoder().encode("late"), { family: "memory", host: "there", port: 9 });
    link.events?.closed(NO_WORDS);
    poller.poll(2);
    expect([socket.state, socket.tryRecv(), socket.pendingBytes, socket.lastFailure]).toEqual([
      "closed",
      undefined,
      0,
      undefined,
    ]);
  });
});

describe("a queued datagram", () => {
  test("weighs 64 bytes beside its own under the send limit, so that empty ones are not free", () => {
    const poller = new Poller({ sendLimitBytes: 1_000 });
    const socket = poller.bind(memory(), bytes());
    poller.poll(0);
    let queued = 0;
    while (socket.trySendTo(new Uint8Array(0), THERE)) queued++;
    expect([queued, socket.pendingBytes]).toEqual([Math.floor(1_000 / 64), 0]);
    poller.poll(1);
    poller.poll(2);
    expect(socket.trySendTo(new Uint8Array(0), THERE)).toBe(true);
  });

  test("counts until the link has sent it", () => {
    const { poller, link, socket } = scripted({ sendLimitBytes: 70 });
    link.open();
    expect([socket.trySendTo("123456", THERE), socket.trySendTo("", THERE)]).toEqual([true, false]);
    poller.flush();
    poller.poll(1);
    expect([socket.trySendTo("", THERE), socket.pendingBytes]).toEqual([false, 6]);
    link.finish();
    poller.poll(2);
    expect([socket.trySendTo("", THERE), socket.pendingBytes]).toEqual([true, 0]);
  });

  test("takes nothing of the destination but host and port, as they are at the call", () => {
    const { poller, link, socket } = scripted();
    link.open();
    const to = { family: "IPv4", host: "192.0.2.1", port: 5 };
    socket.trySendTo("x", to);
    Object.assign(to, { host: "192.0.2.2", port: 6 });
    poller.poll(1);
    expect(link.sent[0]?.to).toEqual({ host: "192.0.2.1", port: 5 });
  });

  test.each([
    [undefined, TypeError, "to: expected an address with host and port, got undefined"],
    [null, TypeError, "to: expected an address with host and port, got null"],
    ["127.0.0.1:9", TypeError, "to: expected an address with host and port, got string"],
    [{ port: 9 }, TypeError, "to.host: expected a string, got undefined"],
    [{ host: "", port: 9 }, RangeError, "to.host: expected a string, got an empty one"],
    [{ host: "127.0.0.1\0.example", port: 9 }, RangeError, "to.host: expected a string without NUL"],
    [{ host: "127.0.0.1" }, TypeError, "to.port: expected a number, got undefined"],
    [{ host: "127.0.0.1", port: "9" }, TypeError, "to.port: expected a number, got string"],
    [{ host: "127.0.0.1", port: 0 }, RangeError, "to.port: expected a whole number from 1 to 65535"],
    [{ host: "127.0.0.1", port: 65_536 }, RangeError, "to.port: expected a whole number from 1 to 65535"],
  ])("is refused at the call for the destination %o", (to, kind, message) => {
    const { socket } = scripted();
    expect(() => socket.trySendTo("x", to as Destination)).toThrow(kind);
    expect(() => socket.trySendTo("x", to as Destination)).toThrow(message);
  });
});

describe("the messages of a datagram", () => {
  const FROM = { family: "memory", host: "there", port: 9 } as const;
  const encoded = (text: string) => new TextEncoder().encode(text);

  test("have one sender, which is another object than that of the next datagram", () => {
    const { poller, link, socket } = scripted();
    link.open();
    for (const text of ["a\nb", "c"]) link.events?.received(encoded(text), FROM);
    poller.poll(1);
    const [a, b, c] = [socket.tryRecvFrom(), socket.tryRecvFrom(), socket.tryRecvFrom()];
    expect([a, b, c]).toEqual(["a", "b", "c"].map((message) => ({ message, from: FROM })));
    expect([b?.from === a?.from, c?.from === a?.from]).toEqual([true, false]);
  });

  test("come all or none, and none of them with those of the next", () => {
    const { poller, link, socket } = scripted();
    poller.on("malformed", () => {});
    link.open();
    link.events?.received(Uint8Array.of(0x61, 0x0a, 0xff), FROM);
    link.events?.received(encoded("b"), FROM);
    link.events?.received(encoded("\n".repeat(5_000)), FROM);
    link.events?.received(encoded("c\nd"), FROM);
    poller.poll(1);
    const taken = Array.from({ length: 5_004 }, () => socket.tryRecv());
    expect([taken[0], taken[1], ...taken.slice(-4)]).toEqual(["b", "", "", "c", "d", undefined]);
    expect(socket.stats).toMatchObject({ malformed: 1, receivedMessages: 5_003, dropped: 0 });
  });

  test("stay in order and under the limit, whether or not the frame before was taken", () => {
    const { poller, link, socket } = scripted({ receiveLimitBytes: 4 * 66 });
    link.open();
    const frame = (text: string, takes: number) => {
      link.events?.received(encoded(text), FROM);
      poller.poll(socket.stats.receivedMessages);
      return Array.from({ length: takes }, () => socket.tryRecv());
    };
    expect(frame("a\nb\nc", 1)).toEqual(["a"]);
    expect(frame("d\ne", 4)).toEqual(["b", "c", "d", "e"]);
    expect(frame("f\ng\nh", 0)).toEqual([]);
    expect(frame("i\nj", 5)).toEqual(["g", "h", "i", "j", undefined]);
    expect(frame("k", 2)).toEqual(["k", undefined]);
    expect(socket.stats.dropped).toBe(1);
  });
});

describe("received datagrams that wait", () => {
  test("count the memory of their messages, where it is more than their bytes", () => {
    const poller = new Poller();
    const link = new ScriptedDatagramLink();
    const socket = poller.bind({ bind: () => link }, json(), { receiveLimitBytes: 10_000 });
    const list = new TextEncoder().encode(`[${"{},".repeat(19)}{}]`);
    for (let count = 0; count < 100; count++) {
      link.events?.received(list, { family: "memory", host: "there", port: 1 });
      if (count % 10 === 9) poller.poll(count);
    }
    let waiting = 0;
    while (socket.tryRecv() !== undefined) waiting++;
    expect(waiting, "twenty objects take 1,120 bytes, and are charged 1,037").toBeLessThan(10_000 / 1_037);
    poller.poll(100);
    expect([waiting > 0, socket.stats.dropped]).toEqual([true, 100 - waiting]);
  });
});

describe("received datagrams that cannot be decoded", () => {
  test("are one event in a frame for each socket, with their number and the last one's reason", () => {
    const { poller, link, socket } = scripted();
    const other = new ScriptedDatagramLink();
    const second = poller.bind({ bind: () => other }, lines());
    const events: unknown[] = [];
    poller.on("malformed", ({ socket: of, count, reason, from }) => {
      events.push([of === socket ? 1 : of === second ? 2 : 0, count, reason.message, from.port]);
    });
    for (const port of [1, 2]) {
      link.events?.received(Uint8Array.of(0xff), { family: "memory", host: "there", port });
    }
    other.events?.received(Uint8Array.of(0xff), { family: "memory", host: "there", port: 3 });
    expect([events, socket.stats.malformed, socket.lastFailure]).toEqual([[], 0, undefined]);
    poller.poll(1);
    const sentence = "was dropped: line 1 is not valid UTF-8";
    expect(events).toEqual([
      [1, 2, `a datagram from there:2 ${sentence}`, 2],
      [2, 1, `a datagram from there:3 ${sentence}`, 3],
    ]);
    poller.poll(2);
    expect([events.length, socket.stats.malformed, second.stats.malformed]).toEqual([2, 2, 1]);
  });

  test("are warned of once, while nobody listens for the event", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error & { code?: string }) => warnings.push(`${warning.code}: ${warning.message}`);
    process.on("warning", hear);
    const { poller, link } = scripted();
    const malform = (nowMs: number) => {
      link.events?.received(Uint8Array.of(0xff), { family: "memory", host: "there", port: 1 });
      poller.poll(nowMs);
    };
    poller.on("malformed", ignore);
    malform(1);
    poller.off("malformed", ignore);
    malform(2);
    malform(3);
    await new Promise(setImmediate);
    process.off("warning", hear);
    expect(warnings).toEqual([
      "TICKWIRE_MALFORMED: a datagram from there:1 was dropped: line 1 is not valid UTF-8; " +
        'listen to "malformed" to hear of each',
    ]);
  });

  test("name the limit of the codec that they are over", () => {
    const poller = new Poller();
    const link = new ScriptedDatagramLink();
    const socket = poller.bind({ bind: () => link }, json({ maxDepth: 1, maxLineBytes: 4 }));
    for (const text of ["[[]]", "[1,2]"]) {
      link.events?.received(new TextEncoder().encode(text), { family: "memory", host: "there", port: 1 });
      poller.poll(0);
      expect(socket.lastFailure).toMatchObject({
        kind: "protocol",
        code: text === "[[]]" ? "maxDepth" : "maxLineBytes",
      });
    }
  });

  test("have a reason also where the decoder throws something of its own", () => {
    const poller = new Poller();
    const link = new ScriptedDatagramLink();
    const thrown = new TypeError("the game's own mistake");
    const decoder = () => ({
      decode(): void {
        throw thrown;
      },
    });
    const socket = poller.bind({ bind: () => link }, { decoder, encode: () => new Uint8Array(0) });
    link.events?.received(Uint8Array.of(1), { family: "memory", host: "there", port: 1 });
    poller.poll(0);
    expect(socket.lastFailure).toMatchObject({ kind: "protocol", cause: thrown });
    expect(socket.lastFailure?.message).toContain("the game's own mistake");
  });
});

describe("options of bind", () => {
  test.each([
    [{ receiveLimitBytes: 0 }, RangeError, "receiveLimitBytes: expected"],
    [{ sendLimitBytes: -1 }, RangeError, "sendLimitBytes: expected"],
    [{ sendLimitBytes: "1" }, TypeError, "sendLimitBytes: expected a number"],
    [{ closeTimeoutMs: -1 }, RangeError, "closeTimeoutMs: expected"],
    [{ maxDatagramBytes: 0 }, RangeError, "maxDatagramBytes: expected"],
    [{ maxDatagramBytes: 65_508 }, RangeError, "maxDatagramBytes: expected"],
    [{ timeoutMs: 5 }, TypeError, "timeoutMs: there is no such option; the nearest one is closeTimeoutMs"],
    ["options", TypeError, "options: expected an object, got string"],
  ])("refuse %o at the call", (options, kind, message) => {
    const bind = () => new Poller().bind(memory(), lines(), options as object);
    expect(bind).toThrow(kind);
    expect(bind).toThrow(message);
  });

  test.each([
    { receiveLimitBytes: 1, sendLimitBytes: 1, closeTimeoutMs: 1, maxDatagramBytes: 1 },
    {
      receiveLimitBytes: Infinity,
      sendLimitBytes: Infinity,
      closeTimeoutMs: Infinity,
      maxDatagramBytes: 65_507,
    },
    { receiveLimitBytes: undefined },
  ])("take %o", (options) => {
    expect(new Poller().bind(memory(), lines(), options as object).state).toBe("starting");
  });
});

function ignore(): void {}
