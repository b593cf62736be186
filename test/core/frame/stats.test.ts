import { describe, expect, test } from "vitest";
import { lines, memory, Poller } from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";

describe("statistics", () => {
  test("count messages and bytes on connection, listener and poller alike", () => {
    const rig = lineRig();
    const first = rig.pair();
    const second = rig.pair();
    first.near.trySend("four");
    second.near.trySend("sixsix");
    rig.client.flush();
    rig.pollServer();
    take(first.far);
    first.far.trySend("answer");
    expect(first.far.stats).toMatchObject({
      receivedMessages: 1,
      receivedBytes: 5,
      sentMessages: 1,
      sentBytes: 7,
    });
    expect(rig.listener.stats).toMatchObject({ receivedMessages: 2, receivedBytes: 12, sentBytes: 7 });
    expect(rig.server.stats).toMatchObject({ receivedMessages: 2, accepted: 2, sentMessages: 1, closed: 0 });
    expect(rig.client.stats).toMatchObject({ opened: 2, sentMessages: 2, sentBytes: 12 });
  });

  test("change only in poll() and by the game's own calls", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("x");
    rig.client.flush();
    expect(far.stats).toMatchObject({ receivedMessages: 0, inboxPeakBytes: 0 });
    rig.pollServer();
    expect(far.stats).toMatchObject({ receivedMessages: 1, inboxPeakBytes: 66 });
  });
});

describe("options", () => {
  test.each([
    [{ receiveLimitBytes: 0 }, "receiveLimitBytes: expected a whole number from 1"],
    [{ sendLimitBytes: 1.5 }, "sendLimitBytes: expected a whole number"],
    [{ acceptLimit: -1 }, "acceptLimit: expected"],
    [{ timeoutMs: -1 }, "timeoutMs: expected milliseconds"],
    [{ closeTimeoutMs: Number.NaN }, "closeTimeoutMs: expected milliseconds"],
    [{ maxFrameMs: -5 }, "maxFrameMs: expected a number above 0"],
    [{ frameBudget: { messages: 0 } }, "frameBudget.messages: expected"],
    [{ frameBudget: { bytes: "1" as never } }, "frameBudget.bytes: expected a number, got string"],
  ])("%o is refused, by name", (options, message) => {
    expect(() => new Poller(options)).toThrow(message);
  });

  test("of a poller are the defaults of what it makes", () => {
    const wire = memory();
    const poller = new Poller({ sendLimitBytes: 4 });
    const connection = poller.connect(wire, lines());
    expect(() => connection.trySend("12345")).toThrow("sendLimitBytes, 4");
    expect(poller.connect(wire, lines(), { sendLimitBytes: 100 }).trySend("12345")).toBe(true);
  });

  test("a transport or codec that is none is refused, by name", () => {
    const poller = new Poller();
    expect(() => poller.listen({}, lines())).toThrow("transport: this one cannot listen");
    expect(() => poller.connect(undefined as never, lines())).toThrow("transport: this one cannot connect");
    expect(() => poller.connect(memory(), {} as never)).toThrow("codec: expected a codec");
    expect(() => poller.connect(memory(), lines as never)).toThrow("codec: expected a codec");
  });
});
