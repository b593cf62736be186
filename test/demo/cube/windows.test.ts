import { describe, expect, it } from "vitest";
import type { LinkState } from "../../../demo/cube/shared/changes.ts";
import type { Network } from "../../../demo/cube/shared/window-wire.ts";
import type { Format } from "../../../demo/cube/shared/wire.ts";
import type { Vector } from "../../../demo/cube/shared/world.ts";
import { type Seen, type Steered, Windows } from "../../../demo/cube/windows.ts";
import { type Connection, lines, memory, Poller } from "../../../src/index.ts";

const STAT = /^stat tick (\d+) in (\d+) (\d+) out (\d+) (\d+) line (?:\S+) frame (\S+) arrivals (\S+)$/;

describe("a window that comes", () => {
  it("is told whose it is, first, and then all there is to know", () => {
    const rig = new WindowRig();
    const window = rig.open();
    window.send("ping 5");
    rig.frames(2);
    expect(window.received).toEqual([
      "role mover",
      "pong 5",
      "wire text",
      "network perfect",
      "link connecting 127.0.0.1:14900",
      "cube 1 2 3",
      "size text 11 json 17 binary 7",
      "stat tick 1 in 0 0 out 0 0 line - frame - arrivals 0",
    ]);
  });

  it("is not told a place that is only a guess", () => {
    const rig = new WindowRig({ knowsPosition: false });
    const window = rig.open();
    rig.frames(3);
    expect(window.received.some((line) => line.startsWith("cube"))).toBe(false);
    rig.peer.knowsPosition = true;
    rig.frames(2);
    expect(window.received).toContain("cube 1 2 3");
  });
});

describe("windows", () => {
  it("are told where the cube is when it is somewhere else, once a frame", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(2);
    for (const x of [2, 3, 3, 3]) {
      rig.peer.world = at([x, 0, 0]);
      rig.frames(1);
    }
    rig.frames(1);
    expect(cubes(window)).toEqual(["cube 1 2 3", "cube 2 0 0", "cube 3 0 0"]);
  });

  it("put the cube somewhere, all others are told, and who did is not", () => {
    const rig = new WindowRig();
    const [hand, other] = [rig.open(), rig.open()];
    rig.frames(2);
    hand.send("cube 4 4 4");
    hand.send("cube 5 5.0 5e0");
    rig.frames(3);
    expect(rig.peer.placed).toEqual([
      [4, 4, 4],
      [5, 5, 5],
    ]);
    expect(cubes(hand)).toEqual(["cube 1 2 3"]);
    expect(cubes(other)).toEqual(["cube 1 2 3", "cube 5 5 5"]);
  });

  it("put it somewhere else than the peer leaves it, and are then told where it is", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(2);
    rig.peer.place = () => {}; // who holds it does not let go
    window.send("cube 4 4 4");
    rig.frames(3);
    expect(cubes(window)).toEqual(["cube 1 2 3", "cube 1 2 3"]);
  });

  it("choose the network, and all are told which it is", () => {
    const rig = new WindowRig();
    const [chooser, other] = [rig.open(), rig.open()];
    rig.frames(2);
    chooser.send("network poor");
    rig.frames(3);
    expect(rig.peer.network).toBe("poor");
    for (const { received } of [chooser, other]) expect(received).toContain("network poor");
  });

  it("cut the peer's links", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(2);
    window.send("cut");
    rig.frames(2);
    expect(rig.peer.cuts).toBe(1);
  });

  it("choose the format, and all are told which it is", () => {
    const rig = new WindowRig();
    const [chooser, other] = [rig.open(), rig.open()];
    rig.frames(2);
    chooser.send("wire binary");
    rig.frames(2);
    for (const { received } of [chooser, other]) expect(received).toContain("wire binary");
  });

  it("are told what is wrong with a line, and nothing about an error of theirs", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(2);
    window.received.length = 0;
    for (const line of ["wire morse", "error so", "pong 7", "role mover"]) window.send(line);
    rig.frames(2);
    expect(window.received.filter((line) => !line.startsWith("stat"))).toEqual([
      'error wire: expected text, json, binary, got "morse"',
      'error unknown word "role"; expected cube, ping, pong, wire, network or cut',
    ]);
  });

  it("receive ten stats a second, and every arrival is in one of them", () => {
    const rig = new WindowRig();
    const window = rig.open();
    for (let frame = 1; frame <= 120; frame++) {
      rig.peer.tally.linesIn += frame % 3;
      rig.peer.tally.bytesIn += 10 * (frame % 3);
      rig.frames(1, 1_000 / 60);
    }
    const stats = window.received.flatMap((line) => (STAT.exec(line) ? [STAT.exec(line) ?? []] : []));
    expect(stats.length).toBeGreaterThanOrEqual(19);
    expect(stats.length).toBeLessThanOrEqual(21);
    const arrivals = stats.flatMap((stat) => (stat[7] ?? "").split(",").map(Number));
    const last = stats.at(-1) ?? [];
    expect(arrivals.length).toBe(Number(last[1])); // one for each frame until then
    expect(arrivals.reduce((sum, count) => sum + count, 0)).toBe(Number(last[2]));
    expect(Number(last[3])).toBe(10 * Number(last[2]));
  });

  it("receive a stat each frame where frames are slower than that", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(5, 500);
    expect(window.received.filter((line) => STAT.test(line))).toHaveLength(4); // the fifth is on its way
  });

  it("receive the sizes of a position when they have changed", () => {
    const rig = new WindowRig();
    const window = rig.open();
    rig.frames(30);
    rig.peer.world = at([-7.125, 3.456, 10]);
    rig.frames(30);
    expect(window.received.filter((line) => line.startsWith("size"))).toEqual([
      "size text 11 json 17 binary 7",
      "size text 21 json 27 binary 7",
    ]);
  });

  it.each<[string, LinkState, string]>([
    [
      "nobody yet",
      { kind: "listening", where: "a:1", peers: 0, gone: undefined },
      "listening a:1, nobody has come yet",
    ],
    [
      "nobody any more",
      { kind: "listening", where: "a:1", peers: 0, gone: "it went" },
      "listening a:1, it went",
    ],
    ["one peer", { kind: "listening", where: "a:1", peers: 1, gone: "it went" }, "linked a:1, 1 peer"],
    ["peers", { kind: "listening", where: "a:1", peers: 2, gone: undefined }, "linked a:1, 2 peers"],
    ["a link", { kind: "linked", where: "a:1" }, "linked a:1"],
    ["a link without a line", { kind: "held", where: "a:1", downMs: 4_999 }, "held 4 s, a:1"],
    [
      "peers without a line",
      { kind: "listening", where: "a:1", peers: 2, gone: undefined, heldMs: 900 },
      "held 0 s, a:1",
    ],
    ["a trouble", { kind: "failed", why: "taken" }, "failed taken"],
  ])("are told how the link stands: %s", (_, link, words) => {
    const rig = new WindowRig({ link });
    const window = rig.open();
    rig.frames(2);
    expect(window.received).toContain(`link ${words}`);
  });

  it("see a pause count down, a line each second", () => {
    const rig = new WindowRig({ link: { kind: "pausing", where: "a:1", why: "it went", untilMs: 3_000 } });
    const window = rig.open();
    rig.frames(290);
    expect(window.received.filter((line) => line.startsWith("link"))).toEqual([
      "link pausing a:1, it went; again in 3 s",
      "link pausing a:1, it went; again in 2 s",
      "link pausing a:1, it went; again in 1 s",
    ]);
  });

  it("come and go, and a line without an end costs nobody but its window", () => {
    const rig = new WindowRig();
    const [endless, quiet] = [rig.open(), rig.open()];
    rig.frames(2);
    endless.send("x".repeat(1_100));
    rig.frames(3);
    expect(endless.connection.state).toBe("closed");
    rig.peer.world = at([7, 7, 7]);
    rig.frames(2);
    expect(cubes(quiet).at(-1)).toBe("cube 7 7 7");
  });
});

