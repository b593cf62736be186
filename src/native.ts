/**
 * `tickwire/native`: TCP and UDP that `poll()` reads itself, on Linux, with the package
 * `koffi`. Also exports nothing of the core: a poller from `tickwire` takes them.
 */
export { nativeTcp } from "./transport/native/native-tcp.ts";
export { nativeUdp } from "./transport/native/native-udp.ts";
export type { NativeTransport } from "./transport/native/support.ts";
