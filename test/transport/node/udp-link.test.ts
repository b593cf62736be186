/**
 * A datagram socket as a link, event by event: what the socket is asked to do, and what
 * the core is told, also where calls and events cross each other as a system rarely has
 * them.
 */
import { EventEmitter } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Address,
  type CloseReason,
  type DatagramLink,
  type UdpOptions,
  udp,
} from "../../../src/index.ts";

type Sent = (error: Error | null) => void;

class FakeSocket extends EventEmitter {
  readonly calls: string[] = [];
  /** The callbacks of the datagrams that were given to it. */
  readonly sent: Sent[] = [];
  /** The call that throws. */
  broken = "";

  bind = (options: object) => this.#call("bind", options);
  connect = (port: number, host: string) => this.#call("connect", port, host);
  close = () => this.#call("close");
  setBroadcast = (isOn: boolean) => this.#call("setBroadcast", isOn);
  setMulticastLoopback = (isOn: boolean) => this.#call("setMulticastLoopback", isOn);
  addMembership = (...given: unknown[]) => this.#call("addMembership", ...given);
  dropMembership = (...given: unknown[]) => this.#call("dropMembership", ...given);
  address = () => ({ family: "IPv4", address: "127.0.0.1", port: 5 });
  remoteAddress = () => ({ family: "IPv4", address: "127.0.0.1", port: 9 });
  send = (bytes: Uint8Array, ...rest: unknown[]) => {
    const done = rest.pop() as Sent;
    this.sent.push(done);
    if (this.broken === "send after all") done(null);
    this.#call("send", bytes.length, ...rest);
  };

  #call(name: string, ...given: unknown[]): void {
    this.calls.push([name, ...given.map((one) => JSON.stringify(one))].join(" "));
    if (this.broken.startsWith(name)) throw Object.assign(new Error(name), { code: "EBROKEN" });
  }
}

const made = vi.hoisted((): FakeSocket[] => []);

vi.mock("node:dgram", () => {
  const createSocket = () => {
    const socket = new FakeSocket();
    made.push(socket);
    return socket;
  };
  return { createSocket, default: { createSocket } };
});

afterEach(() => {
  made.length = 0;
});

const HERE = { family: "IPv4", host: "127.0.0.1", port: 5 };
const PEER = { host: "127.0.0.1", port: 9 };
const LOCAL = { kind: "local", message: "this side closed the socket" };
const BYTES = Uint8Array.of(1, 2, 3);

function starting(options: UdpOptions = {}) {
  const link = (udp(options).bind as () => DatagramLink)();
  const events: unknown[] = [];
  const reasons: CloseReason[] = [];
  const from: Address[] = [];
  link.attach({
    bound: (...addresses) => events.push(["bound", ...addresses]),
    received: (bytes, sender) => {
      events.push(`received ${bytes.length}`);
      from.push(sender);
    },
    sent: (sizeBytes) => events.push(`sent ${sizeBytes}`),
    trouble: ({ code }) => events.push(`trouble ${code}`),
    lost: (count) => events.push(`lost ${count}`),
    suspended: () => events.push("suspended"),
    resumed: () => events.push("resumed"),
    failed: ({ code }) => events.push(`failed ${code}`),
    closed: (reason) => {
      events.push("closed");
      reasons.push(reason);
    },
  });
  return { link, socket: made.at(-1) as FakeSocket, events, reasons, from };
}

/** A link that is open, with the calls and events of its start forgotten. */
function open(options: UdpOptions = {}) {
  const all = starting(options);
  all.socket.emit("listening");
  if (options.remote !== undefined) all.socket.emit("connect");
  all.socket.calls.length = 0;
  all.events.length = 0;
  return all;
}

describe("the start of a datagram socket", () => {
  test("sets only what it is told to, and tells of its address", () => {
    const plain = starting();
    plain.socket.emit("listening");
    expect([plain.socket.calls, plain.events]).toEqual([['bind {"port":0}'], [["bound", HERE, undefined]]]);
    const told = starting({ host: "127.0.0.1", broadcast: false, multicastLoopback: false, remote: PEER });
    told.socket.emit("listening");
    expect(told.events).toEqual([]);
    told.socket.emit("connect");
    expect(told.socket.calls).toEqual([
      'bind {"port":0,"address":"127.0.0.1"}',
      "setBroadcast false",
      "setMulticastLoopback false",
      'connect 9 "127.0.0.1"',
    ]);
    expect(told.events).toEqual([["bound", HERE, { family: "IPv4", ...PEER }]]);
  });

  test("goes no further after a close, though what was sent is waited for", () => {
    for (const remote of [undefined, PEER]) {
      const { link, socket, events, reasons } = starting({ ...(remote && { remote }), broadcast: true });
      link.send(BYTES, remote === undefined ? PEER : undefined);
      link.close();
      socket.emit("listening");
      socket.emit("connect");
      expect([socket.calls.map((call) => call.split(" ")[0]), events]).toEqual([["bind", "send"], []]);
      socket.sent[0]?.(null);
      socket.emit("close");
      expect([socket.calls.at(-1), events, reasons]).toEqual(["close", ["sent 3", "closed"], [LOCAL]]);
    }
  });

  test("that fails closes the socket once, with the first reason", () => {
    const { socket, events, reasons } = starting();
    socket.emit("error", Object.assign(new Error("in use"), { code: "EADDRINUSE" }));
    socket.emit("error", Object.assign(new Error("again"), { code: "EAGAIN" }));
    socket.emit("listening");
    socket.emit("close");
    expect(socket.calls).toEqual(['bind {"port":0}', "close"]);
    expect([events, reasons[0]?.code]).toEqual([["closed"], "EADDRINUSE"]);
  });
});

