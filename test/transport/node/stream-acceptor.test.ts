/**
 * A server as an acceptor, event by event: how it starts, fails and ends, also in the
 * order that a real server gives only now and then.
 */
import { EventEmitter } from "node:events";
import { type AddressInfo, type Server, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { CloseReason, Link } from "../../../src/index.ts";
import { StreamAcceptor } from "../../../src/transport/node/stream-acceptor.ts";

class FakeServer extends EventEmitter {
  readonly calls: string[] = [];
  /** The calls that throw. */
  broken = "";
  bound: AddressInfo | string | null = { family: "IPv4", address: "127.0.0.1", port: 5 };
  given: unknown;

  listen(options: object): void {
    this.given = options;
    this.#call("listen");
  }
  address(): AddressInfo | string | null {
    if (this.broken === "address") throw withCode("EBROKEN");
    return this.bound;
  }
  close(): void {
    this.#call("close");
  }
  #call(name: string): void {
    this.calls.push(name);
    if (this.broken === name) throw withCode("EBROKEN");
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const HERE = { family: "IPv4", host: "127.0.0.1", port: 5 };
const LOCAL = { kind: "local", message: "this side closed the listener" };

function attached(broken = "", bound?: AddressInfo | string | null) {
  const server = new FakeServer();
  server.broken = broken;
  if (bound !== undefined) server.bound = bound;
  const acceptor = new StreamAcceptor({
    server: server as unknown as Server,
    listenOptions: { port: 5, backlog: 7 },
    linkOptions: { allowHalfOpen: true },
  });
  const events: unknown[] = [];
  const reasons: CloseReason[] = [];
  const links: Link[] = [];
  acceptor.attach({
    listening: (address) => events.push(["listening", address]),
    incoming: (link) => links.push(link),
    handshaking: () => expect.unreachable("it has no handshake"),
    rejected: (reason) => events.push(["rejected", reason.code]),
    closed: (reason) => {
      events.push("closed");
      reasons.push(reason);
    },
  });
  return { server, acceptor, events, reasons, links };
}

describe("a server", () => {
  test("listens as it is told to, and its links have its address", () => {
    const { server, events, links } = attached();
    expect([server.given, events]).toEqual([{ port: 5, backlog: 7 }, []]);
    server.emit("listening");
    server.emit("connection", new Socket());
    expect(events).toEqual([["listening", HERE]]);
    expect(links.map(({ localAddress, allowHalfOpen }) => [localAddress, allowHalfOpen])).toEqual([
      [HERE, true],
    ]);
  });

  test.each([
    ["IPv4", "0.0.0.0"],
    ["IPv6", "::"],
    ["IPv6", "::ffff:0.0.0.0"],
  ])("on all addresses of %s, %s, leaves it to each link which of them is its own", (family, address) => {
    const { server, links } = attached("", { family, address, port: 5 });
    server.emit("listening");
    server.emit("connection", new Socket()); // which has no address yet
    expect(links.map(({ localAddress }) => localAddress)).toEqual([undefined]);
  });

  test("has the path of a pipe as its address, and none when it is closed already", () => {
    const pipe = attached("", "/game");
    pipe.server.emit("listening");
    expect(pipe.events).toEqual([["listening", { family: "unix", host: "/game", port: 0 }]]);
    const closed = attached("", null);
    closed.server.emit("listening");
    closed.server.emit("connection", new Socket());
    expect([closed.events, closed.links.length]).toEqual([[["listening", undefined]], 1]);
  });

  test.each([
    ["by an event", ""],
    ["at the call", "listen"],
  ])("that cannot start, %s, is closed with the reason, and does not listen after all", (_, broken) => {
    const { server, events, reasons } = attached(broken);
    if (broken === "") server.emit("error", withCode("EBROKEN"));
    expect([server.calls, events, reasons[0]?.code]).toEqual([["listen", "close"], ["closed"], "EBROKEN"]);
    server.emit("listening");
    server.emit("error", withCode("EMFILE"));
    expect([server.calls, events]).toEqual([["listen", "close", "close"], ["closed"]]);
  });

  test("that does not say its address is closed with the reason", () => {
    const { server, events, reasons } = attached("address");
    server.emit("listening");
    expect([server.calls, events, reasons[0]?.code]).toEqual([["listen", "close"], ["closed"], "EBROKEN"]);
  });

  test("that cannot accept a connection tells of it, and goes on", () => {
    const { server, events, links } = attached();
    server.emit("listening");
    server.emit("error", withCode("EMFILE"));
    server.emit("connection", new Socket());
    expect([server.calls, events.slice(1), links.length]).toEqual([["listen"], [["rejected", "EMFILE"]], 1]);
  });

  test("is closed once, by the reason of this side, even where the close throws", () => {
    for (const broken of ["", "close"]) {
      const { server, acceptor, events, reasons } = attached(broken);
      server.emit("listening");
      acceptor.close();
      acceptor.close();
      expect([server.calls, events.slice(1), reasons]).toEqual([["listen", "close"], ["closed"], [LOCAL]]);
    }
  });

  test("that is closed before it listens is closed again when it does, which Node lets happen", () => {
    const { server, acceptor, events } = attached();
    acceptor.close();
    server.emit("listening");
    expect([server.calls, events]).toEqual([["listen", "close", "close"], ["closed"]]);
  });
});
