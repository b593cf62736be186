/**
 * UDP that `poll()` reads itself: the public call. Decides whether it is native.
 */
import type { DatagramLink } from "../../port/datagram-link.ts";
import { udp } from "../node/udp.ts";
import { checkUdpOptions, type UdpOptions } from "../node/udp-options.ts";
import { NativeDatagrams } from "./native-datagrams.ts";
import { fallback, type NativeTransport, shared } from "./support.ts";

/**
 * A UDP transport, for `poller.bind`, that calls the system itself: `poll()` receives, and
 * `flush()` sends, many datagrams with one call each. Its options and what it reports are those of
 * `udp`, which it is where the machine or the package `koffi` is lacking; `isNative` tells.
 *
 * @throws TypeError when an option has the wrong type, or is unknown
 * @throws RangeError when a value is out of range, or two options contradict each other
 */
export function nativeUdp(options: UdpOptions = {}): NativeTransport & { bind(): DatagramLink } {
  checkUdpOptions(options);
  const settings = { ...options, ...(options.remote !== undefined && { remote: { ...options.remote } }) };
  const own = shared();
  if (typeof own === "string") return fallback("nativeUdp", own, udp(settings)) as never;
  return {
    isNative: true,
    bind: () => new NativeDatagrams(own.epoll, own.vector, settings),
    pump: own.epoll.pumpFor,
    sleep: own.epoll.sleepFor,
    blueprint: { kind: "native-udp", options: settings },
  };
}
