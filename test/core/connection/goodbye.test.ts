/** The last word of a game: what may be said, and where it is read. */
import { describe, expect, test } from "vitest";
import { lines, memory, Poller } from "../../../src/index.ts";
import { SessionAcceptor, SessionLink } from "../session-transport.ts";

function connected() {
  const poller = new Poller();
  const link = new SessionLink();
  const connection = poller.connect({ connect: () => link }, lines());
  link.open("10.0.0.1");
  poller.poll(0);
  return { poller, link, connection };
}

describe("what is no goodbye throws at the call, and closes nothing", () => {
  test.each([
    ["a text", "bye", TypeError, "goodbye: expected { code, text }, got string"],
    ["null", null, TypeError, "goodbye: expected { code, text }, got null"],
    ["no code", { text: "bye" }, TypeError, "code: expected a number, got undefined"],
    ["a code in letters", { code: "7" }, TypeError, "code: expected a number, got string"],
    ["a code below 0", { code: -1 }, RangeError, "code: expected a whole number from 0 to 65535, got -1"],
    ["a code over 16 bits", { code: 65_536 }, RangeError, /^code: /],
    ["half a code", { code: 1.5 }, RangeError, /^code: /],
    ["a text that is none", { code: 1, text: 7 }, TypeError, "text: expected a string, got number"],
    [
      "a text of 124 bytes",
      { code: 1, text: "é".repeat(62) },
      RangeError,
      "text: expected at most 123 bytes of UTF-8, got 124",
    ],
    ["half a character", { code: 1, text: "a\uD800" }, RangeError, /^text: /],
    ["the mark of tickwire's own texts", { code: 1, text: "tickwire: bye" }, RangeError, /^text: /],
    ["a name that is not known", { code: 1, test: "bye" }, TypeError, /^test: .* text$/],
  ])("%s", (_, goodbye, kind, message) => {
    const { connection, link, poller } = connected();
    const close = () => connection.close(goodbye as never);
    expect(close).toThrow(kind);
    expect(close).toThrow(message);
    expect(connection.state).toBe("open");
    poller.flush();
    expect(link.ends).toEqual([]);

    const acceptor = new SessionAcceptor();
    const listener = poller.listen({ listen: () => acceptor }, lines());
    poller.poll(1);
    expect(() => listener.close(goodbye as never)).toThrow(kind);
    expect(listener.state).toBe("listening");
  });

  test("nor a code that the link, or the acceptor, does not carry", () => {
    const { connection, link, poller } = connected();
    link.refused.push(7);
    expect(() => connection.close({ code: 7 })).toThrow(/^code: .*, got 7$/);
    const listener = poller.listen({ listen: () => new SessionAcceptor() }, lines());
    expect(() => listener.close({ code: 7 })).toThrow(/^code: .*, got 7$/);
    expect([connection.state, listener.state]).toEqual(["open", "starting"]);
  });
});

test("a goodbye leaves behind the messages, with the end, and is in this side's reason at once", () => {
  const { connection, link, poller } = connected();
  const said = { code: 7, text: "bye" };
  connection.close(said);
  said.text = "changed";
  expect(connection.closeReason).toMatchObject({ kind: "local", goodbye: { code: 7, text: "bye" } });
  poller.flush();
  expect(link.ends).toMatchObject([{ kind: "local", goodbye: { code: 7, text: "bye" } }]);
  link.events.closed({ kind: "local", message: "done" });
  poller.poll(1);
  expect(connection.closeReason).toMatchObject({ kind: "local", goodbye: { code: 7, text: "bye" } });
});

test("an empty text is none, at this end too", () => {
  const { connection } = connected();
  connection.close({ code: 7, text: "" });
  expect(connection.closeReason?.goodbye).toEqual({ code: 7 });
});

test("the peer's goodbye is seen behind its last message", () => {
  const { connection, link, poller } = connected();
  link.say("the last\n");
  const goodbye = { code: 65_535, text: "bye" };
  link.events.ended({ kind: "remote", message: "over", goodbye });
  link.events.closed({ kind: "remote", message: "over", goodbye });
  poller.poll(1);
  expect(connection.state).toBe("closing");
  expect([...connection]).toEqual(["the last"]);
  poller.poll(2);
  expect(connection.state).toBe("closed");
  expect(connection.closeReason).toEqual({ kind: "remote", message: "over", goodbye });
});

test("the first close counts: a goodbye that comes later is not said", () => {
  const { connection, link, poller } = connected();
  connection.close();
  connection.close({ code: 7 });
  poller.flush();
  expect([link.ends.length, link.ends[0]?.goodbye, connection.closeReason?.goodbye]).toEqual([
    1,
    undefined,
    undefined,
  ]);

  const other = connected();
  other.link.events.ended({ kind: "remote", message: "over" });
  other.poller.poll(1);
  other.connection.close({ code: 7 });
  expect(other.connection.closeReason?.kind).toBe("local"); // this link may still answer: allowHalfOpen
  other.poller.flush();
  expect(other.link.ends).toMatchObject([{ goodbye: { code: 7 } }]);
});

test("after end() a goodbye still goes with the close", () => {
  const { connection, link, poller } = connected();
  connection.end();
  poller.flush();
  connection.close({ code: 7 });
  poller.flush();
  expect(link.ends).toMatchObject([{ kind: "local", goodbye: { code: 7 } }]);
});

test("a listener's goodbye goes to who is accepted and to who waits", () => {
  const poller = new Poller();
  const acceptor = new SessionAcceptor();
  const listener = poller.listen({ listen: () => acceptor }, lines());
  const accepted = acceptor.come("10.0.0.1");
  poller.poll(0);
  const connection = listener.tryAccept();
  const waiting = acceptor.come("10.0.0.2");
  poller.poll(1);
  listener.close({ code: 9, text: "restart" });
  expect(connection?.closeReason).toMatchObject({ kind: "local", goodbye: { code: 9, text: "restart" } });
  expect(waiting.aborts).toMatchObject([{ kind: "local", goodbye: { code: 9, text: "restart" } }]);
  poller.flush();
  expect(accepted.ends).toMatchObject([{ kind: "local", goodbye: { code: 9, text: "restart" } }]);
});

test("a carrier without goodbyes takes any code, and keeps it at this end", () => {
  const poller = new Poller();
  const wire = memory();
  const listener = poller.listen(wire, lines());
  const client = poller.connect(wire, lines());
  poller.poll(0);
  const server = listener.tryAccept();
  client.close({ code: 7, text: "bye" });
  poller.flush();
  poller.poll(1);
  poller.flush();
  poller.poll(2);
  expect(client.closeReason).toMatchObject({ kind: "local", goodbye: { code: 7, text: "bye" } });
  expect(server?.closeReason?.kind).toBe("remote");
  expect(server?.closeReason?.goodbye).toBeUndefined();
});
