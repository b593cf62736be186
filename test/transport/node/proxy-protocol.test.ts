/** TCP behind a proxy that says for whom it has connected. */
import { BlockList, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  type CloseReason,
  type Connection,
  type Listener,
  lines,
  Poller,
  type ProxyProtocolOptions,
  tcp,
} from "../../../src/index.ts";
import { readProxyHeader } from "../../../src/transport/node/proxy-header.ts";

const text = (line: string) => new TextEncoder().encode(line);
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V2_IPV4 = Uint8Array.from([
  ...SIGNATURE,
  0x21,
  0x11,
  0,
  15,
  203,
  0,
  113,
  7,
  127,
  0,
  0,
  1,
  0x15,
  0xb3,
  0x3a,
  0x34,
  4,
  0,
  0,
]);
const V2_IPV6 = Uint8Array.from([
  ...[...SIGNATURE, 0x21, 0x21, 0, 36],
  ...[0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 7],
  ...[...new Array<number>(15).fill(0), 1, 0x15, 0xb3, 0x3a, 0x34],
]);

const V2_MAPPED = Uint8Array.from(V2_IPV6);
V2_MAPPED.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7], 16);

/** Version 2 with that many bytes behind its first 16, of a proxy that speaks for itself. */
const longestOf = (bytes: number) =>
  Uint8Array.from([...SIGNATURE, 0x20, 0, bytes >> 8, bytes & 0xff, ...new Uint8Array(bytes)]);

describe("the header of a proxy", () => {
  const valid: readonly [string, Uint8Array, string | undefined][] = [
    ["TCP4", text("PROXY TCP4 203.0.113.7 127.0.0.1 5555 14900\r\n"), "203.0.113.7:5555"],
    ["TCP6", text("PROXY TCP6 2001:db8::7 ::1 5555 14900\r\n"), "2001:db8::7:5555"],
    ["TCP6 written in another way", text("PROXY TCP6 2001:0DB8:0::7 ::1 5555 14900\r\n"), "2001:db8::7:5555"],
    ["TCP6 for an IPv4 peer", text("PROXY TCP6 ::ffff:cb00:7107 ::1 5555 14900\r\n"), "203.0.113.7:5555"],
    ["UNKNOWN", text("PROXY UNKNOWN whatever it says\r\n"), undefined],
    [
      "TCP4 from the largest port",
      text("PROXY TCP4 203.0.113.7 127.0.0.1 65535 65535\r\n"),
      "203.0.113.7:65535",
    ],
    ["the longest line", text(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`), undefined],
    ["the longest version 2", longestOf(2_048), undefined],
    ["version 2 for IPv4, with more behind the addresses", V2_IPV4, "203.0.113.7:5555"],
    ["version 2 for IPv6", V2_IPV6, "2001:db8::7:5555"],
    ["version 2 for an IPv4 peer of a socket of both families", V2_MAPPED, "203.0.113.7:5555"],
    ["version 2 for datagrams", Uint8Array.from([...SIGNATURE, 0x21, 0x12, 0, 0]), undefined],
    [
      "version 2 of the proxy itself, whatever the family",
      Uint8Array.from([...SIGNATURE, 0x20, 0xff, 0, 0]),
      undefined,
    ],
    ["version 2 of the proxy itself", Uint8Array.from([...SIGNATURE, 0x20, 0, 0, 0]), undefined],
    ["version 2 for a unix socket", Uint8Array.from([...SIGNATURE, 0x21, 0x31, 0, 1, 0]), undefined],
  ];

  test.each(valid)(
    "%s is read wherever the stream is cut, and what follows is the stream",
    (_, header, seen) => {
      for (let end = 0; end < header.length; end++) {
        const isSure = end >= (header[0] === 0x50 ? 6 : 12);
        expect(readProxyHeader(header.subarray(0, end))).toBe(isSure ? "more" : "maybe");
      }
      const read = readProxyHeader(Uint8Array.from([...header, 0x68, 0x69]));
      if (typeof read !== "object") throw new Error(read);
      expect(read.headerBytes).toBe(header.length);
      expect(read.address && `${read.address.host}:${read.address.port}`).toBe(seen);
    },
  );

  test.each([
    ["another stream", text("hello\n"), "none"],
    ["one that begins alike", text("PROXIED\n"), "none"],
    ["an address that is none", text("PROXY TCP4 300.0.113.7 127.0.0.1 5555 14900\r\n"), "invalid"],
    ["the other family", text("PROXY TCP6 203.0.113.7 127.0.0.1 5555 14900\r\n"), "invalid"],
    ["a port that is none", text("PROXY TCP4 203.0.113.7 127.0.0.1 65536 14900\r\n"), "invalid"],
    ["a bare line break", text("PROXY TCP4 203.0.113.7 127.0.0.1 5555 14900\r \n"), "invalid"],
    ["a line without an end", text(`PROXY ${"x".repeat(101)}`), "invalid"],
    ["a target's port that is none", text("PROXY TCP4 203.0.113.7 127.0.0.1 5555 65536\r\n"), "invalid"],
    ["a family that nobody knows", Uint8Array.from([...SIGNATURE, 0x21, 0x41, 0, 0]), "invalid"],
    ["a transport that nobody knows", Uint8Array.from([...SIGNATURE, 0x21, 0x13, 0, 0]), "invalid"],
    ["version 3", Uint8Array.from(V2_IPV4, (byte, at) => (at === 12 ? 0x31 : byte)), "invalid"],
    [
      "too short a version 2",
      Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0, 11, ...new Uint8Array(11)]),
      "invalid",
    ],
    ["too long a version 2", longestOf(2_049), "invalid"],
    ["too long a line", text(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`), "invalid"],
    ["a word behind the ports", text("PROXY TCP4 203.0.113.7 127.0.0.1 5555 14900 x\r\n"), "invalid"],
    ["the other family, the other way", text("PROXY TCP4 2001:db8::7 ::1 5555 14900\r\n"), "invalid"],
    [
      "a command that nobody knows",
      Uint8Array.from(V2_IPV4, (byte, at) => (at === 12 ? 0x22 : byte)),
      "invalid",
    ],
  ])("%s: %s", (_, bytes, answer) => {
    expect(readProxyHeader(bytes)).toBe(answer);
  });
});

