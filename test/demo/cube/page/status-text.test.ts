/** What the window says about its links. */
import { describe, expect, test } from "vitest";
import {
  CalmLink,
  type PeerLink,
  Presence,
  peerWords,
  sessionWords,
} from "../../../../demo/cube/page/status-text.ts";

describe("the words", () => {
  test("about the window's own link count down while it is away", () => {
    expect(sessionWords({ kind: "connecting" }, undefined, 0).level).toBe("waiting");
    expect(sessionWords({ kind: "open", isSilent: false }, 0.84, 0)).toEqual({
      level: "good",
      title: "linked",
      detail: "window to process, 0.8 ms",
    });
    expect(sessionWords({ kind: "open", isSilent: true }, 0.8, 0).level).toBe("gone");
    expect(sessionWords({ kind: "pausing", untilMs: 1_400, why: "reset" }, undefined, 1_000)).toEqual({
      level: "gone",
      title: "gone",
      detail: "the process behind this window is gone; trying again in 0.4 s",
    });
    expect(sessionWords({ kind: "pausing", untilMs: 900, why: "" }, undefined, 1_000).detail).toMatch(
      /in 0.0 s$/,
    );
    expect(sessionWords({ kind: "probing", untilMs: 0, why: "" }, undefined, 1_000).detail).toMatch(/again$/);
  });

  test("about the other peer have a level for each kind of link", () => {
    const levels = (["starting", "listening", "connecting", "linked", "pausing", "failed"] as const).map(
      (kind) => peerWords(link(kind), false).level,
    );
    expect(levels).toEqual(["waiting", "waiting", "waiting", "good", "gone", "gone"]);
    expect(peerWords(undefined, false).level).toBe("waiting");
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
    expect(peer.note(false, 0)).toBeUndefined();
    expect(peer.wasThere).toBe(false);
    expect(peer.note(true, 1_000)).toBeUndefined();
    expect(peer.wasThere).toBe(true);
    expect(peer.note(false, 2_000)).toEqual({ kind: "gone", words: "the other peer is gone" });
    expect(peer.note(false, 3_000)).toBeUndefined();
    expect(peer.note(true, 5_100)).toEqual({ kind: "back", words: "the other peer is back after 3.1 s" });
    expect(peer.note(true, 6_000)).toBeUndefined();
  });
});

function link(kind: PeerLink["link"]): PeerLink {
  return { kind: "link", link: kind, words: "127.0.0.1:14900" };
}
