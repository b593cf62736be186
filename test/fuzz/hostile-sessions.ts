/** Bytes of a peer that speaks sessions, and lies: greetings and frames of all kinds, in any order. */
import { byeFrame, FRAME, idFrame, plainFrame, pongFrame } from "../../src/transport/wrap/session/frames.ts";
import { encodeGreeting } from "../../src/transport/wrap/session/greetings.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";

/** A hello of nobody that is known. */
export function sessionHello(random: SeededRandom, kind: "new" | "resume"): Uint8Array {
  return encodeGreeting({
    kind,
    id: random.bytes(8),
    token: random.bytes(16),
    epoch: random.pick([0, 1, 2, 0xffff_ffff]),
    received: random.pick(kind === "new" ? [0, 0, 0, 5] : [0, 5, Number.MAX_SAFE_INTEGER]),
    ackBytes: random.pick([1, 100, 65_536, 0xffff_ffff]),
    gateway: random.pick(["", "", "elsewhere", "x".repeat(255)]),
  });
}

/** Frames, of which some say what cannot be. */
export function sessionFrames(random: SeededRandom): Uint8Array {
  const out: number[] = [];
  for (let count = random.between(1, 60); count > 0; count--) out.push(...frame(random));
  return Uint8Array.from(out);
}

function frame(random: SeededRandom): Uint8Array {
  const taken = random.pick([0, 0, 0, 0, 0, 0, 1, 30, 0xffff_ffff]);
  const id = random.between(0, 255);
  const chance = random.next();
  if (chance < 0.4) return data(random, random.between(1, random.pick([3, 100, 2_000])));
  if (chance < 0.6) return idFrame(random.pick([FRAME.ping, FRAME.echo]), taken, id);
  if (chance < 0.7) return pongFrame(taken, id, random.pick([0, -1e9, 2 ** 53, Number.NaN]));
  if (chance < 0.9) return plainFrame(FRAME.ack, taken);
  if (chance < 0.93) return plainFrame(random.pick([FRAME.fin, FRAME.reset]), taken);
  if (chance < 0.95) return byeFrame(taken, 4_000, "x".repeat(random.pick([0, 123, 124, 255])));
  if (chance < 0.97) return Uint8Array.of(FRAME.bye, 0, 1, 2, 3, 0xc3, 0x28, 0xff); // no UTF-8
  return Uint8Array.of(random.between(0, 255), ...random.bytes(random.between(1, 12)));
}

/** A frame of data, whose length may be another one than it says. */
function data(random: SeededRandom, length: number): Uint8Array {
  const said = random.next() < 0.95 ? length : random.pick([0, length + 1, 0x7f]);
  const head = said < 0x80 ? [said] : [(said % 0x80) | 0x80, Math.floor(said / 0x80)];
  return Uint8Array.of(FRAME.data, 0, ...head, ...random.bytes(length));
}
