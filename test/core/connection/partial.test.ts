/** What a link holds back because the peer has not finished it: half a WebSocket message, half a record of TLS. */
import { describe, expect, test } from "vitest";
import { type Connection, type ConnectOptions, lines, Poller } from "../../../src/index.ts";
import { ScriptedLink } from "../scripted-link.ts";

function open(options: ConnectOptions): { link: ScriptedLink; poller: Poller; near: Connection<string> } {
  const link = new ScriptedLink();
  const poller = new Poller();
  const near = poller.connect({ connect: () => link }, lines(), options);
  poller.poll(0);
  link.events.opened();
  poller.poll(0);
  return { link, poller, near };
}

describe("bytes that a link holds back", () => {
  test("are life: who is never silent for the idle deadline stays", () => {
    const { link, poller, near } = open({ idleTimeoutMs: 900, partialMessageTimeoutMs: Infinity });
    let now = 0;
    for (let step = 1; step <= 10; step++) {
      poller.poll((now += 500));
      link.events.partial(step * 100);
      poller.poll(now);
    }
    expect(near.state).toBe("open");
    poller.poll((now += 899));
    expect(near.state).toBe("open");
    poller.poll((now += 1));
    poller.poll(now);
    expect(near.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
  });

  test("are a partial message, however many come, from the frame that saw its first bytes", () => {
    const { link, poller, near } = open({ partialMessageTimeoutMs: 500 });
    poller.poll(1_000);
    link.events.partial(1);
    poller.poll(1_000);
    for (const now of [1_100, 1_200, 1_300, 1_400, 1_499]) {
      link.events.partial(now);
      poller.poll(now);
      expect(near.state).toBe("open");
    }
    poller.poll(1_500);
    poller.poll(1_500);
    expect(near.closeReason).toMatchObject({ kind: "timeout", code: "partialMessageTimeoutMs" });
  });

  test("are none once the piece is whole, and a second piece has its own time", () => {
    const { link, poller, near } = open({ partialMessageTimeoutMs: 500 });
    let now = 0;
    for (let piece = 0; piece < 5; piece++) {
      link.events.partial(10);
      poller.poll((now += 300));
      link.say("whole");
      poller.poll(now);
      expect(near.tryRecv()).toBe("whole");
    }
    poller.poll((now += 900));
    poller.poll((now += 900));
    expect(near.state).toBe("open");
  });

  test("and bytes that the codec holds are one message, which the next whole one ends", () => {
    const { link, poller, near } = open({ partialMessageTimeoutMs: 500 });
    link.events.received(new TextEncoder().encode("half"));
    poller.poll(0);
    link.events.partial(3);
    poller.poll(400);
    poller.poll(500);
    poller.poll(500);
    expect(near.closeReason).toMatchObject({ code: "partialMessageTimeoutMs" });
  });

  test("at the end of the stream are a message that stops in the middle", () => {
    const { link, poller, near } = open({});
    link.events.partial(7);
    link.events.ended();
    poller.poll(0);
    poller.flush();
    link.events.closed({ kind: "remote", message: "over" });
    poller.poll(0);
    expect(near.closeReason).toMatchObject({
      kind: "protocol",
      message: "the stream ended inside a message, after 7 bytes of it",
    });
  });

  test("are dropped once this side has closed", () => {
    const { link, poller, near } = open({ partialMessageTimeoutMs: 500 });
    near.close();
    link.events.partial(7);
    poller.poll(0);
    link.events.ended();
    link.events.closed({ kind: "remote", message: "over" });
    poller.poll(0);
    expect(near.closeReason?.kind).toBe("local");
  });

  test("are asked for when the peer seems to be silent, where the link is not told of each", () => {
    const { link, poller, near } = open({ idleTimeoutMs: 900, partialMessageTimeoutMs: 100 });
    let isMore = true;
    let asked = 0;
    Object.assign(link, {
      reportPartial() {
        asked++;
        if (isMore) link.events.partial(0);
      },
    });
    poller.poll(899);
    expect(asked).toBe(0);
    poller.poll(900);
    poller.poll(1_799);
    expect([asked, near.state]).toEqual([1, "open"]);
    isMore = false;
    poller.poll(1_800);
    poller.poll(1_800);
    expect(near.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
  });

  test("cost a silent connection no deadline", () => {
    const { poller } = open({});
    expect(poller.dueInMs()).toBe(Infinity);
  });
});
