/**
 * The options of native transports: those of tcp and udp are refused in the same words, and
 * what the system is told of them. And the transport in their place, where there are none.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Connection, lines, Poller, type TcpOptions, tcp, udp } from "../../../src/index.ts";
import { nativeTcp, nativeUdp } from "../../../src/native.ts";
import * as layout from "../../../src/transport/native/layout.ts";
import { optionOf } from "../../../src/transport/native/socket-calls.ts";
import { fallback, type Shared, shared } from "../../../src/transport/native/support.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";

const HOST = "127.0.0.1";

afterEach(() => vi.restoreAllMocks());

describe("options", () => {
  test.each([
    [undefined],
    ["80"],
    [{}],
    [{ port: -1 }],
    [{ port: 1, host: "" }],
    [{ port: 1, noDelay: "no" }],
    [{ port: 1, localAddress: "localhost" }],
    [{ port: 1, keepAliveDelayMs: 10 }],
    [{ port: 1, nodelay: true }],
  ])("of nativeTcp that may not be %o are refused as tcp refuses them", (options) => {
    expect(messageOf(() => nativeTcp(options as never))).toBe(messageOf(() => tcp(options as never)));
  });

  test("of a proxy are none of nativeTcp's", () => {
    expect(() => nativeTcp({ port: 1, proxyProtocol: "required" } as never)).toThrow(
      "proxyProtocol: there is no such option",
    );
  });

  test.each([[5], [{ port: 70_000 }], [{ ttl: 0 }], [{ family: "IPv4", host: "::1" }], [{ ttk: 1 }]])(
    "of nativeUdp that may not be %o are refused as udp refuses them",
    (options) => {
      expect(messageOf(() => nativeUdp(options as never))).toBe(messageOf(() => udp(options as never)));
    },
  );

  test("are those of the call, whatever becomes of the object", needs("native sockets"), async () => {
    const options = { host: HOST, port: 0 };
    const transport = nativeTcp(options);
    options.host = "no-such-host.invalid";
    await using poller = new Poller();
    const listener = poller.listen(transport, lines());
    await until(poller, () => listener.state !== "starting");
    expect(listener.address?.host).toBe(HOST);
  });
});

describe("the system", needs("native sockets"), () => {
  test.each([
    [{}, [1, 0, undefined]],
    [{ noDelay: false }, [0, 0, undefined]],
    [{ keepAliveDelayMs: 1_999 }, [1, 1, [1, 1, 10]]],
    [{ keepAliveDelayMs: 60_000 }, [1, 1, [60, 1, 10]]],
  ] as const)("is told %o, for both ends", async (options: Partial<TcpOptions>, told) => {
    const { epoll } = shared() as Shared;
    const add = vi.spyOn(epoll, "add");
    await using poller = new Poller();
    const listener = poller.listen(nativeTcp({ host: HOST, port: 0, ...options }), lines());
    await until(poller, () => listener.state !== "starting");
    const near = poller.connect(
      nativeTcp({ host: HOST, port: listener.address?.port ?? 0, ...options }),
      lines(),
    );
    let far: Connection<string> | undefined;
    await until(poller, () => (far ??= listener.tryAccept()) !== undefined && near.state === "open");
    const ends = add.mock.calls.filter(([, , isStream]) => isStream === true).map(([fd]) => fd);
    expect(ends).toHaveLength(2);
    for (const fd of ends) {
      const isKept = optionOf(epoll, fd, layout.SO_KEEPALIVE);
      const probes = [layout.TCP_KEEPIDLE, layout.TCP_KEEPINTVL, layout.TCP_KEEPCNT];
      expect([
        optionOf(epoll, fd, layout.TCP_NODELAY),
        isKept,
        isKept === 1 ? probes.map((option) => optionOf(epoll, fd, option)) : undefined,
      ]).toEqual(told);
    }
  });

  test.each([
    [{}, 511],
    [{ backlog: 7 }, 7],
  ])("is told the length of its queue: %o", async (options, length) => {
    const listen = vi.spyOn((shared() as Shared).epoll.libc, "listen");
    await using poller = new Poller();
    const listener = poller.listen(nativeTcp({ host: HOST, port: 0, ...options }), lines());
    await until(poller, () => listener.state !== "starting");
    expect(listen.mock.calls.map(([, backlog]) => backlog)).toEqual([length]);
  });

  test("has from whom a connection comes, by localAddress", needs("127.0.0.2"), async () => {
    await using poller = new Poller();
    const listener = poller.listen(nativeTcp({ host: HOST, port: 0 }), lines());
    await until(poller, () => listener.state !== "starting");
    const port = listener.address?.port ?? 0;
    const near = poller.connect(nativeTcp({ host: HOST, port, localAddress: "127.0.0.2" }), lines());
    await until(poller, () => near.state === "open");
    expect(near.localAddress?.host).toBe("127.0.0.2");
  });
});

describe("the transport in the place of a native one", () => {
  test("is Node's, says so, and warns once for all of them", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    vi.spyOn(process, "listeners").mockReturnValue([]); // nothing is printed now
    const [stream, datagrams] = [
      fallback("nativeTcp", "it is for Linux, and this is plan9", tcp({ port: 0 })),
      fallback("nativeUdp", "it is for Linux, and this is plan9", udp()),
    ];
    expect([stream.isNative, datagrams.isNative]).toEqual([false, false]);
    expect([stream.listen, stream.connect, datagrams.bind].map((call) => typeof call)).toEqual(
      new Array(3).fill("function"),
    );
    expect(warn.mock.calls).toEqual([
      [
        "nativeTcp is not native here, and Node's sockets are used: it is for Linux, and this is plan9",
        { type: "TickwireWarning", code: "TICKWIRE_NOT_NATIVE" },
      ],
    ]);
  });

  test("is told by isNative", needs("native sockets"), () => {
    expect([nativeTcp({ port: 0 }).isNative, nativeUdp().isNative]).toEqual([true, true]);
  });
});

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return "it throws nothing";
}
