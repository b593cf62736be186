/** The numbers of datagrams: gaps, doubles, and what is forgotten. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ReceivedNumbers, SentNumbers } from "../../../src/transport/nats/numbers.ts";
import {
  answerTo,
  instanceIn,
  newLinkId,
  numberIn,
  type Sender,
  senderOf,
} from "../../../src/transport/nats/senders.ts";

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
          counted +=
            received.note(senderNamed("me", instance), `s${to}`, numberIn(`x.${digits}`)) ?? Number.NaN;
        }
        expect(counted).toBe(expected);
      },
    ),
  );
});

test("a number that was counted is a double, also when it comes late", () => {
  const received = new ReceivedNumbers();
  const notes = [5, 5, 7, 6, 8].map((number) => received.note(senderNamed("me"), "a", number));
  expect(notes).toEqual([0, undefined, 1, undefined, 0]);
  expect(received.note(senderNamed("me"), "b", 5)).toBe(0);
  expect(received.note(senderNamed("you"), "a", 5)).toBe(0);
});

test("a gap that no outage makes is none", () => {
  const received = new ReceivedNumbers();
  received.note(senderNamed("me"), "a", 1);
  expect(received.note(senderNamed("me"), "a", Number.MAX_SAFE_INTEGER - 1)).toBe(0);
});

test("a receiver forgets those that it has not heard for a long time, by number and by memory", () => {
  const few = new ReceivedNumbers(2);
  for (const [index, name] of ["a", "b", "a", "c"].entries()) few.note(senderNamed(name), "s", index);
  expect(few.note(senderNamed("b"), "s", 9)).toBe(0); // forgotten
  expect(few.note(senderNamed("c"), "s", 9)).toBe(0); // too, by that: only the first was heard again
  expect(few.note(senderNamed("a"), "s", 9)).toBe(0);
  const length = `0123456789._tw.${LINK}.0`.length;
  const small = new ReceivedNumbers(Infinity, 2 * (length + 1));
  for (const name of ["0123456789", "abcdefghij", "ABCDEFGHIJ"]) small.note(senderNamed(name), "s", 1);
  expect(small.note(senderNamed("0123456789"), "s", 9)).toBe(0);
  expect(small.note(senderNamed("ABCDEFGHIJ"), "s", 1)).toBe(undefined);
});

test("a stranger with ever new subjects makes a receiver forget nobody who is heard meanwhile", () => {
  const received = new ReceivedNumbers(32);
  let made = 0;
  for (let frame = 1; frame <= 50; frame++) {
    for (let friend = 0; friend < 8; friend++) {
      const missing = received.note(senderNamed(`friend${friend}`), "world", 2 * frame);
      expect(missing, `frame ${frame}`).toBe(frame === 1 ? 0 : 1);
    }
    for (let count = 0; count < 20; count++) received.note(senderNamed("stranger"), `s${made++}`, 1);
  }
});

test("a receiver knows a sender again, and makes nothing new for each message", () => {
  const received = new ReceivedNumbers();
  const reply = (number: string) => `world.7._tw.${LINK}.0.${number}`;
  const sender = received.senderOf(reply("1")) as Sender;
  received.note(sender, "a", 1);
  expect(received.senderOf(reply("zz"))).toBe(sender);
  expect(received.senderOf(`world.8._tw.${LINK}.0.1`)).not.toBe(sender);
});

test("a receiver that is given one long name after many short ones makes room for all of it", () => {
  const restCharacters = `._tw.${LINK}.0s`.length;
  const small = new ReceivedNumbers(Infinity, 11 * restCharacters + 100);
  for (let sender = 0; sender < 10; sender++) small.note(senderNamed(`s${sender}`), "s", 1);
  small.note(senderNamed("x".repeat(90 + 8 * restCharacters)), "s", 1);
  const known = [9, 8, 7, 6].map((sender) => small.note(senderNamed(`s${sender}`), "s", 1) === undefined);
  expect(known).toEqual([true, true, false, false]); // room for the long one, and for two
});

test("a reply subject says who has sent a message and as its how many-th, or nothing at all", () => {
  expect(LINK).toMatch(/^[0-9a-z]{20}$/);
  expect(newLinkId()).not.toBe(LINK);
  const reply = `world.7._tw.${LINK}.0.1z`;
  expect(numberIn(reply)).toBe(71);
  expect(senderOf(instanceIn(reply))).toEqual({
    instance: `world.7._tw.${LINK}.0`,
    link: LINK,
    from: { family: "nats", host: "world.7", port: 0 },
  });
  const wrong = ["", "_tw", "5", `._tw.${LINK}.0.1`, `_tw.${LINK}.0.1`, `a._tw.${LINK}.0.0`];
  wrong.push(
    `a._tw.${LINK}.0.01`,
    `a._tw.${LINK}.0.`,
    `a._tw.${LINK}.0`,
    `a._tw.${LINK}.0.1.2`,
    `a._tw.${LINK}.0.1Z`,
    `a._tw.${LINK}.0.zzzzzzzzzzzz`,
    `a._tw.${LINK}.0.zzzzzzzzzzz`,
  );
  for (const reply of wrong) {
    const isNumbered = numberIn(reply) > 0 && senderOf(instanceIn(reply)) !== undefined;
    expect(isNumbered, reply).toBe(false);
  }
});

test("a number is read as it is written, up to the largest that is exact", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (number) => {
      expect(numberIn(`a.${number.toString(36)}`)).toBe(number);
    }),
  );
  expect(numberIn(`a.${(2 ** 53).toString(36)}`)).toBe(0);
});

test("an answer goes to nobody where a reply subject is the broker's own, or tickwire's", () => {
  expect(answerTo("game.1").host).toBe("game.1");
  for (const reply of ["", "$JS.API.INFO", `a._tw.${LINK}.0`, "a b"]) {
    expect(answerTo(reply).host, reply).toBe("_INBOX.nobody");
  }
});

function senderNamed(name: string, instance = "0"): Sender {
  return senderOf(`${name}._tw.${LINK}.${instance}`) as Sender;
}

const LINK = newLinkId();