/** A peer by hand, its windows, and time as a field. */
class WindowRig {
  readonly peer: FakePeer;
  readonly #net = memory();
  readonly #poller = new Poller();
  readonly #windows = new Windows(this.#poller, this.#net);
  readonly #opened: FakeWindow[] = [];
  #nowMs = 0;

  constructor(facts: Partial<FakePeer> = {}) {
    this.peer = Object.assign(new FakePeer(), facts);
  }

  open(): FakeWindow {
    const window = new FakeWindow(new Poller(), this.#net);
    this.#opened.push(window);
    return window;
  }

  frames(count: number, dtMs: number = 10): void {
    for (let frame = 0; frame < count; frame++) {
      this.#nowMs += dtMs;
      for (const window of this.#opened) window.frame(this.#nowMs);
      const shown = this.#poller.poll(this.#nowMs);
      this.#windows.receive(this.peer);
      this.#windows.send(shown, this.peer);
      this.#poller.flush();
    }
  }
}

class FakePeer implements Steered {
  role = "mover" as const;
  world: Seen["world"] = at([1, 2, 3]);
  link: LinkState = { kind: "connecting", where: "127.0.0.1:14900" };
  tally: Seen["tally"] = { linesIn: 0, linesOut: 0, bytesIn: 0, bytesOut: 0, badLines: 0 };
  frameTripMs: number | undefined;
  lineTripMs: number | undefined;
  cuts = 0;
  format: Format = "text";
  network: Network = "perfect";
  knowsPosition = true;
  readonly placed: Vector[] = [];

  place(position: Vector): void {
    this.placed.push(position);
    this.world = at(position);
  }

  cut(): void {
    this.cuts++;
  }

  chooseNetwork(network: Network): void {
    this.network = network;
  }

  speak(format: Format): void {
    this.format = format;
  }
}

class FakeWindow {
  readonly received: string[] = [];
  readonly connection: Connection<string>;
  readonly #poller: Poller;

  constructor(poller: Poller, net: ReturnType<typeof memory>) {
    this.#poller = poller;
    this.connection = poller.connect(net, lines());
  }

  send(line: string): void {
    this.connection.trySend(line);
  }

  frame(nowMs: number): void {
    this.#poller.poll(nowMs);
    this.received.push(...this.connection);
    this.#poller.flush();
  }
}

function cubes({ received }: FakeWindow): string[] {
  return received.filter((line) => line.startsWith("cube"));
}

function at(position: Vector): Seen["world"] {
  return { position, velocity: [0, 0, 0] };
}
