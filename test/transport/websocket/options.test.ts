/**
 * Each option of the WebSocket transports at its borders: the smallest and the largest
 * value pass, one beyond and a value of another kind throw at the call with the option's
 * name first, and each does what it says.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { lines } from "../../../src/index.ts";
import type { WebSocketOptions } from "../../../src/transport/browser/websocket-options.ts";
import {
  type AdmissionOptions,
  type NodeWebSocketOptions,
  type OwnPortOptions,
  websocket,
  websocketServer,
} from "../../../src/websocket.ts";
import { needs } from "../../machine.ts";
import { certificates } from "../node/certificates.ts";
import { endings, openServer, rawClient, rawPeer, site } from "./rig.ts";

/** The borders of one option. */
interface Row {
  readonly valid: readonly unknown[];
  /** Values of the right kind that are out of range. */
  readonly beyond: readonly unknown[];
  readonly wrong: readonly unknown[];
}

type Rows<Options> = { readonly [Name in keyof Required<Options>]: Row };

const INT32 = 2 ** 31 - 1;
const COUNT: Row = {
  valid: [1, INT32],
  beyond: [0, -1, 1.5, Number.NaN, Infinity, INT32 + 1],
  wrong: ["1", null, true, [1]],
};
const BOOLEAN: Row = { valid: [true, false], beyond: [], wrong: [0, "true", null] };
const TEXT: Row = { valid: ["a"], beyond: ["", "a\0b"], wrong: [1, null, ["a"]] };
const TOKENS: Row = {
  valid: [[], ["a"], ["cube.2", "cube.1"], ["!#$%&'*+-.^_`|~09azAZ"]],
  beyond: [["a", "a"], [""], ["a b"], ["a,b"], ["a\r\nX: y"], ["a\0"], ["ä"], ["a", "b", "a"]],
  wrong: ["a", null, 1, { 0: "a" }, [1], [null], [["a"]]],
};
const LIVENESS: Rows<Pick<NodeWebSocketOptions, "maxPayloadBytes" | "pingIntervalMs" | "deadPeerMs">> = {
  maxPayloadBytes: COUNT,
  pingIntervalMs: {
    valid: [1, 29_999, Infinity],
    beyond: [0, 0.5, -1, Number.NaN, 30_000],
    wrong: ["1", null, true],
  },
  deadPeerMs: { valid: [10_001, Infinity], beyond: [0, 10_000, -1, Number.NaN], wrong: ["1", null, true] },
};
const APPS = [
  "capacitor://localhost",
  "ionic://localhost",
  "tauri://localhost",
  "chrome-extension://abcdefghijklmnop",
  "moz-extension://0b5b2e1c-7d3c-4b8e-9a52-12ab34cd56ef",
  "app://game",
  "file://",
  "null",
];
const FRAMING: Row = { valid: ["stream", "message"], beyond: [], wrong: ["messages", "", null, true, 1] };
const ADMISSION: Rows<AdmissionOptions> = {
  ...LIVENESS,
  path: {
    valid: ["/", "/play", "/caf%C3%A9", "//", "/a~b;c=d"],
    beyond: ["play", "", "/café", "/a b", "/play?x", "/play#x", "/a/../b", "/a\0", "/a\r\n", "/a\\b"],
    wrong: [1, null, ["/play"], /x/],
  },
  origins: {
    valid: ["any", [], ["https://example.org"], ["http://localhost:3000/"], APPS],
    beyond: [
      ["example.org"],
      [""],
      ["*"],
      ["any"],
      ["https://example.org/play"],
      ["https://user@example.org"],
      ["https://example.org?x"],
      ["ws://example.org"],
      ["app://"],
      ["app://game/page"],
      ["APP://game"],
      ["file:///home"],
      ["data:text/html,x"],
      ["https://"],
      ["app://ga me"],
    ],
    wrong: ["*", "https://example.org", null, 1, [1], [null], [["any"]]],
  },
  protocols: TOKENS,
  framing: FRAMING,
  admit: { valid: [() => true, async () => 401], beyond: [], wrong: [true, null, "true", {}, 403] },
  admitTimeoutMs: COUNT,
  trustedProxies: {
    valid: [[], ["loopback", "private", "10.0.0.0/8", "::1", "2001:db8::/32", "192.0.2.1"], new BlockList()],
    beyond: [["10.0.0.0/33"], ["local"], [""], ["::/129"], ["10.0.0.0/8/8"], ["10.0.0.0/"], ["fe80::1%lo"]],
    wrong: ["loopback", null, true, {}, [1]],
  },
  forwardedHeader: {
    valid: ["x-forwarded-for", "forwarded"],
    beyond: [],
    wrong: ["x-real-ip", "", null, 1, true],
  },
};
const OWN_PORT: Rows<Omit<OwnPortOptions, "server">> = {
  port: { valid: [0, 65_535], beyond: [-1, 65_536, 1.5, Number.NaN], wrong: ["80", null, true] },
  host: TEXT,
  backlog: COUNT,
  ipv6Only: BOOLEAN,
  handshakeTimeoutMs: COUNT,
};
const PAGE: Rows<WebSocketOptions> = {
  protocols: TOKENS,
  framing: FRAMING,
  maxBacklogBytes: { valid: [1, Infinity], beyond: [0, -1, 1.5, Number.NaN], wrong: ["1", null, true] },
};
const PEM: Row = { valid: [], beyond: [], wrong: [1, null, {}, [1]] };
const SECURE: Rows<
  Pick<NodeWebSocketOptions, "cert" | "key" | "ca" | "passphrase" | "servername" | "rejectUnauthorized">
