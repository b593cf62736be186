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
    [{ host: "" }, "host: expected a name or an address, got an empty string"],
    [{ host: 5 as never }, "host: expected a string, got number"],
    [{ host: "x", service: 70_000 }, "service: expected a port from 0 to 65535, got 70000"],
    [{ host: "x", service: {} as never }, "service: expected a name or a number, got an object"],
    [{ host: "x", family: 4 as never }, 'family: expected "IPv4" or "IPv6", got 4'],
  ])("refuses %o at the call", (options, message) => {
    expect(() => dns(options)).toThrow(message);
  });
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
