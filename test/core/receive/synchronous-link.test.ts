/** A link may call back from within any call: nothing is counted twice, lost, or asked of a link that is over. */
import { describe, expect, test } from "vitest";
import { type ConnectOptions, type Link, type LinkEvents, lines, Poller } from "../../../src/index.ts";
import { take } from "../../rig.ts";

/** What happens within a call of the link. */
type Within = Partial<Record<"write" | "pause" | "resume" | "end" | "endSending" | "abort", () => void>>;

describe("a link that calls back from within", () => {
  test("pause(): what still comes is counted, and there is one pause", () => {
    const { near, poller, events, calls, within } = open({ receiveLimitBytes: 130 });
    within.pause = () => say(events(), "c", "d");
    say(events(), "a", "b");
    poller.poll(1);
    expect([...calls, near.stats.pauses]).toEqual(["pause", 1]);
    expect(take(near)).toEqual(["a", "b", "c", "d"]);
    expect(calls).toEqual(["pause", "resume"]);
  });

  test("resume(): what it has held back may fill the inbox again, in the same take", () => {
    const { near, poller, events, calls, within } = open({ receiveLimitBytes: 130 });
    say(events(), "a", "b");
    poller.poll(1);
    within.resume = () => {
      within.resume = undefined as never;
      say(events(), "c", "d");
    };
    expect(take(near)).toEqual(["a", "b"]); // this frame stands still
    expect(calls).toEqual(["pause", "resume", "pause"]);
    poller.poll(2);
    expect([near.stats.pauses, take(near)]).toEqual([2, ["c", "d"]]);
    expect(near.stats.receivedMessages).toBe(4);
  });

  test("resume(): the end behind the messages is seen after them", () => {
    const { near, poller, events, within } = open({ receiveLimitBytes: 130 });
    say(events(), "a", "b");
    poller.poll(1);
    within.resume = () => {
      say(events(), "c");
      events().ended();
      events().closed({ kind: "remote", message: "the peer has ended" });
    };
    expect([...take(near), near.state]).toEqual(["a", "b", "open"]);
    poller.poll(2);
    expect([near.state, take(near)]).toEqual(["closing", ["c"]]);
    poller.poll(3);
    expect([near.state, near.closeReason?.kind]).toEqual(["closed", "remote"]);
  });

  test("resume(), as close() reads on: what comes is dropped, and an end is heard", () => {
    const { near, poller, events, within } = open({ receiveLimitBytes: 130 });
    say(events(), "a", "b");
    poller.poll(1);
    within.resume = () => {
      say(events(), "c");
      events().ended();
    };
    near.close();
    poller.flush();
    expect(near.tryRecv()).toBeUndefined();
    events().closed({ kind: "local", message: "both have ended" });
    poller.poll(2);
    expect([near.closeReason?.kind, near.stats.lostReceived]).toEqual(["local", 0]);
  });

  test("write(): bytes that drain at once are counted as sent, and no more than they are", () => {
    const { near, poller, events, within } = open({});
    within.write = () => events().drained(6);
    near.trySend("hello");
    poller.flush();
    poller.poll(1);
    expect(near.pendingBytes).toBe(0);
  });

  test("write(): nothing more is asked of a link that closes", () => {
    for (const end of ["close", "end"] as const) {
      const { near, poller, events, calls, within } = open({});
      within.write = () => events().closed({ kind: "reset", message: "it broke" });
      near.trySend("goodbye");
      near[end]();
      poller.flush();
      expect(calls).toEqual(["write"]);
      poller.poll(1);
      poller.flush();
      expect([near.state, near.closeReason?.kind, calls]).toEqual(["closed", "reset", ["write"]]);
    }
  });

  test("write(): an answer that comes at once waits for the next frame", () => {
    const { near, poller, events, within } = open({});
    within.write = () => say(events(), "pong");
    near.trySend("ping");
    poller.flush();
    expect(near.tryRecv()).toBeUndefined();
    poller.poll(1);
    expect(take(near)).toEqual(["pong"]);
  });

  test.each(["end", "endSending"] as const)("%s(): the link is over, and is asked nothing more", (call) => {
    const { near, poller, events, calls, within } = open({});
    within[call] = () => {
      events().ended();
      events().closed({ kind: "local", message: "both have ended" });
    };
    if (call === "end") near.close();
    else near.end();
    poller.flush();
    poller.poll(1);
    near.abort();
    poller.poll(2);
    expect([near.state, near.closeReason?.kind, calls]).toEqual(["closed", "local", [call]]);
  });

  test("abort(): no event of it is heard, and there is one close", () => {
    const { near, poller, events, calls, within } = open({});
    within.abort = () => {
      say(events(), "late");
      events().drained(3);
      events().ended();
      events().closed({ kind: "reset", message: "as asked" });
    };
    near.abort();
    near.abort();
    expect([near.state, near.closeReason?.kind, near.tryRecv()]).toEqual(["closed", "local", undefined]);
    expect([poller.poll(1).closed, poller.poll(2).closed, calls]).toEqual([1, 0, ["abort"]]);
  });

  test("abort(), as a deadline has passed: the deadline is the reason", () => {
    const { near, poller, events, calls, within } = open({ idleTimeoutMs: 100 });
    within.abort = () => events().closed({ kind: "local", message: "as asked" });
    poller.poll(100);
    expect([near.state, near.closeReason?.code, calls]).toEqual(["closed", "idleTimeoutMs", ["abort"]]);
  });
});

/** An open connection over a link that keeps what is written, and its calls so far. */
function open(options: ConnectOptions) {
  const calls: string[] = [];
  const within: Within = {};
  let handler: LinkEvents | undefined;
  const called = (call: keyof Within): void => {
    calls.push(call);
    within[call]?.();
  };
  const link: Link = {
    localAddress: undefined,
    remoteAddress: undefined,
    allowHalfOpen: false,
    attach: (events) => {
      handler = events;
      events.opened();
    },
    write: () => {
      called("write");
      return false;
    },
    pause: () => called("pause"),
    resume: () => called("resume"),
    end: () => called("end"),
    endSending: () => called("endSending"),
    abort: () => called("abort"),
  };
  const poller = new Poller();
  const near = poller.connect({ connect: () => link }, lines(), options);
  poller.poll(0);
  const events = (): LinkEvents => handler as LinkEvents;
  return { near, poller, events, calls, within };
}

function say(events: LinkEvents, ...texts: readonly string[]): void {
  for (const text of texts) events.received(new TextEncoder().encode(`${text}\n`));
}
