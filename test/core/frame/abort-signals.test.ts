import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Connection, lines, memory, Poller } from "../../../src/index.ts";
import { ScriptedLink } from "../scripted-link.ts";

afterEach(() => vi.restoreAllMocks());

/** Connections that are under way, over one signal each or together. */
function attempts(count: number, signal: AbortSignal, poller = new Poller()) {
  const links = Array.from({ length: count }, () => new ScriptedLink());
  const connections = links.map((link) => poller.connect({ connect: () => link }, lines(), { signal }));
  return { poller, links, connections };
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

describe("an AbortSignal that many connections have", () => {
  test("has one listener, over all pollers, so that no leak is warned of", () => {
    const warn = vi.spyOn(process, "emitWarning");
    const { signal } = new AbortController();
    for (let poller = 0; poller < 12; poller++) attempts(12, signal);
    expect([listenersOf(signal), warn.mock.calls]).toEqual([1, []]);
  });

  test("ends all the attempts that are still under way, and no other", () => {
    const controller = new AbortController();
    const { poller, links, connections } = attempts(3, controller.signal);
    links[1]?.events.opened();
    poller.poll(0);
    connections[2]?.abort();
    controller.abort();
    poller.poll(1);
    expect(connections.map(({ state, closeReason }) => [state, closeReason?.kind])).toEqual([
      ["closed", "aborted"],
      ["open", undefined],
      ["closed", "local"],
    ]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  test("may end an attempt whose end begins another: each is ended once", () => {
    const controller = new AbortController();
    const { poller, links } = attempts(2, controller.signal);
    links[0]?.events.closed({ kind: "refused", message: "nobody" });
    controller.abort();
    expect(links.map(({ isCut }) => isCut)).toEqual([false, true]);
    expect(poller.poll(0).closed).toBe(2);
    const late = attempts(1, controller.signal, poller);
    expect(late.links[0]?.isCut).toBe(true);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  test("is not forgotten for the later ones when an earlier one that has opened closes", () => {
    const controller = new AbortController();
    const { poller, links } = attempts(1, controller.signal);
    links[0]?.events.opened();
    poller.poll(0);
    const { connections } = attempts(1, controller.signal, poller);
    links[0]?.events.closed({ kind: "remote", message: "gone" });
    poller.poll(1);
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort();
    poller.poll(2);
    expect(connections[0]?.closeReason?.kind).toBe("aborted");
  });

  const endings: Record<string, (attempt: Attempt) => void> = {
    "it opens": ({ link, poller }) => {
      link.events.opened();
      poller.poll(0);
    },
    "it is refused": ({ link, poller }) => {
      link.events.closed({ kind: "refused", message: "nobody listens" });
      poller.poll(0);
    },
    "its time is up": ({ poller }) => {
      poller.poll(0);
      poller.poll(100);
    },
    "it is closed": ({ near }) => near.close(),
    "it is aborted": ({ near }) => near.abort(),
    "its poller is disposed of": ({ poller }) => poller[Symbol.dispose](),
    "the signal aborts": ({ controller }) => controller.abort(),
    "it is closed after what it sent, which has to wait": ({ near, link, poller }) => {
      near.trySend("first");
      near.close();
      link.events.opened();
      link.events.closed({ kind: "reset", message: "it broke" });
      poller.poll(0);
    },
  };

  test.each(Object.entries(endings))("has no listener left when %s", (_, end) => {
    const controller = new AbortController();
    const poller = new Poller();
    const link = new ScriptedLink();
    const { signal } = controller;
    const near = poller.connect({ connect: () => link }, lines(), { signal, timeoutMs: 100 });
    expect(listenersOf(signal)).toBe(1);
    end({ controller, poller, link, near });
    expect(listenersOf(signal)).toBe(0);
  });

  test("has none either after an awaited dispose", async () => {
    const { signal } = new AbortController();
    const poller = new Poller();
    poller.connect(memory(), lines(), { signal });
    await poller[Symbol.asyncDispose]();
    expect(listenersOf(signal)).toBe(0);
  });
});

interface Attempt {
  readonly controller: AbortController;
  readonly poller: Poller;
  readonly link: ScriptedLink;
  readonly near: Connection<string>;
}
