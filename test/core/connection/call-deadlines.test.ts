/** Deadlines that a call begins: from the first poll after it, and for whoever waits meanwhile. */
import { describe, expect, test } from "vitest";
import { type ConnectOptions, lines, Poller, waitForActivity } from "../../../src/index.ts";
import { ScriptedLink } from "../scripted-link.ts";

describe("a deadline that a call begins", () => {
  test("does not count the frame in which the call was made, however long it was: connect()", () => {
    const poller = new Poller();
    poller.poll(0);
    // A frame of 900 ms, at whose end the game connects.
    const { link, near } = connect(poller, { timeoutMs: 800 });
    poller.poll(900);
    expect(near.state).toBe("connecting");
    poller.poll(1_699);
    expect(near.state).toBe("connecting");
    poller.poll(1_700);
    expect([near.closeReason?.code, link.isCut]).toEqual(["timeoutMs", true]);
  });

  test("does not count the frame in which the call was made, however long it was: close()", () => {
    const poller = new Poller({ closeTimeoutMs: 800 });
    const { link, near } = connect(poller);
    link.events.opened();
    poller.poll(0);
    link.isStuck = true;
    near.trySend("goodbye");
    near.close();
    poller.poll(900);
    expect([near.state, link.written]).toEqual(["closing", "goodbye\n"]);
    poller.poll(1_699);
    expect(near.state).toBe("closing");
    poller.poll(1_700);
    expect(near.closeReason?.code).toBe("closeTimeoutMs");
  });

  test("begins with a frame that is itself longer than the deadline, and does not end with it", () => {
    const poller = new Poller({ closeTimeoutMs: 100, maxFrameMs: 10_000 });
    const { link, near } = connect(poller, { timeoutMs: 50 });
    poller.poll(5_000);
    expect(near.state).toBe("connecting");
    link.events.opened();
    poller.poll(5_049);
    near.close();
    poller.poll(9_000);
    expect(near.state).toBe("closing");
    link.events.closed({ kind: "local", message: "closed" });
    poller.poll(9_099);
    expect(near.closeReason?.kind).toBe("local");
  });

  test("has its whole time when an event handler begins it, in a poll", () => {
    const poller = new Poller({ closeTimeoutMs: 100 });
    poller.on("open", ({ connection }) => connection.close());
    const { link, near } = connect(poller);
    link.events.opened();
    poller.poll(0);
    poller.poll(500);
    poller.poll(599);
    expect(near.state).toBe("closing");
    poller.poll(600);
    expect(near.closeReason?.code).toBe("closeTimeoutMs");
  });

  test("is followed by a poll at once in a program that waits for activity, and is waited for then", async () => {
    const poller = new Poller();
    poller.poll(0);
    connect(poller, { timeoutMs: 300 });
    expect(poller.dueInMs()).toBe(0);
    expect(await waitForActivity(poller)).toBe(true);
    poller.poll(10);
    expect(poller.dueInMs()).toBe(300);
  });

  test("wakes who waits already, as only a poll begins it", async () => {
    const poller = new Poller();
    poller.poll(0);
    const wait = waitForActivity(poller);
    const { link, near } = connect(poller, { timeoutMs: 300 });
    expect(await wait).toBe(true);
    poller.poll(0);
    link.events.opened();
    poller.poll(0);
    const second = waitForActivity(poller);
    near.close();
    expect(await second).toBe(true);
  });

  test("wakes who waits when a flush begins it, elsewhere", async () => {
    const poller = new Poller();
    const { link, near } = connect(poller);
    link.events.opened();
    poller.poll(0);
    link.isStuck = true;
    const wait = waitForActivity(poller);
    near.trySend("not taken");
    poller.flush();
    expect(await wait).toBe(true);
    expect(poller.dueInMs()).toBeLessThan(Infinity);
  });
});

function connect(poller: Poller, options: ConnectOptions = {}) {
  const link = new ScriptedLink();
  return { link, near: poller.connect({ connect: () => link }, lines(), options) };
}
