import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Asked,
  formatAsked,
  formatTold,
  parseAsked,
  parseTold,
  type Told,
} from "../../../../demo/cube/shared/window-wire.ts";
import { FORMATS } from "../../../../demo/cube/shared/wire.ts";

const STAT = "stat tick 600 in 12 240 out 600 12600 line 0.4 frame 16.7 arrivals 1,0,2";

describe("what a process tells its windows", () => {
  it.each<[string, Told]>([
    ["role mirror", { kind: "role", role: "mirror" }],
    ["link linked 127.0.0.1:14900", { kind: "link", link: "linked", words: "127.0.0.1:14900" }],
    ["wire binary", { kind: "wire", format: "binary" }],
    ["network own", { kind: "network", network: "own" }],
    ["size text 22 json 28 binary 7", { kind: "size", bytes: { text: 22, json: 28, binary: 7 } }],
    ["cube 1 2 3", { kind: "cube", position: [1, 2, 3] }],
    ["pong 5", { kind: "pong", number: 5 }],
    ["error so", { kind: "error", message: "so" }],
    [
      STAT,
      {
        kind: "stat",
        stat: {
          tick: 600,
          in: { lines: 12, bytes: 240 },
          out: { lines: 600, bytes: 12_600 },
          lineMs: 0.4,
          frameMs: 16.7,
          arrivals: [1, 0, 2],
        },
      },
    ],
  ])("%j is read, and written again", (line, told) => {
    expect(parseTold(line)).toEqual(told);
    expect(formatTold(told)).toBe(line);
  });

  it("leaves each round trip open while there is none", () => {
    const told = parseTold(STAT.replace("16.7", "-"));
    expect(told).toMatchObject({ kind: "stat", stat: { lineMs: 0.4, frameMs: undefined } });
    expect(told.kind === "stat" && formatTold(told)).toBe(STAT.replace("16.7", "-"));
    const bare = STAT.replace("0.4", "-");
    expect(parseTold(bare)).toMatchObject({ stat: { lineMs: undefined, frameMs: 16.7 } });
  });

  it("keeps words on one line, and short", () => {
    const words = `a\nb\u001b[2J${"c".repeat(300)}`;
    expect(formatTold({ kind: "link", link: "failed", words })).toMatch(/^link failed a\?b\?\[2Jc+\.\.\.$/);
    expect(parseTold("link starting")).toEqual({ kind: "link", link: "starting", words: "" });
  });

  it.each([
    ["role", "role: expected mover or mirror"],
    ["role mover mirror", "role: expected mover or mirror"],
    [
      "link up",
      'link: expected one of starting, listening, connecting, linked, held, pausing, failed, got "up"',
    ],
    ["wire", 'wire: expected text, json, binary, got ""'],
    ["size text 1 json 2", "size: expected text, json and binary, each with its bytes"],
    ["size text 1 json 2 binary -3", "size: expected text, json and binary, each with its bytes"],
    [
      STAT.replace("16.7", "16"),
      "stat: expected tick, in, out, line, frame and arrivals, each with its numbers",
    ],
    [`${STAT},`, "stat: expected tick, in, out, line, frame and arrivals, each with its numbers"],
    [
      `${STAT}${",1".repeat(1_000)}`,
      "stat: expected tick, in, out, line, frame and arrivals, each with its numbers",
    ],
    ["hello", 'unknown word "hello"; expected cube, ping, pong, role, link, wire, network, size or stat'],
  ])("%.70j is bad, and says why", (line, message) => {
    expect(parseTold(line)).toEqual({ kind: "bad", message });
  });
});

describe("what a window asks", () => {
  it.each<[string, Asked]>([
    ...FORMATS.map((format): [string, Asked] => [`wire ${format}`, { kind: "wire", format }]),
    ["cube 1 2 3", { kind: "cube", position: [1, 2, 3] }],
    ["ping 5", { kind: "ping", number: 5 }],
    ["network blackhole", { kind: "network", network: "blackhole" }],
    ["cut", { kind: "cut" }],
  ])("%j is read, and written again", (line, asked) => {
    expect(parseAsked(line)).toEqual(asked);
    expect(formatAsked(asked)).toBe(line);
  });

  it.each([
    ["wire morse", 'wire: expected text, json, binary, got "morse"'],
    ["network", 'network: expected perfect, broadband, wifi, mobile, poor, own, blackhole, got ""'],
    [
      "network poor wifi",
      'network: expected perfect, broadband, wifi, mobile, poor, own, blackhole, got "poor wifi"',
    ],
    ["wire text json", 'wire: expected text, json, binary, got "text json"'],
    ["role mover", 'unknown word "role"; expected cube, ping, pong, wire, network or cut'],
    ["cut it", 'unknown word "cut"; expected cube, ping, pong, wire, network or cut'],
    ["cube 11 0 0", 'cube: x is not from -10 to 10, "11"'],
  ])("%j is bad, and says why", (line, message) => {
    expect(parseAsked(line)).toEqual({ kind: "bad", message });
  });
});

it("never throws at a line, and complains in one that can be sent", () => {
  const words = fc.constantFrom(
    "role",
    "link",
    "wire",
    "size",
    "stat",
    "tick",
    "in",
    "line",
    "frame",
    "-",
    "1",
    ",",
    "😀",
  );
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(line, (text) => {
      for (const meant of [parseTold(text), parseAsked(text)]) {
        if (meant.kind !== "bad") continue;
        expect(meant.message).not.toMatch(/[\n\r]/);
        expect(meant.message.isWellFormed()).toBe(true);
      }
    }),
    { seed: 14_900 },
  );
});
