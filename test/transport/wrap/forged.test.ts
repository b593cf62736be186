/**
 * Recordings that somebody has made up, with checksums that are right: what is no entry is
 * damage, and what is one can be shown and played without an error.
 */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { lines, memory, Poller, Recording, recorded, replayed } from "../../../src/index.ts";
import { pageOf } from "../../../src/inspect/page.ts";
import { summarize } from "../../../src/inspect/summary.ts";
import { jsonText, stepValue, summaryText, textOfSteps } from "../../../src/inspect/text.ts";
import { walk } from "../../../src/inspect/walk.ts";
import { LogReader } from "../../../src/transport/wrap/log-bytes.ts";
import { BEGUN, CALL, END, EVENT, NOTE } from "../../../src/transport/wrap/log-entry.ts";
import { SEED } from "../../seed.ts";
import { EchoServer, playMatch } from "./echo-match.ts";
import { entry, forged, HEADER, joined, payloadOf } from "./forged.ts";

const MATCH = ((): Uint8Array => {
  const recording = new Recording();
  playMatch(12, (network) => recorded(network, recording));
  recording.close();
  return payloadOf(recording.toBytes());
})();
const LINK = { halfOpen: true };

describe("a recording with a right checksum", () => {
  test.each([
    ["no kind", new Uint8Array([99, 0])],
    ["a call that is cut off", new Uint8Array([CALL.poll])],
    ["a number that is cut off", new Uint8Array([CALL.poll, 0, 1, 2, 3])],
    ["bytes that are cut off", new Uint8Array([EVENT.received, 1, 200, 1, 2])],
    ["a length beyond all numbers", new Uint8Array([EVENT.received, 1, ...Array(200).fill(255), 1])],
    ["an answer that no call has", new Uint8Array([CALL.pause, 9, 1])],
    ["an end of nothing", new Uint8Array([END, 0])],
    ["an event that is begun", new Uint8Array([EVENT.opened | BEGUN, 1])],
    ["an error that is none", joined([entry(CALL.pause | BEGUN, 1), new Uint8Array([END, 2, 1, 49])])],
    ["a time that is none", entry(CALL.poll, 1, Number.NaN)],
    ["a time that never comes", entry(CALL.poll, 1, Infinity)],
    ["a reason that is null", entry(EVENT.closed, 1, null)],
    ["a reason that is missing", entry(EVENT.closed, 1, undefined)],
    ["a reason of everybody", entry(EVENT.closed, 1, { constructor: 1 })],
    ["a link that is a number", entry(EVENT.incoming, 1, 2, 3)],
    ["a link with an address that is none", entry(EVENT.info, 1, { ...LINK, remote: { host: 1 } })],
    ["a request that is none", entry(EVENT.info, 1, { ...LINK, request: { url: "/" } })],
    ["addresses that are none", entry(EVENT.found, 1, [1])],
    ["a transport that is a text", entry(NOTE.transport, 1, "tcp")],
    ["a hint that is an object", entry(EVENT.hint, 1, {})],
    ["no JSON", new Uint8Array([EVENT.closed, 1, 1, 123])],
    [
      "JSON that is too deep",
      new Uint8Array([EVENT.closed, 1, 0xa0, 0x8d, 0x06, ...Array(100_000).fill(91)]),
    ],
  ])("but %s in it is damaged from there on", (_, bytes) => {
    const good = entry(CALL.poll, 1, 5);
    const first = forged([[good, 0]]);
    const { damage, frames } = Recording.fromBytes(
      forged([
        [good, 0],
        [joined([good, bytes]), 1],
      ]),
    );
    expect([damage?.frame, damage?.offset, frames]).toEqual([1, first.length, 1]);
    expect(damage?.message).toMatch(
      /^the block at byte \d+, behind frame 1, is damaged: the entry at byte 1[14] of it/,
    );
  });

  test("but a block left out, doubled, in another order or of another kind is damaged there", () => {
    const block = (nowMs: number, frames: number) => [entry(CALL.poll, 1, nowMs), frames] as const;
    const [one, two, three] = [block(1, 0), block(2, 1), block(3, 2)];
    expect(Recording.fromBytes(forged([one, two, three]))).toMatchObject({ frames: 3, damage: undefined });
    for (const blocks of [
      [one, three],
      [one, one, two],
      [two, one],
    ]) {
      expect(Recording.fromBytes(forged(blocks)).damage?.message).toMatch(/it stands behind frame \d in its/);
    }
    const odd = forged([one]);
    odd[forged([]).length] = 9;
    expect(Recording.fromBytes(odd).damage).toBeDefined();
  });

  test.each([
    ["null", null],
    ["a number", 7],
    ["a list", []],
    ["one with a platform that is a number", { ...HEADER, platform: 5 }],
    ["one without a version", { ...HEADER, tickwire: undefined }],
    ["one with a seed below 0", { ...HEADER, seed: -1 }],
    ["one that began as an object", { ...HEADER, began: {} }],
    ["too deep", JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`)],
  ])("but a header that is %s is refused", (_, header) => {
    expect(() => Recording.fromBytes(forged([], header))).toThrow(/^bytes: the header of the recording is/);
  });

  test("is warned of, and told to be of another codec, without what moves a cursor", () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const bad = `\u001b[31m\r\n${"x".repeat(1_000)}`;
    const part = { codec: bad, pump: false };
    const entries = [
      entry(NOTE.transport, 1, { verbs: ["listen"], pump: 2 }),
      entry(CALL.listen, 1, 3, part),
    ];
    const header = { ...HEADER, tickwire: bad, platform: bad };
    const replay = replayed(Recording.fromBytes(forged([[joined(entries), 0]], header)));
    new Poller().listen(replay.transport, lines());
    const told = [String(warned.mock.calls[0]?.[0]), String(replay.divergence?.message)];
    warned.mockRestore();
    for (const text of told) {
      expect(text).toMatch(/\uFFFD\[31m\uFFFD\uFFFDx{50}/);
      expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(text.length).toBeLessThan(500);
    }
  });

  test("sets no object's prototype, and adds nothing to everybody's", () => {
    const more = JSON.parse('{"__proto__":{"polluted":1},"code":"EBAD"}') as object;
    const cause = { name: "Error", message: "bad", more };
    const bytes = forged([[joined([entry(EVENT.closed, 1, { kind: "failed", message: "", cause })]), 0]], {
      ...HEADER,
      meta: JSON.parse('{"__proto__":{"polluted":1}}'),
    });
    const recording = Recording.fromBytes(bytes);
    expect([recording.damage, "polluted" in {}, "polluted" in recording.header]).toEqual([
      undefined,
      false,
      false,
    ]);
  });

  test("is shown and played without an error, whatever stands where", () => {
    const entries = entriesOf(MATCH);
    const places = fc.nat({ max: 1_000 });
    const byBytes = fc
      .array(fc.tuple(places, fc.nat({ max: 255 }), fc.constantFrom("set", "insert", "delete")), {
        minLength: 1,
        maxLength: 4,
      })
      .map((edits) => {
        const bytes = [...MATCH];
        for (const [place, value, how] of edits) {
          const at = place % bytes.length;
          if (how === "set") bytes[at] = value;
          else bytes.splice(at, how === "delete" ? value : 0, ...(how === "insert" ? [value] : []));
        }
        return Uint8Array.from(bytes);
      });
    const kinds = fc.constantFrom(...Object.values(CALL), ...Object.values(EVENT), ...Object.values(NOTE));
    const byEntries = fc
      .array(fc.tuple(places, places, fc.constantFrom("kind", "copy", "move", "delete"), kinds), {
        minLength: 1,
        maxLength: 6,
      })
      .map((edits) => {
        const list = [...entries];
        for (const [place, to, how, kind] of edits) {
          const [at, target] = [place % list.length, to % list.length];
          const one = new Uint8Array(list[at] as Uint8Array);
          if (how === "kind") one[0] = kind;
          if (how !== "copy") list.splice(at, 1);
          if (how !== "delete") list.splice(how === "kind" ? at : target, 0, one);
        }
        return joined(list);
      });
    let played = 0;
    fc.assert(
      fc.property(fc.oneof(byBytes, byEntries), (payload) => {
        const recording = Recording.fromBytes(forged([[payload, 0]]));
        const summary = summarize(recording);
        const told = textOfSteps(walk(recording), () => true);
        for (const text of [summaryText(summary), jsonText(summary), pageOf(summary, "match"), ...told])
          expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
        for (const step of walk(recording)) stepValue(step);
        const replay = replayed(recording);
        if (replay.transports[0]?.listen === undefined) return;
        const server = new EchoServer(replay.transport);
        for (const nowMs of replay.times) server.tick(nowMs);
        server.poller[Symbol.dispose]();
        played += replay.frame;
      }),
      { numRuns: 400, seed: SEED },
    );
    expect(played).toBeGreaterThan(100);
  });
});

function entriesOf(payload: Uint8Array): Uint8Array[] {
  const reader = new LogReader([payload]);
  const entries: Uint8Array[] = [];
  for (let at = 0; reader.next() !== undefined; at = reader.offset)
    entries.push(payload.slice(at, reader.offset));
  return entries;
}

describe("a recording that is read while a call runs", () => {
  test("is whole, then and at its end", () => {
    const recording = new Recording();
    const wire = memory();
    const play = (poller: Poller, listener: ReturnType<typeof listen>, heard: string[], read: boolean) => {
      while (listener.tryAccept() !== undefined);
      listener.drain(
        (one, text) => {
          if (read) Recording.fromBytes(recording.toBytes());
          heard.push(text);
          one.trySend(text);
        },
        { ms: 1_000 },
      );
      poller.flush();
    };
    const listen = (poller: Poller, way: Parameters<Poller["listen"]>[0]) => poller.listen(way, lines());
    const [server, client] = [new Poller(), new Poller()];
    const listener = listen(server, recorded(wire, recording));
    const player = client.connect(wire, lines());
    const heard: string[] = [];
    for (let nowMs = 0; nowMs < 100; nowMs += 10) {
      client.poll(nowMs);
      for (const text of ["a", "b", "c"]) player.trySend(`${text}${nowMs}`);
      client.flush();
      server.poll(nowMs);
      play(server, listener, heard, true);
    }
    recording.close();
    const read = Recording.fromBytes(recording.toBytes());
    expect([read.damage, read.frames, heard.length > 20]).toEqual([undefined, 10, true]);
    const replay = replayed(read);
    const again = new Poller();
    const listenerAgain = listen(again, replay.transport);
    const heardAgain: string[] = [];
    for (const nowMs of replay.times) {
      again.poll(nowMs);
      play(again, listenerAgain, heardAgain, false);
    }
    expect(replay.divergence).toBeUndefined();
    expect(heardAgain).toEqual(heard);
  });
});
