/** Asking whether the process is there, before a window dials. */
import { expect, test } from "vitest";
import { probed, type ServerProbe } from "../../../../demo/cube/page/probed.ts";
import { lines, memory, Poller, session } from "../../../../src/index.ts";

/** A probe whose answer the test gives. */
class TestProbe implements ServerProbe {
  asked = 0;
  answer: ((isThere: boolean) => void) | undefined;

  ask(answer: (isThere: boolean) => void): void {
    this.asked++;
    this.answer = answer;
  }

  forget(): void {
    this.answer = undefined;
  }
}

test("the first link is dialled at once, and later ones when the server is there", () => {
  const [probe, wire, server, poller] = [new TestProbe(), memory(), new Poller(), new Poller()];
  const listener = server.listen(wire, lines());
  const transport = probed(wire, probe);
  const step = (nowMs: number) => {
    for (const one of [server, poller]) one.poll(nowMs);
    for (const one of [server, poller]) one.flush();
  };
  const first = poller.connect(transport, lines());
  for (const nowMs of [0, 1]) step(nowMs);
  expect([first.state, probe.asked]).toEqual(["open", 0]);

  const second = poller.connect(transport, lines());
  for (const nowMs of [2, 3]) step(nowMs);
  expect([second.state, probe.asked]).toEqual(["connecting", 1]);
  probe.answer?.(true);
  for (const nowMs of [4, 5]) step(nowMs);
  expect(second.state).toBe("open");
  listener.tryAccept();
  second.trySend("hello");
  step(6);
  server.poll(7);
  expect([...(listener.tryAccept() ?? [])]).toEqual(["hello"]);

  const third = poller.connect(transport, lines());
  poller.poll(8);
  probe.answer?.(false);
  poller.poll(9);
  expect(third.closeReason).toEqual({
    kind: "refused",
    message: "the process behind this window is not there",
  });

  const fourth = poller.connect(transport, lines());
  poller.poll(10);
  fourth.abort();
  poller.poll(11);
  expect([fourth.state, probe.answer]).toEqual(["closed", undefined]);
});

test("a session that lost its line asks again and again, and dials once the server is there", () => {
  const [probe, wire, server, poller] = [new TestProbe(), memory(), new Poller(), new Poller()];
  const listener = server.listen(session(wire), lines());
  const player = poller.connect(session(probed(wire, probe)), lines());
  let nowMs = 0;
  const frames = (count: number) => {
    for (let frame = 0; frame < count; frame++) {
      nowMs += 100;
      for (const one of [server, poller]) one.poll(nowMs);
      listener.tryAccept();
      for (const one of [server, poller]) one.flush();
    }
  };
  frames(4);
  expect(player.linked).toBe(true);
  wire.cut();
  frames(2);
  for (let asked = 1; asked <= 4; asked++) {
    for (let tries = 0; tries < 100 && probe.asked < asked; tries++) frames(1);
    expect([probe.asked, player.linked]).toEqual([asked, false]);
    probe.answer?.(false);
  }
  for (let tries = 0; tries < 100 && probe.asked < 5; tries++) frames(1);
  probe.answer?.(true);
  frames(4);
  expect([player.linked, player.state]).toEqual([true, "open"]);
});
