import { describe, expect, test } from "vitest";
import { type NameAnswer, Poller } from "../../src/index.ts";

const FOUND = [{ family: "IPv4", host: "192.0.2.1", port: 80 }] as const;

function asked(options?: Parameters<Poller["lookup"]>[1], poller: Poller = new Poller()) {
  let answer: NameAnswer | undefined;
  const lookup = poller.lookup({ ask: (given) => (answer = given) }, options);
  poller.poll(0);
  if (answer === undefined) throw new Error("nothing was asked");
  return { poller, lookup, answer };
}

describe("a lookup", () => {
  test("that nobody answers fails at timeoutMs of polled time, and hears no later answer", () => {
    const { poller, lookup, answer } = asked({ timeoutMs: 200 });
    poller.poll(199);
    expect(lookup.state).toBe("pending");
    poller.poll(200);
    expect([lookup.state, lookup.tryResult()]).toEqual(["failed", undefined]);
    expect(lookup.failure).toEqual({
      kind: "timeout",
      code: "timeoutMs",
      message: "the name was not resolved within 200 ms",
    });
    answer.found(FOUND);
    poller.poll(201);
    expect([lookup.state, lookup.failure?.kind]).toEqual(["failed", "timeout"]);
  });

  test("has its whole time although the frame in which it was asked was long", () => {
    const poller = new Poller();
    poller.poll(0);
    const lookup = poller.lookup({ ask: () => {} }, { timeoutMs: 200 });
    poller.poll(900);
    poller.poll(1_099);
    expect(lookup.state).toBe("pending");
    poller.poll(1_100);
    expect(lookup.failure?.code).toBe("timeoutMs");
  });

  test("takes the default of its poller for its deadline, as a connection to the name does", () => {
    const { poller, lookup } = asked(undefined, new Poller({ timeoutMs: 30 }));
    poller.poll(30);
    expect(lookup.failure?.code).toBe("timeoutMs");
  });

  test("that was answered in time has no deadline left", () => {
    const { poller, lookup, answer } = asked({ timeoutMs: 200 });
    answer.found(FOUND);
    poller.poll(500);
    poller.poll(1_000);
    expect([lookup.state, lookup.tryResult()]).toEqual(["found", FOUND]);
  });

  test("that is pending fails with its poller, whose awaited dispose does not wait for an answer", async () => {
    const { poller, lookup } = asked({ timeoutMs: Infinity });
    await poller[Symbol.asyncDispose]();
    expect(lookup.failure).toEqual({ kind: "local", message: "the poller was closed" });
    expect(() => poller.lookup({ ask: () => {} })).toThrow("poller: it is closed");
  });

  test("is no activity while nobody has answered, nor once the answer was shown", () => {
    const { poller, lookup, answer } = asked({ timeoutMs: 200 });
    expect(poller.hasActivity).toBe(false);
    answer.found(FOUND);
    expect([poller.hasActivity, lookup.state]).toEqual([true, "pending"]);
    poller.poll(1);
    expect([poller.hasActivity, lookup.state]).toEqual([false, "found"]);
    answer.failed({ kind: "failed", message: "a second answer" });
    poller.poll(2);
    expect([lookup.state, lookup.failure]).toEqual(["found", undefined]);
  });

  test("refuses options that it does not have, and values that are no duration", () => {
    expect(() => asked({ timeoutMs: -1 })).toThrow("timeoutMs: expected milliseconds above 0");
    expect(() => asked({ timeoutMs: "1" as never })).toThrow(TypeError);
    expect(() => asked({ closeTimeoutMs: 1 } as never)).toThrow("closeTimeoutMs: there is no such option");
  });
});
