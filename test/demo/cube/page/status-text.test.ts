/** What the window says about its links. */
import { describe, expect, test } from "vitest";
import {
  CalmLink,
  heldFor,
  type PeerLink,
  Presence,
  peerWords,
  sessionWords,
} from "../../../../demo/cube/page/status-text.ts";

describe("the words", () => {
  test("about the window's own link count down while it is away", () => {
    expect(sessionWords({ kind: "connecting" }, NO_TRIPS, 0).level).toBe("waiting");
    expect(sessionWords({ kind: "open", isSilent: false }, { lineMs: 0.84, frameMs: 21.7 }, 0)).toEqual({
      level: "good",
      title: "linked",
      detail: "window to process: line 0.8 ms, frames 21.7 ms",
    });
    expect(sessionWords({ kind: "open", isSilent: true }, NO_TRIPS, 0).level).toBe("gone");
    expect(sessionWords({ kind: "pausing", untilMs: 1_400 }, NO_TRIPS, 1_000)).toEqual({
      level: "gone",
      title: "gone",
      detail: "the process behind this window is gone; trying again in 0.4 s",
    });
    expect(sessionWords({ kind: "pausing", untilMs: 900 }, NO_TRIPS, 1_000).detail).toMatch(/in 0.0 s$/);
    expect(sessionWords({ kind: "retrying" }, NO_TRIPS, 1_000).detail).toMatch(/again$/);
  });

  test("about the other peer have a level for each kind of link", () => {
    const levels = (["starting", "listening", "connecting", "linked", "pausing", "failed"] as const).map(
      (kind) => peerWords(link(kind), false).level,
    );
    expect(levels).toEqual(["waiting", "waiting", "waiting", "good", "gone", "gone"]);
    expect(peerWords(undefined, false).level).toBe("waiting");
  });

  test("count for how long a link is held, the window's and the peer's", () => {
    expect(sessionWords({ kind: "held", downMs: 4_900 }, NO_TRIPS, 0)).toMatchObject({
      level: "held",
      title: "held for 4 s",
    });
    const held: PeerLink = { kind: "link", link: "held", words: "4 s, 127.0.0.1:14900, with a comma" };
    expect(peerWords(held, true)).toEqual({
      level: "held",
      title: "held for 4 s",
      detail: "peer 127.0.0.1:14900, with a comma",
    });
    expect([heldFor(held), heldFor(link("linked")), heldFor(undefined)]).toEqual([
      "4 s",
      undefined,
      undefined,
    ]);
  });

  test("tell a listener that lost its peer from one that never had any", () => {
    expect(peerWords(link("listening"), false).title).toBe("listening");
    expect(peerWords(link("listening"), true)).toMatchObject({ level: "gone", title: "gone" });
  });
});

describe("the calm link", () => {
  test("does not flicker while a process retries", () => {
    const calm = new CalmLink();
    calm.receive(link("pausing"), 0);
    calm.receive(link("connecting"), 1_000);
    expect(calm.at(1_100)?.link).toBe("pausing");
    calm.receive(link("pausing"), 1_200);
    expect(calm.at(5_000)?.link).toBe("pausing");
  });

  test("shows a connecting that lasts, and one that no pause came before", () => {
    const calm = new CalmLink();
    calm.receive(link("connecting"), 0);
    expect(calm.at(0)?.link).toBe("connecting");
    calm.receive(link("pausing"), 100);
    calm.receive(link("connecting"), 200);
    expect(calm.at(1_000)?.link).toBe("connecting");
    calm.receive(link("linked"), 1_100);
    expect(calm.at(1_100)?.link).toBe("linked");
  });

  test("forgets", () => {
    const calm = new CalmLink();
    calm.receive(link("linked"), 0);
    calm.forget();
    expect(calm.at(0)).toBeUndefined();
  });
});

describe("a presence", () => {
  test("is awaited without a word, told as gone once, and as back with how long it took", () => {
    const peer = new Presence("the other peer");
    expect(peer.note("away", 0)).toBeUndefined();
    expect(peer.wasThere).toBe(false);
    expect(peer.note("there", 1_000)).toBeUndefined();
    expect(peer.wasThere).toBe(true);
    expect(peer.note("away", 2_000)).toEqual({ kind: "gone", words: "the other peer is gone" });
    expect(peer.note("away", 3_000)).toBeUndefined();
    expect(peer.note("there", 5_100)).toEqual({ kind: "back", words: "the other peer is back after 3.1 s" });
    expect(peer.note("there", 6_000)).toBeUndefined();
  });

  test("is told as held with a count, each time that changes, and goes on", () => {
    const peer = new Presence("the other peer");
    expect(peer.note({ heldFor: "0 s" }, 0)).toBeUndefined();
    peer.note("there", 1_000);
    const words = "the other peer is held";
    expect(peer.note({ heldFor: "0 s" }, 2_000)).toEqual({ kind: "held", words, count: "for 0 s" });
    expect(peer.note({ heldFor: "0 s" }, 2_900)).toBeUndefined();
    expect(peer.note({ heldFor: "1 s" }, 3_000)).toEqual({ kind: "held", words, count: "for 1 s" });
    expect(peer.note("there", 3_500)).toEqual({ kind: "back", words: "the other peer goes on after 1.5 s" });
    peer.note({ heldFor: "0 s" }, 4_000);
    expect(peer.note("away", 9_000)).toEqual({ kind: "gone", words: "the other peer is gone" });
    expect(peer.note("there", 9_500)).toEqual({ kind: "back", words: "the other peer is back after 5.5 s" });
  });
});

const NO_TRIPS = { lineMs: undefined, frameMs: undefined };

function link(kind: PeerLink["link"]): PeerLink {
  return { kind: "link", link: kind, words: "127.0.0.1:14900" };
}
