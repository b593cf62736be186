import { expect, test } from "vitest";
import { type AnyConnection, type ListenOptions, lines, Poller } from "../../../src/index.ts";
import { addressOf, SessionAcceptor, SessionLink } from "../session-transport.ts";

/** A poller with one connection, over a link that the test moves. */
function connected() {
  const poller = new Poller();
  const told = toldBy(poller);
  const link = new SessionLink();
  const connection = poller.connect({ connect: () => link }, lines());
  return { poller, told, link, connection };
}

/** A listener, and what it tells. */
function listening(options: ListenOptions = {}) {
  const poller = new Poller(options);
  const told = toldBy(poller);
  const acceptor = new SessionAcceptor();
  const listener = poller.listen({ listen: () => acceptor }, lines());
  return { poller, told, acceptor, listener };
}

/** The events of connections, in order, each with what `linked` was then. */
function toldBy(poller: Poller): string[] {
  const told: string[] = [];
  const note = (name: string) => (event: { connection: AnyConnection }) =>
    told.push(`${name} ${event.connection.linked}`);
  for (const name of ["open", "accept", "suspend", "resume", "close"] as const) poller.on(name, note(name));
  return told;
}

test("a connection that is no more than its line is always linked, and measures nothing more", () => {
  const { poller, link, connection } = connected();
  expect([connection.linked, connection.downMs]).toEqual([true, 0]);
  link.open("10.0.0.1");
  poller.poll(0);
  expect([connection.linked, connection.downMs]).toEqual([true, 0]);
  expect([connection.jitterMs, connection.frameRttMs, connection.clock]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("an outage is seen in the next frame, by looking and by events, and the connection stays open", () => {
  const { poller, told, link, connection } = connected();
  link.open("10.0.0.1");
  poller.poll(0);
  link.lose();
  expect([connection.linked, connection.downMs, told]).toEqual([true, 0, ["open true"]]);
  poller.poll(100);
  expect([connection.linked, connection.downMs, connection.state]).toEqual([false, 0, "open"]);
  poller.poll(350);
  expect(connection.downMs).toBe(250);
  link.regain();
  expect([connection.linked, connection.downMs]).toEqual([false, 250]);
  poller.poll(400);
  expect([connection.linked, connection.downMs]).toEqual([true, 0]);
  expect(told).toEqual(["open true", "suspend false", "resume true"]);
});

test("an outage between two polls is told by both events, and of several the game hears of one", () => {
  const { poller, told, link } = connected();
  link.open("10.0.0.1");
  poller.poll(0);
  told.length = 0;
  let now = 0;
  const between = (outages: number, isDown: boolean): string[] => {
    for (let outage = 0; outage < outages; outage++) {
      link.lose();
      if (!isDown || outage < outages - 1) link.regain();
    }
    poller.poll(++now);
    return told.splice(0);
  };
  expect(between(1, false)).toEqual(["suspend true", "resume true"]);
  expect(between(3, false)).toEqual(["suspend true", "resume true"]);
  expect(between(3, true)).toEqual(["suspend false"]);
  link.regain();
  expect(between(2, true)).toEqual(["resume false", "suspend false"]);
  link.regain();
  expect(between(1, false)).toEqual(["resume true"]);
  expect(between(0, false)).toEqual([]);
});

test("no outage is told before the open event, nor after the close", () => {
  const both = connected();
  both.link.open("10.0.0.1");
  both.link.lose();
  both.poller.poll(0);
  expect(both.told).toEqual(["open false", "suspend false"]);
  both.link.regain();
  both.link.lose();
  both.link.events.closed({ kind: "reset", code: "resume-expired", message: "gone" });
  both.poller.poll(1);
  both.link.regain();
  both.link.lose();
  both.poller.poll(2);
  expect(both.told.slice(2)).toEqual(["resume false", "suspend false", "close false"]);
  expect(both.connection.closeReason?.code).toBe("resume-expired");

  const never = connected();
  never.link.open("10.0.0.1");
  never.link.lose();
  never.link.events.closed({ kind: "reset", message: "gone" });
  never.poller.poll(0);
  expect(never.told).toEqual(["close false"]);

  const aborted = connected();
  aborted.link.open("10.0.0.1");
  aborted.poller.poll(0);
  aborted.link.lose();
  aborted.connection.abort();
  aborted.poller.poll(1);
  expect(aborted.told).toEqual(["open true", "close false"]);
});

test("what a link tells twice, or before it is open, changes nothing", () => {
  const { poller, told, link, connection } = connected();
  link.events.suspended();
  poller.poll(0);
  link.events.resumed();
  link.open("10.0.0.1");
  poller.poll(1);
  link.lose();
  link.events.suspended();
  poller.poll(2);
  link.regain();
  link.events.resumed();
  poller.poll(3);
  expect(told).toEqual(["open true", "suspend false", "resume true"]);
  expect(connection.linked).toBe(true);
});

test("who waits to be accepted shows its line, and the game hears of an outage that lasts once it is accepted", () => {
  const { poller, told, acceptor, listener } = listening();
  const [short, long] = [acceptor.come("10.0.0.1"), acceptor.come("10.0.0.2")];
  poller.poll(0);
  short.lose();
  long.lose();
  poller.poll(1);
  short.regain();
  poller.poll(2);
  expect(told).toEqual(["accept true", "accept true"]);
  const [first, second] = [listener.tryAccept(), listener.tryAccept()];
  expect([first?.linked, second?.linked]).toEqual([true, false]);
  poller.poll(3);
  expect(told.slice(2)).toEqual(["suspend false"]);
  long.regain();
  poller.poll(4);
  expect(told.slice(3)).toEqual(["resume true"]);
});

test("handlers of a listener hear of its own connections alone", () => {
  const { poller, acceptor, listener } = listening();
  const heard: string[] = [];
  listener.on("suspend", ({ connection }) => heard.push(`suspend ${connection.id}`));
  listener.on("resume", ({ connection }) => heard.push(`resume ${connection.id}`));
  const other = new SessionLink();
  poller.connect({ connect: () => other }, lines());
  other.open("10.0.0.9");
  const link = acceptor.come("10.0.0.1");
  poller.poll(0);
  const accepted = listener.tryAccept();
  link.lose();
  other.lose();
  poller.poll(1);
  link.regain();
  poller.poll(2);
  expect(heard).toEqual([`suspend ${accepted?.id}`, `resume ${accepted?.id}`]);
});

test("after an outage the connection shows the new line's address, from that frame on", () => {
  const { poller, acceptor, listener } = listening();
  const link = acceptor.come("10.0.0.1");
  poller.poll(0);
  const accepted = listener.tryAccept();
  link.lose();
  link.regain("10.0.0.2");
  expect(accepted?.remoteAddress).toEqual(addressOf("10.0.0.1"));
  poller.poll(1);
  expect(accepted?.remoteAddress).toEqual(addressOf("10.0.0.2"));

  const { poller: other, link: own, connection } = connected();
  own.open("10.0.0.1");
  other.poll(0);
  own.lose();
  own.regain("10.0.0.2");
  expect(connection.remoteAddress).toEqual(addressOf("10.0.0.1"));
  other.poll(1);
  expect(connection.remoteAddress).toEqual(addressOf("10.0.0.2"));
});

test("a connection counts at the address that it has come back from", () => {
  const { poller, acceptor, listener } = listening({ maxConnectionsPerAddress: 1 });
  const drops: string[] = [];
  poller.on("drop", ({ reason }) => drops.push(reason.code ?? ""));
  const link = acceptor.come("10.0.0.1");
  poller.poll(0);
  listener.tryAccept();
  link.lose();
  link.regain("10.0.0.2");
  poller.poll(1);
  acceptor.come("10.0.0.1");
  poller.poll(2);
  expect([listener.tryAccept()?.remoteAddress?.host, drops]).toEqual(["10.0.0.1", []]);
  expect(() => acceptor.come("10.0.0.2")).toThrow("nobody has attached");
  poller.poll(3);
  expect(drops).toEqual(["maxConnectionsPerAddress"]);
  link.events.closed({ kind: "reset", message: "gone" });
  poller.poll(4);
  acceptor.come("10.0.0.2");
  poller.poll(5);
  expect(drops).toHaveLength(1);
});

test("what a link measures is shown as of the frame", () => {
  const { poller, link, connection } = connected();
  link.open("10.0.0.1");
  poller.poll(0);
  link.coming = {
    rttMs: 20,
    jitterMs: 2,
    frameRttMs: 45,
    clock: { offsetMs: 5, errorMs: 1, serverNowMs: 6 },
  };
  expect([connection.rttMs, connection.clock]).toEqual([undefined, undefined]);
  poller.dueInMs();
  expect(connection.rttMs).toBeUndefined();
  poller.poll(1);
  expect([connection.rttMs, connection.jitterMs, connection.frameRttMs]).toEqual([20, 2, 45]);
  expect(connection.clock).toEqual({ offsetMs: 5, errorMs: 1, serverNowMs: 6 });
});

test.each([
  ["idleTimeoutMs", ""],
  ["firstMessageTimeoutMs", ""],
  ["partialMessageTimeoutMs", "half a line"],
] as const)("%s does not run while there is no line, and goes on behind it", (name, said) => {
  const { poller, acceptor, listener } = listening({ [name]: 1_000 });
  const link = acceptor.come("10.0.0.1");
  if (said !== "") link.say(said);
  poller.poll(0);
  const accepted = listener.tryAccept();
  for (let nowMs = 0; nowMs <= 600; nowMs += 100) poller.poll(nowMs);
  link.lose();
  for (let nowMs = 700; nowMs <= 20_000; nowMs += 100) poller.poll(nowMs);
  expect([accepted?.state, accepted?.downMs]).toEqual(["open", 19_300]);
  link.regain();
  for (let nowMs = 20_100; nowMs <= 20_300; nowMs += 100) poller.poll(nowMs);
  expect(accepted?.state).toBe("open");
  for (let nowMs = 20_400; nowMs <= 20_600; nowMs += 100) poller.poll(nowMs);
  expect(accepted?.closeReason).toMatchObject({ kind: "timeout", code: name });
});

test.each(["close", "end"] as const)(
  "a connection that %s() ends before it is open, of which no open is told, tells of no outage either",
  (how) => {
    const { poller, told, link, connection } = connected();
    poller.poll(0);
    connection.trySend("early");
    connection[how]();
    link.open("10.0.0.1");
    poller.poll(10);
    link.lose();
    poller.poll(20);
    expect([connection.state, connection.linked]).toEqual(["closing", false]);
    link.regain();
    poller.poll(30);
    expect([connection.linked, told]).toEqual([true, []]);
  },
);
