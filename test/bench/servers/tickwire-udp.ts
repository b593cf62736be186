/** The server on tickwire's datagrams. Who has sent one is a client. */
import { type Address, formatAddress, lines, Poller, udp } from "../../../src/index.ts";
import { nativeUdp } from "../../../src/native.ts";
import { host } from "./host.ts";

await host(async ({ contestant }) => {
  const poller = new Poller();
  const make = contestant.isNative === true ? nativeUdp : udp;
  const socket = poller.bind(make({ host: "127.0.0.1", port: 0, receiveBufferBytes: 4_194_304 }), lines());
  const clients = new Map<string, { host: string; port: number }>();

  while (socket.state === "starting") {
    await new Promise(setImmediate);
    poller.poll();
  }
  if (socket.address === undefined) throw new Error(socket.closeReason?.message);
  return {
    port: socket.address.port,
    server: {
      get connections() {
        return clients.size;
      },
      receive(take) {
        poller.poll();
        let from: Address | undefined; // the messages of a datagram have one, and need not be looked up each
        for (let got = socket.tryRecvFrom(); got !== undefined; got = socket.tryRecvFrom()) {
          if (got.from !== from) {
            from = got.from;
            const name = formatAddress(from);
            if (!clients.has(name)) clients.set(name, from);
          }
          take(from, got.message);
        }
      },
      sendToAll(line) {
        for (const address of clients.values()) socket.trySendTo(line, address);
      },
      flush() {
        poller.flush();
      },
    },
  };
});
