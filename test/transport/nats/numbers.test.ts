/** The numbers of datagrams: gaps, doubles, and what is forgotten. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { newLinkId, numberedOf, ReceivedNumbers, SentNumbers } from "../../../src/transport/nats/numbers.ts";

test("each subject has numbers of its own, from 1", () => {
  const sent = new SentNumbers();
  expect(["a", "b", "a", "a"].map((subject) => sent.next(subject))).toEqual(["0.1", "0.1", "0.2", "0.3"]);
  for (let count = 0; count < 32; count++) sent.next("b");
  expect(sent.next("b")).toBe("0.y");
});

test("a sender that has forgotten a subject goes on as another instance, and its others as they were", () => {
  const sent = new SentNumbers(2);
  expect([sent.next("a"), sent.next("b"), sent.next("a"), sent.next("c")]).toEqual([
    "0.1",
    "0.1",
    "0.2",
    "0.1",
  ]);
  expect(sent.next("a")).toBe("0.3");
  expect(sent.next("b")).toBe("1.1"); // forgotten before, by the third subject
  expect(sent.next("a")).toBe("0.4");
});

test("whatever is lost of what a sender sends to many subjects is counted, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ to: fc.nat(5), isLost: fc.boolean() }), { maxLength: 200 }),
      (messages) => {
        const sent = new SentNumbers(4);
        const received = new ReceivedNumbers();
        const counts = new Map<string, { unheard: number; sum: number }>();
        let expected = 0;
        let counted = 0;
        for (const { to, isLost } of messages) {
          const [instance = "", digits = ""] = sent.next(`s${to}`).split(".");
          const key = `${instance} s${to}`;
          const known = counts.get(key);
          if (isLost) {
            if (known !== undefined) known.unheard++;
            continue;
          }
          expected += known?.unheard ?? 0; // before the first that is heard there is no count
          counts.set(key, { unheard: 0, sum: 0 });
          counted += received.note(instance, `s${to}`, Number.parseInt(digits, 36)) ?? Number.NaN;
        }
        expect(counted).toBe(expected);
      },
    ),
  );
});

test("a number that was counted is a double, also when it comes late", () => {
  const received = new ReceivedNumbers();
  const notes = [5, 5, 7, 6, 8].map((number) => received.note("me", "a", number));
  expect(notes).toEqual([0, undefined, 1, undefined, 0]);
  expect(received.note("me", "b", 5)).toBe(0);
  expect(received.note("you", "a", 5)).toBe(0);
});

test("a gap that no outage makes is none", () => {
  const received = new ReceivedNumbers();
  received.note("me", "a", 1);
  expect(received.note("me", "a", Number.MAX_SAFE_INTEGER - 1)).toBe(0);
});

test("a receiver forgets those that it has not heard for the longest time, by number and by memory", () => {
  const few = new ReceivedNumbers(2);
  for (const [index, sender] of ["a", "b", "a", "c"].entries()) few.note(sender, "s", index);
  expect(few.note("b", "s", 9)).toBe(0); // forgotten
  expect(few.note("c", "s", 9)).toBe(5);
  const small = new ReceivedNumbers(Infinity, 25);
  for (const sender of ["0123456789", "abcdefghij", "ABCDEFGHIJ"]) small.note(sender, "s", 1);
  expect(small.note("0123456789", "s", 9)).toBe(0);
  expect(small.note("ABCDEFGHIJ", "s", 1)).toBe(undefined);
});

test("a receiver that is given one long name after many short ones makes room for all of it", () => {
  const small = new ReceivedNumbers(Infinity, 100);
  for (let sender = 0; sender < 10; sender++) small.note(`s${sender}`, "s", 1);
  small.note("x".repeat(90), "s", 1);
  const known = [9, 8, 7, 6].map((sender) => small.note(`s${sender}`, "s", 1) === undefined);
  expect(known).toEqual([true, true, false, false]); // 92 characters, and two of four
});

test("a reply subject says who has sent a message and as its how many-th, or nothing at all", () => {
  const link = newLinkId();
  expect(link).toMatch(/^[0-9a-z]{20}$/);
  expect(newLinkId()).not.toBe(link);
  expect(numberedOf(`world.7._tw.${link}.0.1z`)).toEqual({
    name: "world.7",
    instance: `world.7._tw.${link}.0`,
    link,
    number: 71,
  });
  const wrong = ["", "_tw", `._tw.${link}.0.1`, `_tw.${link}.0.1`, `a._tw.${link}.0.0`, `a._tw.${link}.0.01`];
  wrong.push(
    `a._tw.${link}.0`,
    `a._tw.${link}.0.1.2`,
    `a._tw.${link}.0.zzzzzzzzzzzz`,
    `a._tw.${link}.0.zzzzzzzzzzz`,
  );
  for (const reply of wrong) expect(numberedOf(reply), reply).toBeUndefined();
});
