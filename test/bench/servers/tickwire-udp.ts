/** The server on tickwire's datagrams. Who has sent one is a client. */
import { formatAddress, lines, Poller, udp } from "../../../src/index.ts";
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
        for (let got = socket.tryRecvFrom(); got !== undefined; got = socket.tryRecvFrom()) {
          const name = formatAddress(got.from);
          if (!clients.has(name)) clients.set(name, got.from);
          take(got.from, got.message);
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
