/**
 * The options of TLS: each has its smallest and its largest value, one beyond, and
 * a wrong kind, and does what it says. Mistakes throw at the call, with the option
 * named first; what the options do at every name is in `tls-names.test.ts`.
 */
import { once } from "node:events";
import net from "node:net";
import nodeTls from "node:tls";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { lines, type TcpOptions, type TlsOptions, tls } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "./certificates.ts";
import { client, newPoller, nextAccepted, nodeClient, owned, server, until } from "./tls-rig.ts";

const { ca, otherCa, localhost, example, locked, selfSigned, stranger } = certificates() ?? NO_CERTIFICATES;
const cert = localhost.cert as string;
const key = localhost.key as string;

/** The longest name that the system of names has: 253 characters in labels of 63 at most. */
const LONGEST = [63, 63, 63, 61].map((length) => "a".repeat(length)).join(".");

type OwnOption = Exclude<keyof TlsOptions, keyof TcpOptions>;
type Refused = readonly [
  value: unknown,
  error: typeof TypeError | typeof RangeError,
  /** Options beside it, in the place of the usual ones. */
  also?: Readonly<Record<string, unknown>>,
  /** The option that the error names, when it is another one. */
  named?: string,
];

/** For each option what it takes, and what it does not. */
const ROWS: Readonly<
  Record<OwnOption, { readonly takes: readonly unknown[]; readonly refuses: readonly Refused[] }>
> = {
  cert: {
    takes: [
      cert,
      Buffer.from(cert),
      [cert],
      [Buffer.from(cert)],
      `a comment\r\n${cert.replaceAll("\n", "\r\n")}${ca}`,
    ],
    refuses: [
      ...notPem(cert),
      [key, RangeError, { key }],
      [ca, RangeError, { key }, "key"],
      [cert, TypeError, { key: undefined }, "key"],
      [[cert, example.cert], RangeError],
      [[cert, [cert]], TypeError],
    ],
  },
  key: {
    takes: [key, Buffer.from(key), [key], new Uint8Array(Buffer.from(key))],
    refuses: [
      ...notPem(key),
      [cert, RangeError],
      [example.key, RangeError],
      [[key, example.key], RangeError],
      [key, TypeError, { cert: undefined }, "cert"],
    ],
  },
  passphrase: {
    takes: ["x", "x".repeat(1_024)],
    refuses: [
      ["x".repeat(1_025), RangeError],
      ["\u00e9".repeat(513), RangeError],
      ["", RangeError],
      ["a\0b", RangeError],
      [Buffer.from("x"), TypeError],
      [undefined, TypeError, { key: locked.key }],
      ["wrong", RangeError, { key: locked.key }],
    ],
  },
  ca: {
    takes: [ca, Buffer.from(ca), [ca, otherCa], ca + otherCa],
    refuses: [
      ...notPem(ca),
      [key, RangeError],
      [[ca, "not PEM"], RangeError],
      [ca + broken(otherCa), RangeError],
    ],
  },
  requestCert: {
    takes: [true, false],
    refuses: [
      ["true", TypeError],
      [1, TypeError],
      [null, TypeError],
    ],
  },
  rejectUnauthorized: {
    takes: [true, false],
    refuses: [
      ["false", TypeError],
      [0, TypeError],
      [null, TypeError],
    ],
  },
  servername: {
    takes: [
      "a",
      "localhost",
      "Play.Example.org",
      "xn--bcher-kva.test",
      "b\u00fccher.test",
      "192.0.2.1",
      "::1",
      LONGEST,
    ],
    refuses: [
      ["", RangeError],
      ["a\0.test", RangeError],
      ["play.example.org.", RangeError],
      ["a..b", RangeError],
      ["*.example.org", RangeError],
      ["play example.org", RangeError],
      ["https://example.org", RangeError],
      [`${"a".repeat(64)}.test`, RangeError],
      [`${LONGEST}a`, RangeError],
      [5, TypeError],
      [["a"], TypeError],
    ],
  },
  ALPNProtocols: {
    takes: [
      ["a"],
      ["x".repeat(255)],
      ["h2", "http/1.1"],
      [...new Array(63).fill("y".repeat(255)), "z".repeat(255)],
    ],
    refuses: [
      [[], RangeError],
      [[""], RangeError],
      [["a", ""], RangeError],
      [["x".repeat(256)], RangeError],
      [["\u00fc"], RangeError],
      [["a\0"], RangeError],
      [[...new Array(64).fill("y".repeat(255)), "z"], RangeError],
      ["cube/1", TypeError],
      [[1], TypeError],
      [{ 0: "a" }, TypeError],
    ],
  },
  identities: {
    takes: [
      {},
      { localhost },
      { "*.example.org": localhost, "example.org": example },
      { "locked.test": locked },
    ],
    refuses: [
      [[localhost], TypeError],
      ["example.org", TypeError],
      [{ "example.org": cert }, TypeError],
      [{ "example.org": {} }, TypeError],
      [{ "example.org": { cert } }, TypeError],
      [{ "example.org": { key } }, TypeError],
      [{ "example.org": { cert, key: example.key } }, RangeError],
      [{ "example.org": { cert, key, ca } }, TypeError],
      [{ "example.org": { cert, key: locked.key, passphrase: "wrong" } }, RangeError],
      [{ "": localhost }, RangeError],
      [{ "*": localhost }, RangeError],
      [{ "a.*.org": localhost }, RangeError],
      [{ "192.0.2.1": localhost }, RangeError],
      [{ "a.org": localhost, "A.org": localhost }, RangeError],
    ],
  },
  minVersion: {
    takes: ["TLSv1.2", "TLSv1.3"],
    refuses: [
      ["TLSv1", TypeError],
      ["TLSv1.1", TypeError],
      ["TLSv1.4", TypeError],
      [1.2, TypeError],
    ],
  },
  handshakeTimeoutMs: {
    takes: [1, 2 ** 31 - 1],
    refuses: [
      [0, RangeError],
      [2 ** 31, RangeError],
      [1.5, RangeError],
      [Infinity, RangeError],
      ["5", TypeError],
    ],
  },
};

