/**
 * What waits under the limits of a datagram socket, as plain lists would have it,
 * whatever is sent, received, polled and taken.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Destination, lines, Poller } from "../../../src/index.ts";
import { check } from "../../codec/properties.ts";
import { ScriptedDatagramLink } from "./scripted-datagram-link.ts";

const THERE: Destination = { host: "there", port: 9 };
const FROM = { family: "memory", host: "there", port: 9 } as const;
const ITEM_BYTES = 64;

function opened(limits: { receiveLimitBytes: number } | { sendLimitBytes: number }) {
  const poller = new Poller();
  const link = new ScriptedDatagramLink();
  const socket = poller.bind({ bind: () => link }, lines(), limits);
  link.open();
  poller.poll(0);
  return { poller, link, socket };
}

function weightOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + ITEM_BYTES, 0);
}

test("of what is received, the oldest goes when more than the limit waits, before a poll and after", () => {
  const call = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ call: fc.constant("receive" as const), size: fc.constantFrom(0, 1, 6, 7) }),
    },
    { weight: 2, arbitrary: fc.record({ call: fc.constant("poll" as const) }) },
    { weight: 2, arbitrary: fc.record({ call: fc.constant("take" as const), wholly: fc.boolean() }) },
  );
  // One limit is hit exactly, and one is under a datagram's own weight.
  const limits = fc.constantFrom(4 * ITEM_BYTES, 4 * ITEM_BYTES + 8, ITEM_BYTES + 6);
  check(
    fc.property(limits, fc.array(call, { maxLength: 40 }), (receiveLimitBytes, calls) => {
      const { poller, link, socket } = opened({ receiveLimitBytes });
      let arriving: string[] = [];
      let ready: string[] = [];
      const told = { receivedMessages: 0, receivedBytes: 0, dropped: 0 };
      let droppedBeforePoll = 0;
      for (const [index, step] of calls.entries()) {
        const letter = String.fromCharCode(65 + index);
        if (step.call === "receive") {
          const text = letter.repeat(step.size);
          link.events?.received(new TextEncoder().encode(text), FROM);
          arriving.push(text);
          for (; weightOf(arriving) > receiveLimitBytes; droppedBeforePoll++) arriving.shift();
        } else if (step.call === "poll") {
          poller.poll(index);
          told.receivedMessages += arriving.length;
          told.receivedBytes += arriving.join("").length;
          told.dropped += droppedBeforePoll;
          ready.push(...arriving);
          for (; weightOf(ready) > receiveLimitBytes; told.dropped++) ready.shift();
          arriving = [];
          droppedBeforePoll = 0;
        } else if (step.wholly) {
          const taken: unknown[] = [];
          for (let text: string | undefined; (text = socket.tryRecv()) !== undefined; ) taken.push(text);
          expect(taken).toEqual(ready);
          ready = [];
        } else {
          const message = ready.shift();
          expect(socket.tryRecvFrom()).toEqual(message === undefined ? undefined : { message, from: FROM });
        }
        expect(socket.stats).toMatchObject(told);
      }
      const { receivedMessages, receivedBytes } = told;
      expect(poller.stats).toMatchObject({ receivedMessages, receivedBytes });
    }),
  );
});

test("what is sent is refused when more than the limit would wait, and makes room once it has left", () => {
  const call = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ call: fc.constant("send" as const), size: fc.constantFrom(0, 1, 6, 7) }),
    },
    { weight: 2, arbitrary: fc.record({ call: fc.constantFrom("flush" as const, "poll" as const) }) },
    { weight: 2, arbitrary: fc.record({ call: fc.constant("leave" as const), count: fc.nat(3) }) },
  );
  const limits = fc.constantFrom(4 * ITEM_BYTES, 4 * ITEM_BYTES + 8, ITEM_BYTES + 6, ITEM_BYTES - 1);
  check(
    fc.property(limits, fc.array(call, { maxLength: 40 }), (sendLimitBytes, calls) => {
      const { poller, link, socket } = opened({ sendLimitBytes });
      let queued: string[] = [];
      const inLink: string[] = [];
      let left: string[] = [];
      const told = { sentMessages: 0, sentBytes: 0, refusedMessages: 0 };
      for (const [index, step] of calls.entries()) {
        if (step.call === "send") {
          const text = String.fromCharCode(65 + index).repeat(step.size);
          const fits = weightOf([...queued, ...inLink, ...left, text]) <= sendLimitBytes;
          expect(socket.trySendTo(text, THERE)).toBe(fits);
          if (fits) {
            queued.push(text);
            told.sentMessages++;
            told.sentBytes += text.length;
          } else told.refusedMessages++;
        } else if (step.call === "leave") {
          for (const { bytes } of link.sent.splice(0, step.count)) link.events?.sent(bytes.length);
          left.push(...inLink.splice(0, step.count)); // they make room with the next poll
        } else {
          if (step.call === "poll") left = [];
          if (step.call === "poll") poller.poll(index);
          else poller.flush();
          inLink.push(...queued);
          queued = [];
        }
        expect(link.sent.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(inLink);
        expect(socket.pendingBytes).toBe([...queued, ...inLink, ...left].join("").length);
        expect(socket.stats).toMatchObject(told);
        expect(poller.stats).toMatchObject(told);
      }
    }),
  );
});
