/**
 * A page trusts its server, so its poller makes connections without the deadlines and
 * policies that `Poller` has for peers. Where none of those is reached, the two must
 * show a game the same, whatever the link does and the game calls.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientPoller } from "../../../src/core/client-poller.ts";
import { type Connection, lines, Poller } from "../../../src/index.ts";
import { SEED } from "../../seed.ts";
import { ScriptedLink } from "../scripted-link.ts";

const LIMITS = { receiveLimitBytes: 300, sendLimitBytes: 60, closeTimeoutMs: 200, faultTimeoutMs: 100 };

const STEPS = {
  opens: ({ link }) => link.events.opened(),
  says: ({ link }, count) => link.say(`line ${count}`),
  "says half": ({ link }) => link.events.received(new TextEncoder().encode("ha")),
  "says nonsense": ({ link }) => link.events.received(Uint8Array.of(0xff, 0x0a)),
  "holds a part": ({ link }, count) => link.events.partial(count),
  stalls: ({ link }) => {
    link.isStuck = true;
  },
  takes: ({ link }) => {
    link.isStuck = false;
    link.take(link.unsentBytes);
  },
  ends: ({ link }) => link.events.ended(),
  breaks: ({ link }) => link.events.closed({ kind: "reset", message: "it broke" }),
  send: ({ near }, count) => near.trySend(`answer ${count}`),
  "send the latest": ({ near }, count) => near.trySendLatest(count % 2, `position ${count}`),
  take: ({ near }) => near.tryRecv(),
  "take the latest": ({ near }) => near.tryRecvLatest(),
  "take all": ({ near }) => [...near],
  hold: ({ near }) => near.hold(),
  release: ({ near }) => near.release(),
  end: ({ near }) => near.end(),
  close: ({ near }) => near.close(),
  abort: ({ near }) => near.abort(),
  flush: ({ poller }) => poller.flush(),
} satisfies Record<string, (parts: Parts, count: number) => unknown>;

const FREQUENT = ["says", "says", "send", "send the latest", "take", "take all", "flush"] as const;
const names = Object.keys(STEPS) as (keyof typeof STEPS)[];
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("poll" as const), fc.constantFrom(0, 10, 60)) },
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...FREQUENT), fc.nat(9)) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...names), fc.nat(9)) },
);

describe("a page's poller", () => {
  test("shows the same as a server's, where no limit of the peer is reached", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.boolean(), (steps, opensFirst) => {
        expect(story(new ClientPoller(), steps, opensFirst)).toEqual(story(new Poller(), steps, opensFirst));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("applies the limits that it has: it holds a server back, refuses what has no room, and times a close", () => {
    const link = new ScriptedLink();
    const poller = new ClientPoller();
    const near = poller.connect({ connect: () => link }, lines(), LIMITS);
    link.events.opened();
    for (let count = 0; count < 10; count++) link.say("123456789");
    expect(poller.poll(0).received).toBe(5); // of 10 + 64 bytes each, until 300 wait
    expect([near.stats.pauses, near.stats.inboxPeakBytes]).toEqual([1, 5 * 74]);
    link.isStuck = true;
    expect([near.trySend("x".repeat(40)), near.trySend("x".repeat(40))]).toEqual([true, false]);
    near.close();
    poller.poll(10);
    poller.poll(209);
    expect([near.state, near.pendingBytes]).toEqual(["closing", 41]);
    poller.poll(210);
    expect(near.closeReason?.code).toBe("closeTimeoutMs");
  });

  test("has no deadline for a server that is silent, or leaves its message half", () => {
    const link = new ScriptedLink();
    const poller = new ClientPoller();
    const near = poller.connect({ connect: () => link }, lines());
    link.events.opened();
    link.events.received(new TextEncoder().encode("half"));
    for (let minute = 0; minute < 60; minute++) poller.poll(minute * 60_000);
    expect([near.state, poller.dueInMs()]).toEqual(["open", Infinity]);
  });
});

interface Parts {
  readonly poller: ClientPoller;
  readonly link: ScriptedLink;
  readonly near: Connection<string>;
}

/** All that a game sees, and the link is told, step by step. */
function story(
  poller: ClientPoller,
  steps: readonly (readonly [keyof typeof STEPS | "poll", number])[],
  opensFirst: boolean,
): unknown[] {
  const seen: unknown[] = [];
  for (const type of ["open", "drain", "lose", "close"] as const) poller.on(type, () => void seen.push(type));
  const link = new ScriptedLink();
  const near = poller.connect({ connect: () => link }, lines(), LIMITS);
  if (opensFirst) link.events.opened();
  let nowMs = 0;
  for (const [does, count] of steps) {
    if (does === "poll") seen.push({ ...poller.poll((nowMs += count)) }, poller.ready.length);
    else seen.push(STEPS[does]({ poller, link, near }, count));
    seen.push(does, [near.state, near.recvEnded, near.closeReason, near.pendingBytes, { ...near.stats }]);
    seen.push([link.written, link.isCut, ...link.ends], { ...poller.stats });
  }
  return seen;
}
