import { describe, expect, test } from "vitest";
import {
  dns,
  type Lookup,
  lines,
  type NameAnswer,
  Poller,
  tcp,
  waitForActivity,
} from "../../../src/index.ts";

async function answered(options: Parameters<typeof dns>[0]): Promise<Lookup> {
  const poller = new Poller();
  const lookup = poller.lookup(dns(options));
  while (lookup.state === "pending") {
    await waitForActivity(poller);
    poller.poll();
  }
  return lookup;
}

describe("lookup", () => {
  test("shows its answer in the frame of a poll, and not before", () => {
    let answer: NameAnswer | undefined;
    const poller = new Poller();
    const lookup = poller.lookup({ ask: (given) => (answer = given) });
    expect([lookup.state, lookup.tryResult()]).toEqual(["pending", undefined]);
    answer?.found([{ family: "IPv4", host: "192.0.2.1", port: 80 }]);
    expect(lookup.tryResult()).toBeUndefined();
    poller.poll(0);
    expect(lookup.state).toBe("found");
    expect(lookup.tryResult()).toEqual([{ family: "IPv4", host: "192.0.2.1", port: 80 }]);
  });

  test("refuses what is no question", () => {
    expect(() => new Poller().lookup("localhost" as never)).toThrow(
      "query: expected one such as dns({ host })",
    );
  });
});

describe("names", () => {
  test("gives the addresses of a name, with the port of a service", async () => {
    const lookup = await answered({ host: "localhost", service: "http" });
    expect(lookup.tryResult()).toContainEqual({ family: "IPv4", host: "127.0.0.1", port: 80 });
    expect(lookup.failure).toBeUndefined();
  });

  test("gives addresses of one family alone when asked", async () => {
    const lookup = await answered({ host: "127.0.0.1", family: "IPv4", service: 14_900 });
    expect(lookup.tryResult()).toEqual([{ family: "IPv4", host: "127.0.0.1", port: 14_900 }]);
  });

  test("takes a service as digits too", async () => {
    const lookup = await answered({ host: "127.0.0.1", service: "8080" });
    expect(lookup.tryResult()?.[0]?.port).toBe(8_080);
  });

  test.each([
    [{ host: "no-such-host.invalid" }, /address|looked up/],
    [{ host: "127.0.0.1", service: "no-such-service" }, /knows no service named "no-such-service"/],
  ])("says in a reason why %o has no answer", async (options, sentence) => {
    const lookup = await answered(options);
    expect(lookup.state).toBe("failed");
    expect(lookup.tryResult()).toBeUndefined();
    expect(lookup.failure).toMatchObject({ kind: "unknown-host", message: expect.stringMatching(sentence) });
  });

  test.each([
    [undefined, TypeError, "options: expected an object, got undefined"],
    [{}, TypeError, "host: expected a string, got undefined"],
    [{ host: "" }, RangeError, "host: expected a string, got an empty one"],
    [{ host: 5 }, TypeError, "host: expected a string, got number"],
    [{ host: "a\0b" }, RangeError, "host: expected a string without NUL"],
    [
      { host: "x", service: 65_536 },
      RangeError,
      "service: expected a whole number from 0 to 65535, got 65536",
    ],
    [{ host: "x", service: -1 }, RangeError, "service: expected a whole number from 0 to 65535, got -1"],
    [{ host: "x", service: "" }, RangeError, "service: expected a string, got an empty one"],
    [{ host: "x", service: {} }, TypeError, "service: expected a name or a number, got an object"],
    [{ host: "x", family: 4 }, TypeError, "family: expected one of IPv4, IPv6, got 4"],
    [{ host: "x", port: 4 }, TypeError, "port: there is no such option"],
  ])("refuses %o at the call", (options, kind, message) => {
    expect(() => dns(options as never)).toThrow(kind);
    expect(() => dns(options as never)).toThrow(message);
  });

  test.each([0, 65_535])("takes %i as a service", async (service) => {
    const lookup = await answered({ host: "127.0.0.1", service });
    expect(lookup.tryResult()?.[0]?.port).toBe(service);
  });

  test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "knows no service named %s, as all objects have",
    async (service) => {
      const lookup = await answered({ host: "127.0.0.1", service });
      expect([lookup.state, lookup.failure?.kind]).toEqual(["failed", "unknown-host"]);
    },
  );
});

describe("connect to a name", () => {
  test("tries its addresses, and tells which did not answer", async () => {
    const poller = new Poller();
    const listener = poller.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
    const step = async () => {
      await waitForActivity(poller, 1_000);
      poller.poll();
    };
    while (listener.state === "starting") await step();
    const port = listener.address?.port ?? 0;
    const connection = poller.connect(tcp({ host: "localhost", port }), lines());
    expect(connection.failedAttempts).toEqual([]);
    while (connection.state === "connecting") await step();
    expect(connection.state).toBe("open");
    expect(connection.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port });
    for (const { address, reason } of connection.failedAttempts) {
      expect([address.host, reason.kind]).toEqual(["::1", "refused"]);
    }
    listener.close();
    await step();
    const refused = poller.connect(tcp({ host: "localhost", port }), lines());
    while (refused.state === "connecting") await step();
    expect(refused.closeReason?.kind).toBe("refused");
    await poller[Symbol.asyncDispose]();
  });
});