describe("a listener behind a proxy", () => {
  const endings: (() => unknown)[] = [];
  afterEach(() => {
    for (const end of endings.splice(0).reverse()) end();
  });

  class Rig {
    readonly net = new Poller();
    readonly listener: Listener<string>;
    readonly accepted: Connection<string>[] = [];
    readonly drops: CloseReason[] = [];

    constructor(options: ProxyProtocolOptions, limits: object = {}) {
      this.listener = this.net.listen(tcp({ port: 0, host: "127.0.0.1", ...options }), lines(), limits);
      this.net.on("drop", ({ reason }) => this.drops.push(reason));
      endings.push(() => this.net[Symbol.dispose]());
    }

    async until(isThere: () => boolean): Promise<void> {
      for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
        this.net.poll(0);
        for (let one: Connection<string> | undefined; (one = this.listener.tryAccept()) !== undefined; ) {
          this.accepted.push(one);
        }
        if (isThere()) return;
        this.net.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error("it did not come");
    }

    async peer(...pieces: readonly (string | Uint8Array)[]): Promise<Socket> {
      await this.until(() => this.listener.state === "listening");
      const socket = connect(this.listener.address?.port ?? 0, "127.0.0.1").on("error", () => {});
      socket.setNoDelay(true);
      endings.push(() => socket.destroy());
      for (const piece of pieces) {
        socket.write(piece);
        for (let turn = 0; turn < 10; turn++) await this.until(() => true);
      }
      return socket;
    }
  }

  const headerOf = (player: number) => `PROXY TCP4 203.0.113.${player} 127.0.0.1 5555 14900\r\n`;
  const behind = { proxyProtocol: "require", trustedProxies: ["loopback"] } as const;

  test("shows and counts the players' own addresses, and carries both ways what follows the header", async () => {
    const rig = new Rig(behind, { maxConnectionsPerAddress: 1 });
    await rig.peer(`${headerOf(1)}hello\nthere\n`);
    await rig.peer(headerOf(2), "hello\n", "there\n");
    const third = await rig.peer(...`${headerOf(3)}hello\nthere\n`);
    let answer = "";
    third.on("data", (data) => (answer += data));
    await rig.until(() => rig.accepted.length === 3);
    expect(rig.accepted.map(({ remoteAddress }) => remoteAddress?.host)).toEqual([
      "203.0.113.1",
      "203.0.113.2",
      "203.0.113.3",
    ]);
    const seen: string[] = [];
    await rig.until(() => {
      rig.listener.drain((connection, line) => seen.push(`${connection.remoteAddress?.host} ${line}`));
      return seen.length === 6;
    });
    expect(new Set(seen).size).toBe(6);
    rig.accepted[2]?.trySend("welcome");
    await rig.until(() => answer === "welcome\n");
    await rig.peer(headerOf(2));
    await rig.until(() => rig.drops.length === 1);
    expect(rig.drops[0]?.code).toBe("maxConnectionsPerAddress");
  });

  test("reads version 2, and takes a proxy's own connection for its own", async () => {
    const rig = new Rig(behind);
    await rig.peer(V2_IPV4);
    await rig.peer(Uint8Array.from([...SIGNATURE, 0x20, 0, 0, 0]));
    await rig.until(() => rig.accepted.length === 2);
    expect(rig.accepted.map(({ remoteAddress }) => remoteAddress?.host)).toEqual([
      "203.0.113.7",
      "127.0.0.1",
    ]);
  });

  test("refuses who is denied, who sends no header, who is late, and who leaves; each is told once", async () => {
    const denyList = new BlockList();
    denyList.addAddress("203.0.113.9");
    const rig = new Rig({ ...behind, proxyTimeoutMs: 200 }, { denyList });
    await rig.peer(headerOf(9));
    await rig.until(() => rig.drops.length === 1);
    await rig.peer("hello\n");
    await rig.until(() => rig.drops.length === 2);
    await rig.peer("PROXY TC");
    await rig.until(() => rig.drops.length === 3);
    (await rig.peer("PROXY TC")).end();
    await rig.until(() => rig.drops.length === 4);
    expect(rig.drops.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      "denied denyList",
      "protocol undefined",
      "timeout proxyTimeoutMs",
      "remote undefined",
    ]);
    expect([rig.accepted.length, rig.listener.stats.dropped]).toEqual([0, 4]);
  });

  test("with require believes nobody else, and with accept takes others as they are", async () => {
    const strict = new Rig({ proxyProtocol: "require", trustedProxies: ["10.0.0.0/8"] });
    await strict.peer(headerOf(1));
    await strict.until(() => strict.drops.length === 1);
    expect(strict.drops[0]).toMatchObject({ kind: "denied", code: "trustedProxies" });
    const open = new Rig({ proxyProtocol: "accept", trustedProxies: ["loopback"], proxyTimeoutMs: 100 });
    await open.peer("hello\n");
    await open.peer(`${headerOf(1)}hello\n`);
    await open.peer(); // which waits for a word of the server
    await open.until(() => open.accepted.length === 3);
    expect(open.accepted.map(({ remoteAddress }) => remoteAddress?.host)).toEqual([
      "127.0.0.1",
      "203.0.113.1",
      "127.0.0.1",
    ]);
    await open.until(() => open.accepted[0]?.tryRecv() === "hello");
    await open.peer("\r\n"); // which every header of version 2 begins with
    await open.until(() => open.accepted.length === 4);
    await open.until(() => open.accepted[3]?.tryRecv() === "");
    await open.peer("PROXY ");
    await open.until(() => open.drops.length === 1);
    expect(open.drops[0]).toMatchObject({ kind: "timeout", code: "proxyTimeoutMs" });
  });

  test("needs both options, each valid", () => {
    const place = { port: 0 };
    expect(() => tcp({ ...place, proxyProtocol: "require" })).toThrow("together with trustedProxies");
    expect(() => tcp({ ...place, trustedProxies: [] })).toThrow(TypeError);
    expect(() => tcp({ ...place, ...behind, proxyProtocol: "yes" as "accept" })).toThrow(TypeError);
    expect(() => tcp({ ...place, ...behind, trustedProxies: ["local"] })).toThrow(RangeError);
    expect(() => tcp({ ...place, ...behind, proxyTimeoutMs: 0 })).toThrow(RangeError);
  });
});
