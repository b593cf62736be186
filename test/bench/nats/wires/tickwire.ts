/** tickwire's wires: a direct link, datagrams and streams over a broker. */
import {
  type DatagramSocket,
  lengthPrefixed,
  Poller,
  subject,
  type Transport,
  tcp,
  waitForActivity,
} from "../../../../src/index.ts";
import { nats } from "../../../../src/nats.ts";
import { type Place, type Side, STATE, type Wire, WORLD } from "./wire.ts";

/** A stream of tickwire's, over whatever carries it. */
export async function openStream(transport: Transport, side: Side): Promise<Wire> {
  const poller = new Poller();
  const rest = {
    lost: 0,
    activity: () => waitForActivity(poller),
    flush: () => poller.flush(),
  };
  if (side === "world") {
    const listener = poller.listen(transport, lengthPrefixed());
    await until(poller, () => listener.state === "listening");
    return {
      ...rest,
      port: listener.address?.port ?? 0,
      poll() {
        poller.poll();
        while (listener.tryAccept() !== undefined);
      },
      trySend(message) {
        listener.broadcast(message);
        return true;
      },
      take: (on) => void listener.drain((_, message) => on(message)),
    };
  }
  const connection = poller.connect(transport, lengthPrefixed());
  await until(poller, () => connection.state === "open");
  return {
    ...rest,
    port: 0,
    poll() {
      poller.poll();
      if (connection.state !== "open") throw new Error(connection.closeReason?.message);
    },
    trySend: (message) => connection.trySend(message),
    take(on) {
      for (const message of connection) on(message);
    },
  };
}

/** Datagrams over a broker. */
export async function openDatagrams({ servers }: Place, side: Side): Promise<Wire> {
  const poller = new Poller();
  const bus = nats({ servers });
  const socket: DatagramSocket<Uint8Array> = poller.bind(
    side === "world" ? bus.at(WORLD) : bus,
    lengthPrefixed(),
  );
  if (side === "gateway") socket.join(STATE);
  await until(poller, () => socket.state === "open");
  const to = subject(side === "world" ? STATE : WORLD);
  return {
    port: 0,
    get lost() {
      return socket.stats.lost + socket.stats.dropped + socket.stats.failed;
    },
    activity: () => waitForActivity(poller),
    poll: () => void poller.poll(),
    trySend: (message) => socket.trySendTo(message, to),
    take(on) {
      for (let got: Uint8Array | undefined; (got = socket.tryRecv()) !== undefined; ) on(got);
    },
    flush: () => poller.flush(),
  };
}

export function openTcp({ port }: Place, side: Side): Promise<Wire> {
  return openStream(tcp({ host: "127.0.0.1", port }), side);
}

export function openStreams({ servers }: Place, side: Side): Promise<Wire> {
  return openStream(nats({ servers }).at(WORLD), side);
}

async function until(poller: Poller, isDone: () => boolean): Promise<void> {
  for (poller.poll(); !isDone(); poller.poll()) await new Promise((resolve) => setTimeout(resolve, 1));
}