describe("the options of tls", needs("openssl"), () => {
  describe.each(Object.entries(ROWS))("%s", (name, { takes, refuses }) => {
    const place = { host: "127.0.0.1", port: 0, ...localhost };

    test("takes its smallest and its largest value, and every kind that it has", () => {
      for (const value of takes) tls({ ...place, [name]: value });
    });

    test("refuses all else at the call, by an error that names it first and tells no secret", () => {
      for (const [value, error, also, named = name] of refuses) {
        const options = { ...place, [name]: value, ...also } as unknown as TlsOptions;
        const thrown = errorOf(() => tls(options));
        const what = inspect(value);
        expect(thrown, what).toBeInstanceOf(error);
        expect(thrown?.message.split(/[[.:]/, 1), what).toEqual([named]);
        expect(thrown?.message, what).not.toMatch(/MII|MIG|MHc|open sesame|wrong/);
      }
    });
  });

  test("refuses an option that it does not know, and names the nearest one", () => {
    const refused = (options: object) => errorOf(() => tls({ port: 0, ...options }))?.message;
    expect(refused({ rejectUnauthorised: false })).toMatch(/^rejectUnauthorised: .* rejectUnauthorized$/);
    expect(refused({ alpnProtocols: ["a"] })).toMatch(/ ALPNProtocols$/);
    expect(refused({ hots: "localhost" })).toMatch(/ host$/);
    expect(refused({ identities: { "a.test": { ...localhost, certs: cert } } })).toMatch(
      /^identities.a.test.certs: .* cert$/,
    );
  });

  test("checks those of tcp, too", () => {
    expect(() => tls({ port: -1 })).toThrow(/^port: /);
    expect(() => tls({ port: 1, backlog: 0 })).toThrow(/^backlog: /);
    expect(() => tls(undefined as never)).toThrow(TypeError);
  });

  test("are needed to listen: a certificate, of its own or by name; a client needs none", () => {
    const poller = newPoller();
    const listen = (options: Partial<TlsOptions>) => poller.listen(tls({ port: 0, ...options }), lines());
    expect(() => listen({})).toThrow(TypeError);
    expect(() => listen({ ca })).toThrow(/^cert: /);
    expect(() => listen({ identities: {} })).toThrow(/^cert: /);
    expect(listen({ identities: { localhost } }).state).toBe("starting");
  });
});

describe("at the session, an option of tls does what it says:", needs("openssl"), () => {
  test("cert, key and passphrase: the certificate is shown, from texts, bytes and a locked key", async () => {
    const bytes = { cert: [Buffer.from(cert)], key: new Uint8Array(Buffer.from(key)) };
    for (const identity of [localhost, bytes, locked]) {
      const { poller, port } = await server(identity);
      const near = client(poller, port, { ca });
      await until(poller, () => near.state === "open");
      expect(near.security).toMatchObject({
        isAuthorized: true,
        peerCertificate: { commonName: "localhost" },
      });
    }
  });

  test("cert: what changes in the caller's bytes later changes nothing", async () => {
    const mine = { cert: Buffer.from(cert), key: Buffer.from(key) };
    const poller = newPoller();
    const transport = tls({ host: "127.0.0.1", port: 0, ...mine, identities: { "example.test": mine } });
    mine.cert.fill(0);
    mine.key.fill(0);
    const listener = poller.listen(transport, lines());
    await until(poller, () => listener.state === "listening");
    const near = client(poller, listener.address?.port ?? 0, { ca });
    await until(poller, () => near.state === "open");
  });

  test("ca: each of several is trusted", async () => {
    for (const authorities of [[otherCa, ca], otherCa + ca]) {
      const there = await server({ ...localhost, ca: authorities, requestCert: true });
      client(there.poller, there.port, { ca, ...stranger });
      expect((await nextAccepted(there)).security?.isAuthorized).toBe(true);
    }
  });

  test("rejectUnauthorized: true is the default, whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
    const { poller, port } = await server(selfSigned);
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      const near = client(poller, port, { ca });
      await until(poller, () => near.state === "closed");
      expect(near.closeReason?.kind).toBe("handshake");
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  test("servername: that name is requested and proved, and an address is proved without being requested", async () => {
    const { poller, port } = await server({ ...localhost, identities: { "example.test": example } });
    const states = ["example.test", "EXAMPLE.test", "127.0.0.1", "::1", "192.0.2.1", "other.test"].map(
      (servername) => client(poller, port, { ca, servername }),
    );
    await until(poller, () => states.every(({ state }) => state !== "connecting"));
    expect(states.map(({ state, security }) => security?.peerCertificate?.commonName ?? state)).toEqual([
      "example.test",
      "example.test",
      "localhost",
      "localhost",
      "closed",
      "closed",
    ]);
    expect(states[4]?.closeReason).toMatchObject({ kind: "handshake", code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("ALPNProtocols: the longest name, and as many as there is room for", async () => {
    const most = [...new Array(63).fill("y".repeat(255)), "z".repeat(255)];
    const { poller, port } = await server({
      ...localhost,
      ALPNProtocols: ["z".repeat(255), "x".repeat(255)],
    });
    const [one, all] = [["x".repeat(255)], most].map((ALPNProtocols) =>
      client(poller, port, { ca, ALPNProtocols }),
    );
    await until(poller, () => one?.state !== "connecting" && all?.state !== "connecting");
    expect(one?.security?.applicationProtocol).toBe("x".repeat(255));
    expect(all?.closeReason).toBeUndefined();
    expect(all?.security?.applicationProtocol).toBe("z".repeat(255));
  });

  test("minVersion: one that speaks TLS 1.2 at most is refused by TLSv1.3, on either side", async () => {
    const { poller, drops, port } = await server({ ...localhost, minVersion: "TLSv1.3" });
    const old = nodeClient(port, { ca, maxVersion: "TLSv1.2" });
    await until(poller, () => drops.length > 0 && old.destroyed);
    const oldServer = nodeTls.createServer({ cert, key, maxVersion: "TLSv1.2" });
    await once(oldServer.listen(0, "127.0.0.1"), "listening");
    const near = client(poller, (oldServer.address() as net.AddressInfo).port, { ca, minVersion: "TLSv1.3" });
    await until(poller, () => near.state === "closed");
    expect(near.closeReason?.kind).toBe("handshake");
    oldServer.close();
  });

  test("handshakeTimeoutMs: the smallest drops a silent peer, the largest waits for it", async () => {
    const hasty = await server({ ...localhost, handshakeTimeoutMs: 1 });
    const patient = await server({ ...localhost, handshakeTimeoutMs: 2 ** 31 - 1 });
    owned(net.connect(patient.port, "127.0.0.1"));
    owned(net.connect(hasty.port, "127.0.0.1"));
    await until(hasty.poller, () => hasty.drops.length > 0);
    patient.poller.poll();
    expect(hasty.drops).toEqual(["timeout: the peer did not finish the handshake in time"]);
    expect(patient.drops).toEqual([]);
  });
});

/** What is no PEM of the kind of `good`, for whatever reason. */
function notPem(good: string): Refused[] {
  return [
    ["/etc/ssl/game.pem", RangeError],
    ["", RangeError],
    [[], RangeError],
    [[good, ""], RangeError],
    [Buffer.alloc(0), RangeError],
    [Buffer.from([0x30, 0x82, 1, 2]), RangeError],
    [broken(good), RangeError],
    [good.slice(0, -30), RangeError],
    [5, TypeError],
    [null, TypeError],
    [{ pem: good }, TypeError],
  ];
}

/** The same with other letters in the middle. */
function broken(pem: string): string {
  return pem.slice(0, 40) + "AAAA".repeat(10) + pem.slice(80);
}

function errorOf(call: () => unknown): Error | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
