/**
 * A program whose every call of the system has a collection before and behind it: what
 * nothing but the system knows would be gone, and an error that is asked for later lost.
 */
import { lines, Poller } from "../../../src/index.ts";
import { nativeTcp, nativeUdp } from "../../../src/native.ts";
import { type Libc, system } from "../../../src/transport/native/libc.ts";

const HOST = "127.0.0.1";
const ECHOES = 60;
let calls = 0;

const libc = system() as Libc;
for (const [name, call] of Object.entries(libc) as [string, (...args: never[]) => unknown][]) {
  (libc as unknown as Record<string, typeof call>)[name] = (...args) => {
    calls++;
    globalThis.gc?.({ type: "minor" });
    if (calls % 16 === 0) globalThis.gc?.();
    const result = call(...args);
    globalThis.gc?.({ type: "minor" });
    if (calls % 16 === 8) globalThis.gc?.();
    return result;
  };
}

const net = new Poller();
const listener = net.listen(nativeTcp({ host: HOST, port: 0 }), lines());
net.poll();
const near = net.connect(nativeTcp({ host: HOST, port: listener.address?.port ?? 0 }), lines());
const sockets = [0, 1].map(() => net.bind(nativeUdp({ host: HOST }), lines()));
const [asking, answering] = sockets as [(typeof sockets)[0], (typeof sockets)[0]];
net.poll();

let [streamed, sent] = [0, 0];
for (let round = 0; streamed < ECHOES || sent < ECHOES; round++) {
  const text = `${round} `.padEnd(1 + (round % 7) * 5_000, "x");
  near.trySend(text);
  if (answering.address !== undefined) asking.trySendTo(`${round}`, answering.address);
  net.flush();
  net.poll();
  while (listener.tryAccept() !== undefined);
  listener.drain((peer, line) => void peer.trySend(line));
  for (let got = answering.tryRecvFrom(); got !== undefined; got = answering.tryRecvFrom()) {
    answering.trySendTo(got.message, got.from);
  }
  for (const line of near) if (/^\d+ x*$/.test(line)) streamed++;
  while (asking.tryRecv() !== undefined) sent++;
  if (round > 100 * ECHOES) throw new Error(`only ${streamed} and ${sent}`);
}
await net[Symbol.asyncDispose]();
console.log(`tcp ${ECHOES} echoes, udp ${ECHOES} echoes, ${calls} calls`);
