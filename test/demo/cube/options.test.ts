import { describe, expect, it } from "vitest";
import { formatEndpoint } from "../../../demo/cube/endpoint.ts";
import { parseOptions } from "../../../demo/cube/options.ts";

const DEFAULTS = {
  isEndpointFixed: false,
  view: undefined,
  window: undefined,
  open: true,
  wire: "text",
  network: {},
  session: false,
  auto: false,
  rateHz: 60,
  ticks: Infinity,
};
const LISTEN = { how: "listen", host: "127.0.0.1", port: 14_900 };
const CONNECT = { how: "connect", host: "127.0.0.1", port: 14_900 };

describe("parseOptions", () => {
  it.each([
    ["", { peers: "both", link: LISTEN, view: "browser" }],
    ["--view terminal", { peers: "both", link: LISTEN, view: "terminal" }],
    ["--window a:1", { peers: "both", link: LISTEN, view: "browser", window: { host: "a", port: 1 } }],
    ["--no-open --auto", { peers: "both", link: LISTEN, view: "browser", open: false, auto: true }],
    [
      "mover --view browser --window 127.0.0.1:0 --wire binary",
      {
        peers: "mover",
        link: CONNECT,
        view: "browser",
        window: { host: "127.0.0.1", port: 0 },
        wire: "binary",
      },
    ],
    ["mover --network mobile", { peers: "mover", link: CONNECT, network: { network: "mobile" } }],
    [
      "mirror --latency 80 --jitter 20.5 --loss 2 --bytes-per-second 50000 --stall 1000,250 --seed 7",
      {
        peers: "mirror",
        link: LISTEN,
        network: {
          latencyMs: 80,
          jitterMs: 20.5,
          lossChance: 0.02,
          bytesPerSecond: 50_000,
          stall: { everyMs: 1_000, forMs: 250 },
          seed: 7,
        },
      },
    ],
    ["mirror", { peers: "mirror", link: LISTEN }],
    ["mover", { peers: "mover", link: CONNECT }],
    ["mirror --session --record a.rec", { peers: "mirror", link: LISTEN, session: true, record: "a.rec" }],
    [
      "mover --auto --rate 12.5 --ticks 9",
      { peers: "mover", link: CONNECT, auto: true, rateHz: 12.5, ticks: 9 },
    ],
    ["--record a.rec", { peers: "both", link: LISTEN, view: "browser", record: "a.rec" }],
    ["--replay a.rec", { peers: "mirror", link: LISTEN, replay: "a.rec" }],
    ["mirror --view log", { peers: "mirror", link: LISTEN, view: "log" }],
    [
      "mirror --connect [::1]:15000",
      { peers: "mirror", link: { how: "connect", host: "::1", port: 15_000 }, isEndpointFixed: true },
    ],
    [
      "mover --listen example.net:0",
      { peers: "mover", link: { how: "listen", host: "example.net", port: 0 }, isEndpointFixed: true },
    ],
  ])("understands %j", (line, options) => {
    expect(parse(line)).toEqual({ kind: "run", options: { ...DEFAULTS, ...options } });
  });

  it.each(["--help", "mover -h", "--help --rate 60"])("%j asks for help", (line) => {
    expect(parse(line)).toEqual({ kind: "help" });
  });

  it.each([
    ["--network modem", '--network: expected one of broadband, wifi, mobile, poor, got "modem"'],
    ["--latency -5", "Option '--latency' argument is ambiguous"],
    ["--latency much", '--latency: expected a number such as 50 or 2.5, got "much"'],
    ["--loss 101", '--loss: expected a percentage from 0 to 100, got "101"'],
    ["--bytes-per-second 0", "--bytes-per-second: expected a number above 0, got 0"],
    ["--stall 5", '--stall: expected EVERY_MS,FOR_MS, two numbers such as 5000,200, got "5"'],
    ["--stall 1.2.3,4", '--stall: expected EVERY_MS,FOR_MS, two numbers such as 5000,200, got "1.2.3,4"'],
    ["--stall 0,4", '--stall: expected EVERY_MS,FOR_MS, two numbers such as 5000,200, got "0,4"'],
    ["--fast", "Unknown option '--fast'"],
    ["-x", "Unknown option '-x'"],
    ["cube", 'unknown command "cube"; expected mover or mirror'],
    ["mover mirror", 'unexpected "mirror" after mover'],
    ["mover --auto=yes", "Option '--auto' does not take an argument"],
    ["mover --rate", "Option '--rate <value>' argument missing"],
    ["mover --rate --auto", "Option '--rate' argument is ambiguous"],
    ["mover --rate 0", '--rate: expected a number above 0 and up to 1000, got "0"'],
    ["mover --rate 1001", '--rate: expected a number above 0 and up to 1000, got "1001"'],
    ["mover --rate 0x10", '--rate: expected a number above 0 and up to 1000, got "0x10"'],
    ["--record=", "--record: expected a file"],
    ["--replay a --record b", "--record: expected without --replay"],
    ["--replay a --network mobile", "--network: expected without --replay"],
    ["--replay a --latency 5", "--latency: expected without --replay"],
    ["mirror --replay a --listen a:1", "--listen: expected without --replay"],
    ["mover --replay a", "--replay: expected with a mirror, as a mover is steered"],
    ["mover --ticks 1.5", '--ticks: expected a whole number from 1 up, got "1.5"'],
    ["mirror --view window", '--view: expected browser, terminal or log, got "window"'],
    ["mirror --wire morse", '--wire: expected text, json or binary, got "morse"'],
    ["mirror --window a:1", "--window: expected with --view browser"],
    ["--view terminal --no-open", "--no-open: expected with --view browser"],
    ["--window a:65535", "--window: expected a port up to 65534, as the mirror's window has the next one"],
    ["mirror --view browser --window 14901", address("--window", 0, "14901")],
    ["mirror --auto", "--auto: expected with a mover, a mirror does not drive"],
    ["mirror --listen 127.0.0.1:1 --connect a:1", "--listen and --connect: expected one of them, got both"],
    ["--connect a:1", "--connect: expected with mover or mirror, as these two meet each other"],
    ["mirror --listen 14900", address("--listen", 0, "14900")],
    ["mirror --listen ::1:14900", address("--listen", 0, "::1:14900")],
    ["mirror --listen a:65536", address("--listen", 0, "a:65536")],
    ["mover --connect a:0", address("--connect", 1, "a:0")],
    ["mover --connect a:b", address("--connect", 1, "a:b")],
  ])("refuses %j in one line", (line, message) => {
    expect(parse(line)).toEqual({ kind: "wrong", message });
  });
});

it("writes an address so that it can be typed in again", () => {
  expect(formatEndpoint({ host: "::1", port: 5 })).toBe("[::1]:5");
  expect(formatEndpoint({ host: "127.0.0.1", port: 5 })).toBe("127.0.0.1:5");
});

function parse(line: string): unknown {
  return parseOptions(line.split(" ").filter((part) => part !== ""));
}

function address(flag: string, least: number, got: string): string {
  return `${flag}: expected HOST:PORT or [IPV6]:PORT, a port from ${least} to 65535, got "${got}"`;
}