describe("an open datagram socket", () => {
  test("counts each datagram as gone once, also where a send that throws has told of it", () => {
    const { link, socket, events } = open();
    link.send(BYTES, PEER);
    link.send(BYTES, undefined);
    expect(socket.calls).toEqual(['send 3 9 "127.0.0.1"', "send 3"]);
    socket.sent[0]?.(null);
    socket.sent[0]?.(null);
    socket.sent[1]?.(Object.assign(new Error("no route"), { code: "ENETUNREACH" }));
    expect(events).toEqual(["sent 3", "sent 3", "failed ENETUNREACH"]);
    socket.broken = "send";
    link.send(BYTES, PEER);
    expect(events.slice(3)).toEqual(["sent 3", "failed EBROKEN"]);
    socket.broken = "send after all";
    link.send(BYTES, PEER);
    expect(events.slice(5)).toEqual(["sent 3"]);
  });

  test("goes on after an error, which is a datagram's", () => {
    const { socket, events } = open();
    socket.emit("error", Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    expect([events, socket.calls]).toEqual([["failed ECONNREFUSED"], []]);
  });

  test("with a remote hears nobody with its port alone, nor with its host alone", () => {
    const { socket, events, from } = open({ remote: PEER });
    for (const [address, port] of [
      ["127.0.0.2", 9],
      ["127.0.0.1", 8],
      ["127.0.0.1", 9],
    ]) {
      socket.emit("message", Buffer.from("x"), { family: "IPv4", address, port });
    }
    expect([events, from]).toEqual([["received 1"], [{ family: "IPv4", ...PEER }]]);
  });

  test("joins and leaves groups by the interface that it is told", () => {
    const { link, socket } = open();
    link.join("239.1.1.1", "127.0.0.1");
    link.leave("239.1.1.1", "127.0.0.1");
    const given = '"239.1.1.1" "127.0.0.1"';
    expect(socket.calls).toEqual([`addMembership ${given}`, `dropMembership ${given}`]);
  });
});

describe("the end of a datagram socket", () => {
  test("waits for what was sent, is asked for once, and has this side's reason", () => {
    const { link, socket, events, reasons } = open();
    link.send(BYTES, PEER);
    link.send(BYTES, PEER);
    link.close();
    link.close();
    socket.sent[0]?.(null);
    expect(socket.calls.filter((call) => call === "close")).toEqual([]);
    socket.emit("error", new Error("late"));
    socket.sent[1]?.(null);
    link.close();
    socket.emit("close");
    link.close();
    link.abort();
    expect(socket.calls.filter((call) => call === "close")).toEqual(["close"]);
    expect([events, reasons]).toEqual([["sent 3", "sent 3", "closed"], [LOCAL]]);
  });

  test("by an abort waits for nothing", () => {
    for (const before of [[], ["close"]] as const) {
      const { link, socket, events, reasons } = open();
      link.send(BYTES, PEER);
      link.send(BYTES, PEER);
      for (const call of before) link[call]();
      link.abort();
      link.abort();
      socket.sent[0]?.(null); // the system tells of it after all
      expect([socket.calls, events]).toEqual([
        ['send 3 9 "127.0.0.1"', 'send 3 9 "127.0.0.1"', "close"],
        ["sent 3"],
      ]);
      socket.emit("close");
      socket.sent[1]?.(null);
      expect([events, reasons]).toEqual([["sent 3", "closed"], [LOCAL]]);
    }
  });

  test("that the system refuses is told once, with the reason", () => {
    const { link, socket, events, reasons } = open();
    socket.broken = "close";
    link.close();
    expect([events, reasons[0]?.code]).toEqual([["closed"], "EBROKEN"]);
    socket.emit("close");
    link.abort();
    expect(events).toEqual(["closed"]);
  });
});
