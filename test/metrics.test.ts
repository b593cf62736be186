/** What Prometheus scrapes: the text is of its format, and says what the statistics say. */
import { describe, expect, test } from "vitest";
import { lines, memory, metrics, Poller } from "../src/index.ts";
import { SessionLink } from "./core/session-transport.ts";

/** The samples of a text of format 0.0.4, by name and labels; throws at a line that is not of it. */
function samplesOf(text: string): Map<string, number> {
  expect(text.endsWith("\n")).toBe(true);
  const samples = new Map<string, number>();
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const header = /^# (HELP|TYPE) (tickwire_[a-z_]+) (\S.*)$/.exec(line);
    if (header?.[1] === "HELP") family = header[2] ?? "";
    if (header !== null) {
      expect(header[2]).toBe(family);
      if (header[1] === "TYPE") expect(header[3]).toMatch(/^(counter|gauge|histogram)$/);
      if (header[3] === "counter") expect(family).toMatch(/_total$/);
      continue;
    }
    const label = '[a-z]+="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
    const sample = new RegExp(`^(tickwire_[a-z_]+)(\\{${label}(?:,${label})*\\})? (\\S+)$`).exec(line);
    if (sample === null) throw new Error(`no line of the format: ${line}`);
    expect(sample[1]?.replace(/_(bucket|sum|count)$/, "")).toBe(family);
    const name = `${sample[1]}${sample[2] ?? ""}`;
    expect(samples.has(name)).toBe(false);
    samples.set(name, Number(sample[3]));
  }
  return samples;
}

describe("metrics", () => {
  test("say what the statistics say, by listener and socket too", () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    const { contentType, text } = metrics(server);
    const listener = server.listen(wire.at('a "lobby"\\\n'), lines(), { maxConnections: 1 });
    const socket = server.bind(wire, lines());
    const near = client.connect(wire.at('a "lobby"\\\n'), lines());
    client.connect(wire.at('a "lobby"\\\n'), lines());
    server.on("drop", () => {});
    near.trySend("hello");
    client.poll(0);
    client.flush();
    server.poll(0);
    listener.tryAccept()?.trySend("not sent yet");
    const samples = samplesOf(text());
    const label = 'listener="a \\"lobby\\"\\\\\\n"';
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(samples.get("tickwire_polls_total")).toBe(1);
    expect(samples.get("tickwire_received_messages_total")).toBe(server.stats.receivedMessages);
    expect(samples.get("tickwire_connections")).toBe(1);
    expect(samples.get("tickwire_pending_bytes")).toBe(13);
    expect(samples.get(`tickwire_listener_accepted_total{${label}}`)).toBe(1);
    expect(samples.get(`tickwire_listener_connections{${label}}`)).toBe(1);
    expect(samples.get(`tickwire_listener_dropped_total{${label},reason="maxConnections"}`)).toBe(1);
    expect(
      samples.get(`tickwire_datagram_sent_messages_total{socket="memory:${socket.address?.port}"}`),
    ).toBe(0);
    expect(samples.get(`tickwire_datagram_lost_total{socket="memory:${socket.address?.port}"}`)).toBe(0);
    expect(samples.get(`tickwire_datagram_linked{socket="memory:${socket.address?.port}"}`)).toBe(1);
  });

  test("give each listener and socket series of its own, whatever their addresses", () => {
    const server = new Poller();
    const { text } = metrics(server);
    const wires = [memory(), memory(), memory()];
    const [first] = wires.map((wire) => server.listen(wire, lines()));
    wires.map((wire) => server.bind(wire, lines()));
    const labels = () =>
      [...samplesOf(text()).keys()].flatMap(
        (name) => /^tickwire_listener_connections\{listener="(.*)"\}$/.exec(name)?.[1] ?? [],
      );
    expect(labels()).toEqual([]); // none is listening yet
    server.poll(0);
    expect(labels()).toEqual(["memory", "memory (2)", "memory (3)"]);
    first?.close();
    server.poll(0);
    expect(labels()).toEqual(["memory (2)", "memory (3)"]); // the names of the others stay
    server.listen(memory(), lines());
    server.poll(0);
    expect(labels()).toEqual(["memory (2)", "memory (3)", "memory"]);
  });

  test("are the same at each call, so that a request that asks for them anew keeps nothing", () => {
    const poller = new Poller();
    expect(metrics(poller)).toBe(metrics(poller));
    expect(metrics(new Poller())).not.toBe(metrics(poller));
  });

  test("have a histogram of the time from a poll to the end of its last flush", () => {
    let nowMs = 0;
    const poller = new Poller({ clock: () => nowMs });
    const { text } = metrics(poller);
    for (const tookMs of [0.4, 3, 40, 5_000]) {
      poller.poll();
      poller.flush();
      nowMs += tookMs;
      poller.flush();
      nowMs += 1_000; // until the next tick
    }
    poller.poll();
    const samples = samplesOf(text());
    const bucket = (le: string) => samples.get(`tickwire_frame_seconds_bucket{le="${le}"}`);
    expect(["0.0005", "0.004", "0.05", "1", "+Inf"].map(bucket)).toEqual([1, 2, 3, 3, 4]);
    expect(samples.get("tickwire_frame_seconds_sum")).toBeCloseTo(5.0434);
    expect(samples.get("tickwire_frame_seconds_count")).toBe(4);
  });

  test("tell how many connections have no line to their peer now", () => {
    const poller = new Poller();
    const { text } = metrics(poller);
    const links = [new SessionLink(), new SessionLink()];
    for (const link of links) poller.connect({ connect: () => link }, lines());
    for (const link of links) link.open("10.0.0.1");
    poller.poll(0);
    links[0]?.lose();
    const suspended = () => samplesOf(text()).get("tickwire_suspended_connections");
    expect(suspended()).toBe(0);
    poller.poll(1);
    expect(suspended()).toBe(1);
    links[0]?.regain();
    poller.poll(2);
    expect(suspended()).toBe(0);
  });

  test("are of pollers alone, and of one without anything", () => {
    expect(samplesOf(metrics(new Poller()).text()).get("tickwire_connections")).toBe(0);
    expect(() => metrics({} as never)).toThrow(/^poller: expected a Poller, got an object/);
  });
});