> = {
  cert: PEM,
  key: PEM,
  ca: PEM,
  passphrase: { ...TEXT, valid: [] },
  servername: { ...TEXT, valid: ["example.org"] },
  rejectUnauthorized: BOOLEAN,
};
const CLIENT: Rows<Omit<NodeWebSocketOptions, keyof typeof SECURE>> = {
  ...LIVENESS,
  ...PAGE,
  headers: {
    valid: [{}, { origin: "https://example.org" }, { "X-Empty": "" }, { cookie: "a=b; c=d" }],
    beyond: [
      { "x-a": "b\r\nx-c: d" },
      { "x-a": "b\0" },
      { "x-a": "✓" },
      { "x\r\n": "y" },
      { "x y": "z" },
      { "": "x" },
      { Origin: "a", origin: "b" },
      { connection: "close" },
      { Upgrade: "h2c" },
      { "Sec-WebSocket-Key": "x" },
      { "sec-websocket-protocol": "chat" },
      { "content-length": "5" },
    ],
    wrong: [1, null, "origin: x", [["a", "b"]], { "x-a": 1 }, { "x-a": undefined }, { "x-a": ["b", "c"] }],
  },
  localAddress: {
    valid: ["127.0.0.1", "::1"],
    beyond: ["localhost", "", "1.2.3", "127.0.0.1\0"],
    wrong: [1, null],
  },
  attemptTimeoutMs: {
    valid: [10, Number.MAX_SAFE_INTEGER],
    beyond: [0, 9, 10.5, -1, Infinity],
    wrong: ["10", null],
  },
};

describe.each([
  [
    "websocketServer on its own port",
    { ...ADMISSION, ...OWN_PORT },
    (o: object) => websocketServer({ port: 0, ...o }),
  ],
  [
    "websocketServer on another server",
    ADMISSION,
    (o: object) => websocketServer({ server: createServer(), ...o }),
  ],
  ["websocket to ws:", CLIENT, (o: object) => websocket("ws://127.0.0.1", o)],
  ["websocket to wss:", { ...CLIENT, ...SECURE }, (o: object) => websocket("wss://127.0.0.1", o)],
] as [string, Record<string, Row>, (options: object) => unknown][])("%s", (_, rows, call) => {
  test.each(Object.entries(rows))("checks %s", (name, { valid, beyond, wrong }) => {
    const said = new RegExp(`^${name}\\b`);
    for (const value of [undefined, ...valid]) {
      if (name !== "port" || value !== undefined) call({ [name]: value });
    }
    for (const value of beyond) {
      const run = () => call({ [name]: value });
      expect(run, String(value)).toThrow(RangeError);
      expect(run).toThrow(name === "pingIntervalMs" && value === 30_000 ? /^deadPeerMs: / : said);
    }
    for (const value of wrong) {
      const run = () => call({ [name]: value });
      expect(run, String(value)).toThrow(TypeError);
      expect(run).toThrow(said);
    }
  });

  test("names the nearest option in place of one that there is not", () => {
    for (const name of Object.keys(rows)) {
      expect(() => call({ [`${name}s`]: 1 })).toThrow(
        new TypeError(`${name}s: there is no such option; the nearest one is ${name}`),
      );
    }
  });
});

