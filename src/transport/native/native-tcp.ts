/**
 * TCP that `poll()` reads itself: the public call. Decides whether it is native, and
 * what is looked up before.
 */
import { checkOptions, isPort } from "../../check.ts";
import type { Acceptor } from "../../port/acceptor.ts";
import type { Link } from "../../port/link.ts";
import { ConnectingLink } from "../node/connecting-link.ts";
import { connectTarget, TCP_CHECKS, type TcpOptions, tcp } from "../node/tcp.ts";
import { NativeAcceptor } from "./native-acceptor.ts";
import { nativeSockets } from "./native-dialler.ts";
import { NativeLink } from "./native-link.ts";
import { LOCALHOST, LOOPBACK } from "./resolve.ts";
import { fallback, type NativeTransport, shared } from "./support.ts";

/**
 * A TCP transport, to listen or to connect with, that calls the system itself: `poll()` accepts and
 * reads, and `flush()` sends. So a loop that never yields hears everything. Its options and what it
 * reports are those of `tcp`, which it is where the machine or the package `koffi` is lacking;
 * `isNative` tells. A name as `host`, but for `localhost`, is looked up by Node, whose answer
 * needs a turn of the event loop.
 *
 * @throws TypeError when an option has the wrong type, or there is no such option
 * @throws RangeError when a number is out of range, `host` is empty, or `localAddress` is not numeric
 */
export function nativeTcp(options: TcpOptions): NativeTransport & { listen(): Acceptor; connect(): Link } {
  checkOptions<TcpOptions>(options, TCP_CHECKS);
  isPort("port", options.port); // the one that must be given
  const settings = { ...options };
  const own = shared();
  if (typeof own === "string") return fallback("nativeTcp", own, tcp(settings)) as never;
  const { epoll } = own;
  const { allowHalfOpen = false, host = LOCALHOST } = settings;
  const target = { ...connectTarget(settings), ...(host === LOCALHOST && { addresses: LOOPBACK }) };
  const sockets = nativeSockets(epoll, settings);
  return {
    isNative: true,
    listen: () => new NativeAcceptor(epoll, settings),
    connect: () =>
      new ConnectingLink(target, allowHalfOpen, sockets, (socket) => {
        return new NativeLink(epoll, socket.take(), { allowHalfOpen });
      }),
    pump: epoll.pumpFor,
    sleep: epoll.sleepFor,
    blueprint: { kind: "native-tcp", options: settings },
  };
}
