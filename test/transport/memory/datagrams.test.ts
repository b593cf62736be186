/** Datagrams inside the process: held, released and lost as bytes are, and where they go. */
import { expect, test } from "vitest";
import { type DatagramSocket, lines, memory, Poller, subject } from "../../../src/index.ts";

test("datagrams are held, released in order, and lost by a cut", () => {
  const { wire, net, sockets, send, received } = bound(2);
  const [one, two] = sockets as [Socket, Socket];
  send(one, "at once", two);
  wire.hold();
  for (const text of ["a", "b"]) send(one, text, two);
  expect(received(two)).toEqual(["at once"]);
  wire.release(9); // lets bytes through, and no datagrams
  expect(received(two)).toEqual([]);
  wire.release();
  expect(received(two)).toEqual(["a", "b"]);
  send(one, "c", two);
  wire.release();
  expect(received(two)).toEqual(["c"]);
  wire.hold();
  send(one, "lost", two);
  wire.cut();
  wire.release();
  send(one, "after the cut", two);
  expect(received(two)).toEqual(["after the cut"]);
  expect([one.stats.sentMessages, net.stats.receivedMessages]).toEqual([6, 5]);
});

test("each socket has a port of its own, and hears from whom a datagram came", () => {
  const { net, sockets, send } = bound(3);
  expect(sockets.map(({ address }) => address)).toEqual(
    [1, 2, 3].map((port) => ({ family: "memory", host: "memory", port })),
  );
  const [one, two, three] = sockets as [Socket, Socket, Socket];
  send(one, "for two", two);
  send(three, "for itself", three);
  net.poll(9);
  expect(sockets.map((socket) => socket.tryRecvFrom())).toEqual([
    undefined,
    { message: "for two", from: one.address },
    { message: "for itself", from: three.address },
  ]);
});

test("a datagram to a port that nobody has, or has no more, is sent and lost", () => {
  const { wire, net, sockets, send, received } = bound(3);
  const [one, two, three] = sockets as [Socket, Socket, Socket];
  one.trySendTo("nobody", { host: "memory", port: 77 });
  wire.hold();
  for (const gone of [two, three]) send(one, "too late", gone);
  two.close();
  three.abort();
  wire.release();
  expect([received(one), received(two), received(three)]).toEqual([[], [], []]);
  expect([one.stats.sentMessages, one.pendingBytes]).toEqual([3, 0]);
  for (const gone of [two, three]) expect(gone.closeReason?.kind).toBe("local");
  expect(net.stats.receivedMessages).toBe(0);
});

test("datagrams to subjects that a cut loses are counted by whom they would have reached", () => {
  const { wire, net, sockets, received } = bound(2);
  const [one, two] = sockets as [Socket, Socket];
  two.join("chat.*");
  wire.hold();
  one.trySendTo("lost", subject("chat.eu"));
  one.trySendTo("for nobody", subject("news"));
  net.flush();
  wire.cut();
  wire.release();
  one.trySendTo("heard", subject("chat.eu"));
  net.flush();
  expect(received(two)).toEqual(["heard"]);
  expect([one.stats.lost, two.stats.lost]).toEqual([0, 1]);
});

test("a name that is no subject cannot be bound, and its listener can", () => {
  const net = new Poller();
  const lobby = memory().at("the lobby");
  expect(() => net.bind(lobby, lines())).toThrow(
    'name: expected a subject such as "world.7", got "the lobby"',
  );
  net.listen(lobby, lines());
});

type Socket = DatagramSocket<string>;

/** So many sockets on one network. */
function bound(count: number) {
  const wire = memory();
  const net = new Poller();
  const sockets = Array.from({ length: count }, (): Socket => net.bind(wire, lines()));
  net.poll(0);
  const send = (from: Socket, text: string, to: Socket): void => {
    if (to.address === undefined) throw new Error("it is not bound");
    from.trySendTo(text, to.address);
    net.flush();
  };
  const received = (socket: Socket): string[] => {
    net.poll(1);
    const messages: string[] = [];
    for (let message: string | undefined; (message = socket.tryRecv()) !== undefined; )
      messages.push(message);
    return messages;
  };
  return { wire, net, sockets, send, received };
}