describe("a server's options", () => {
  test("need one of port and server, and say so", () => {
    for (const options of [
      undefined,
      null,
      7,
      [],
      {},
      { path: "/play" },
      { port: 0, server: createServer() },
    ]) {
      expect(() => websocketServer(options as never)).toThrow(/^options: expected/);
    }
    expect(() => websocketServer({ server: {} as never })).toThrow(/^server: expected a server of node:http/);
  });

  test("of its own port are refused on another server, which its owner configures", () => {
    for (const name of Object.keys(OWN_PORT).filter((name) => name !== "port")) {
      expect(() => websocketServer({ server: createServer(), [name]: 1 } as never)).toThrow(
        new TypeError(`${name}: only a server of its own, { port }, takes it`),
      );
    }
  });

  test("say how a path is to be written", () => {
    expect(() => websocketServer({ port: 0, path: "play" })).toThrow(
      'path: expected one that begins with "/", such as "/play", got "play"',
    );
    expect(() => websocketServer({ port: 0, path: "/café" })).toThrow(
      'path: expected one as it is sent, "/caf%C3%A9", got "/café"',
    );
  });

  test("backlog is the length of the system's queue", needs("ss"), async () => {
    const server = await openServer({ backlog: 77 });
    const line = execFileSync("ss", ["-ltnH", `sport = :${server.port}`], { encoding: "utf8" });
    expect(line.trim().split(/\s+/)[2]).toBe("77");
  });

  test("ipv6Only leaves IPv4 out", needs("IPv6"), async () => {
    const server = await openServer({ host: "::", ipv6Only: true });
    await expect(rawClient(server.port)).rejects.toThrow(/ECONNREFUSED/);
    const both = await openServer({ host: "::" });
    await rawClient(both.port);
  });

  test.each(APPS)(
    "origins lets in an app's page of %s when it is listed, and not by default",
    async (origin) => {
      const [listed, byDefault] = [await openServer({ origins: [origin] }), await openServer()];
      const [good, bad, foreign] = [
        rawPeer(listed, "/", { origin }),
        rawPeer(byDefault, "/", { origin }),
        rawPeer(listed, "/", { origin: "https://evil.example" }),
      ];
      await listed.until(() => good.ws.readyState === good.ws.OPEN && foreign.status() === 403);
      await byDefault.until(() => bad.status() === 403);
    },
  );

  test("origins are not the server's own host when only the scheme is an app's", async () => {
    const server = await openServer();
    const peer = rawPeer(server, "/", { origin: "app://localhost", headers: { host: "localhost" } });
    await server.until(() => peer.status() === 403);
  });
});

describe("a client's options", () => {
  test("headers and protocols are those of the call, whatever is written into them later", async () => {
    const http = await site();
    const asked: IncomingMessage[] = [];
    http.on("upgrade", (request) => asked.push(request));
    const server = await openServer({ server: http, protocols: ["one", "two"] });
    const headers = { origin: `http://127.0.0.1:${server.port}`, cookie: "a=b" };
    const protocols = ["two"];
    const transport = websocket(`ws://127.0.0.1:${server.port}`, { headers, protocols });
    headers.cookie = "later";
    protocols.push("bad one");
    const client = server.net.connect(transport, lines());
    await server.until(() => client.state === "open");
    expect(asked[0]?.headers).toMatchObject({ cookie: "a=b", "sec-websocket-protocol": "two" });
  });

  test("localAddress is where it connects from", needs("127.0.0.2"), async () => {
    const server = await openServer();
    const transport = websocket(`ws://127.0.0.1:${server.port}`, { localAddress: "127.0.0.2" });
    const client = server.net.connect(transport, lines());
    await server.until(() => server.accepted.length === 1 && client.state === "open");
    expect(server.accepted[0]?.remoteAddress?.host).toBe("127.0.0.2");
    expect(client.localAddress?.host).toBe("127.0.0.2");
  });

  test("localAddress that this machine does not have is a close reason", async () => {
    const server = await openServer();
    const transport = websocket(`ws://127.0.0.1:${server.port}`, { localAddress: "203.0.113.77" });
    const client = server.net.connect(transport, lines());
    await server.until(() => client.state === "closed");
    expect(client.closeReason?.code).toBe("EADDRNOTAVAIL");
  });

  test("of TLS are refused for ws:, which would go in plain text", () => {
    for (const name of Object.keys(SECURE)) {
      expect(() => websocket("ws://127.0.0.1", { [name]: "x" })).toThrow(
        new TypeError(`${name}: only a URL with wss: takes it`),
      );
    }
  });

  test("take an authority for wss:", needs("openssl"), () => {
    expect(websocket("wss://127.0.0.1", { ca: certificates()?.ca ?? "" }).connect).toBeTypeOf("function");
  });

  test.each([
    ["nonsense", RangeError],
    ["ftp://example.org", RangeError],
    ["ws://example.org/#part", RangeError],
    ["", RangeError],
    [7, TypeError],
    [null, TypeError],
  ])("the url %s is no URL of a WebSocket", (url, kind) => {
    expect(() => websocket(url as never)).toThrow(kind);
    expect(() => websocket(url as never)).toThrow(/^url: /);
  });

  test("maxPayloadBytes is the longest message that is taken, to the byte", async () => {
    const raw = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    endings.push(() => raw.close());
    await once(raw, "listening");
    raw.on("connection", (ws) => {
      ws.send(`${"x".repeat(99)}\n`);
      ws.send(`${"y".repeat(100)}\n`);
    });
    const server = await openServer();
    const { port } = raw.address() as { port: number };
    const client = server.net.connect(websocket(`ws://127.0.0.1:${port}`, { maxPayloadBytes: 100 }), lines());
    const got: string[] = [];
    await server.until(() => {
      got.push(...client);
      return client.state === "closed";
    });
    expect(got).toEqual(["x".repeat(99)]);
    expect(client.closeReason).toMatchObject({ kind: "overflow", code: "maxPayloadBytes" });
  });
});
