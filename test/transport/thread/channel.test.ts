/** The game's side of a channel, by itself: a test in the place of the network thread. */
import { expect, test } from "vitest";
import type { CloseReason, LinkEvents } from "../../../src/index.ts";
import { Channel } from "../../../src/transport/thread/channel.ts";
import {
  NetworkThread,
  type OpenMessage,
  type ThreadMember,
} from "../../../src/transport/thread/network-thread.ts";
import { ASK, bytesOf, bytesOfReason, TELL } from "../../../src/transport/thread/records.ts";
import { RingReader, RingWriter } from "../../../src/transport/thread/ring.ts";
import { CHANNEL, channelParts } from "../../../src/transport/thread/shared-words.ts";
import { ThreadedLink } from "../../../src/transport/thread/threaded-link.ts";
import { workerFileOf } from "../../../src/transport/thread/worker-file.ts";

const ringBytes = 262_144;
const terms = { framing: "stream", model: {}, allowHalfOpen: false } as const;
const LOCAL: CloseReason = { kind: "local", message: "this side closed it" };

/** A channel, and what the network thread would have of it. */
function rig() {
  const members = new Set<ThreadMember>();
  const thread = {
    failure: undefined,
    asked: 0,
    block: undefined as SharedArrayBuffer | undefined,
    open(member: ThreadMember, { block }: OpenMessage) {
      members.add(member);
      thread.block = block;
    },
    leave: (member: ThreadMember) => void members.delete(member),
    count: () => void thread.asked++,
    uncount: () => void thread.asked--,
    check: () => undefined,
    wake() {},
  };
  const channel = new Channel(thread as unknown as NetworkThread, { kind: "tcp", options: {} }, ringBytes);
  const parts = channelParts(thread.block as SharedArrayBuffer);
  const reader = new RingReader(parts.out);
  const opened: number[] = [];
  return {
    channel,
    members,
    thread,
    tell: new RingWriter(parts.in),
    /** Reads what was asked; answers the ids of the links that were to be opened so far. */
    read: () => {
      reader.drain((kind, id) => kind === ASK.connect && opened.push(id));
      return opened;
    },
    isReleased: () => Atomics.load(parts.words, CHANNEL.isReleased) === 1,
  };
}

/** Events that note what they are told of. */
function noted(log: string[]): LinkEvents {
  const decoder = new TextDecoder();
  return {
    opened: () => log.push("opened"),
    received: (bytes) => log.push(decoder.decode(bytes)),
    partial: () => log.push("partial"),
    drained() {},
    suspended() {},
    resumed() {},
    ended: () => log.push("ended"),
    closed: ({ kind }) => log.push(`closed: ${kind}`),
  };
}

function linkOf(channel: Channel, log: string[] = []): ThreadedLink {
  const link = new ThreadedLink(terms, () => channel);
  link.attach(noted(log));
  return link;
}

test("what the game has given up is told of the thread's death too, until the thread has said that it is over", () => {
  const { channel, members } = rig();
  const log: string[] = [];
  linkOf(channel, log).abort();
  expect([members.size, channel.isOver]).toEqual([1, false]);
  for (const member of members) member.fail({ kind: "failed", message: "it has died" });
  expect([log, channel.isOver]).toEqual([["closed: failed"], true]);

  const other = rig();
  linkOf(other.channel).abort();
  const [id = 0] = other.read();
  other.tell.tryWrite(TELL.closed, id, 0, bytesOf({ reason: LOCAL }));
  other.channel.pump(0, true);
  expect([other.members.size, other.channel.isOver]).toEqual([0, true]);
});

test("what was to be opened, and was given up before there was room to ask for it, counts as never asked", () => {
  const { channel, thread, read, isReleased } = rig();
  const closed: string[] = [];
  const links = Array.from({ length: 20_000 }, () => linkOf(channel, closed)); // 16 bytes each fill the ring
  expect(thread.asked).toBe(20_000);
  for (const link of links) link.abort();
  expect(isReleased()).toBe(true);
  const opened = read();
  for (let poll = 0; poll < 3; poll++) {
    channel.pump(poll, true);
    read();
  }
  expect(opened.length).toBeLessThan(20_000);
  expect(closed).toHaveLength(20_000 - opened.length);
  expect(thread.asked).toBe(opened.length); // or the process would wait for the others for ever
});

test("signs of life behind the peer's end take nothing of what is held before it", () => {
  const { channel, tell, read } = rig();
  const log: string[] = [];
  const link = linkOf(channel, log);
  const [id = 0] = read();
  tell.tryWrite(TELL.opened, id, 0, bytesOf({ halfOpen: false }));
  channel.pump(0, true);
  link.pause();
  tell.tryWrite(TELL.received, id, 0, new TextEncoder().encode("last words"));
  tell.tryWrite(TELL.ended, id, 0, bytesOfReason(undefined));
  tell.tryWrite(TELL.partial, id, 0);
  tell.tryWrite(TELL.closed, id, 0, bytesOf({ reason: LOCAL }));
  channel.pump(1, true);
  expect(log).toEqual(["opened"]);
  link.resume();
  channel.pump(2, true);
  expect(log).toEqual(["opened", "last words", "ended", "partial", "closed: local"]);
});

test("what a poller has given up is over, and its memory free, also where that poller never polls again", async () => {
  const thread = new NetworkThread(workerFileOf(undefined), () => {});
  const channel = new Channel(thread, { kind: "tcp", options: { port: 1 } }, ringBytes);
  const log: string[] = [];
  linkOf(channel, log).abort();
  for (const giveUpMs = performance.now() + 60_000; !channel.isOver && performance.now() < giveUpMs; ) {
    thread.check(); // in the poll of another one
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([channel.isOver, log]).toEqual([true, ["closed: local"]]);
});
