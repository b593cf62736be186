/**
 * The system's C library, called through `koffi`: the only file that loads that
 * package, and the only one where a mistake can crash the process. It is an optional
 * peer dependency, loaded at the first call that needs it.
 *
 *     system() ──▶ koffi ──▶ the symbols that Node itself is linked to ──▶ a table of calls
 *
 * The memory rule: every address that the kernel is given, but for the text of a
 * name, lies in memory from `map`, which is the system's own and is never given back.
 * The address of a typed array is not used anywhere: a collection may free one that
 * nothing mentions any more, while the system still writes to it.
 */
import { createRequire } from "node:module";

/** Memory of the system's own, which never moves and is never freed. */
export interface Memory {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Watches a descriptor in Node's own event loop, which it keeps alive while it is started. */
export interface DescriptorWatch {
  start(): void;
  stop(): void;
  close(): void;
}

/** The calls; addresses are numbers, and a result below 0 means that `errno()` has the error. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: number, sizeBytes: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: number, sizeAt: number, flags: number): number;
  connect(fd: number, address: number, sizeBytes: number): number;
  getsockname(fd: number, address: number, sizeAt: number): number;
  getpeername(fd: number, address: number, sizeAt: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, sizeBytes: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, sizeAt: number): number;
  recv(fd: number, address: number, sizeBytes: number, flags: number): number;
  send(fd: number, address: number, sizeBytes: number, flags: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  eventfd(value: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: number): number;
  epoll_wait(epoll: number, events: number, count: number, timeoutMs: number): number;
  inet_pton(family: number, text: string, address: number): number;
  inet_ntop(family: number, address: number, text: number, sizeBytes: number): string | null;
  if_nametoindex(name: string): number;
  if_indextoname(index: number, text: number): string | null;
  /** The error of the last call of this thread. */
  errno(): number;
  /** Takes memory from the system, filled with zeros. */
  map(sizeBytes: number): Memory;
  /** Calls `ready` when `fd` is readable; `undefined` where the runtime cannot. */
  watch(fd: number, ready: () => void): DescriptorWatch | undefined;
}

/** Where a program runs, and how it loads a package; the defaults are this process's. */
export interface Machine {
  readonly platform?: string;
  readonly arch?: string;
  /** Whether the program runs in Node, and not in another runtime that says so. */
  readonly isNode?: boolean;
  readonly load?: (name: string) => unknown;
}

/** The calls of this process, or why there are none: the end of a sentence. Looks once. */
export function system(): Libc | string {
  found ??= lookFor({});
  return found;
}

/** The calls on a machine, or why there are none. */
export function lookFor(machine: Machine): Libc | string {
  const { platform = process.platform, arch = process.arch, load = loadPackage } = machine;
  const { isNode = process.versions.bun === undefined && process.versions.deno === undefined } = machine;
  if (platform !== "linux") return `it is for Linux, and this is ${platform}`;
  if (!ARCHITECTURES.includes(arch)) return `it is for ${ARCHITECTURES.join(" and ")}, and this is ${arch}`;
  let koffi: Koffi;
  try {
    koffi = load("koffi") as Koffi;
  } catch (error) {
    return `it needs the package koffi: npm install koffi (${firstLine(error)})`;
  }
  try {
    const libc = callsOf(koffi, isNode);
    libc.map(1); // the first call that a system or a version of koffi without what is needed would refuse
    return libc;
  } catch (error) {
    return `koffi cannot call the system here (${firstLine(error)})`;
  }
}

function callsOf(koffi: Koffi, isNode: boolean): Libc {
  const library = koffi.load(null);
  const call = (name: string, ...args: string[]) => library.func(name, "int", args) as never;
  const mmap = library.func("mmap", ADDRESS, [ADDRESS, "size_t", "int", "int", "int", "int64_t"]);
  return {
    socket: call("socket", "int", "int", "int"),
    bind: call("bind", "int", ADDRESS, "uint"),
    listen: call("listen", "int", "int"),
    accept4: call("accept4", "int", ADDRESS, ADDRESS, "int"),
    connect: call("connect", "int", ADDRESS, "uint"),
    getsockname: call("getsockname", "int", ADDRESS, ADDRESS),
    getpeername: call("getpeername", "int", ADDRESS, ADDRESS),
    setsockopt: call("setsockopt", "int", "int", "int", ADDRESS, "uint"),
    getsockopt: call("getsockopt", "int", "int", "int", ADDRESS, ADDRESS),
    recv: call("recv", "int", ADDRESS, "size_t", "int"),
    send: call("send", "int", ADDRESS, "size_t", "int"),
    recvmmsg: call("recvmmsg", "int", ADDRESS, "uint", "int", ADDRESS),
    sendmmsg: call("sendmmsg", "int", ADDRESS, "uint", "int"),
    shutdown: call("shutdown", "int", "int"),
    close: call("close", "int"),
    eventfd: call("eventfd", "uint", "int"),
    epoll_create1: call("epoll_create1", "int"),
    epoll_ctl: call("epoll_ctl", "int", "int", "int", ADDRESS),
    epoll_wait: call("epoll_wait", "int", ADDRESS, "int", "int"),
    inet_pton: call("inet_pton", "int", "str", ADDRESS),
    inet_ntop: library.func("inet_ntop", "str", ["int", ADDRESS, ADDRESS, "uint"]) as never,
    if_nametoindex: call("if_nametoindex", "str"),
    if_indextoname: library.func("if_indextoname", "str", ["uint", ADDRESS]) as never,
    errno: () => koffi.errno(),
    map(sizeBytes) {
      const address = mmap(0, sizeBytes, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0) as number;
      if (!Number.isSafeInteger(address) || address <= 0) throw new Error("mmap: no memory");
      const buffer = koffi.view(address, sizeBytes);
      return { address, bytes: new Uint8Array(buffer), view: new DataView(buffer) };
    },
    watch: (fd, ready) => (isNode ? watchOf(koffi, fd, ready) : undefined),
  };
}

/** Other runtimes have no such handles: Bun ends the process at the attempt. */
function watchOf(koffi: Koffi, fd: number, ready: () => void): DescriptorWatch | undefined {
  if (koffi.node?.poll === undefined) return undefined;
  const handle = koffi.node.poll(fd, { readable: true }, ready);
  handle.stop();
  return {
    start: () => handle.start({ readable: true }, ready),
    stop: () => handle.stop(),
    close: () => handle.close(),
  };
}

function loadPackage(name: string): unknown {
  // A bundle in CommonJS has no URL, but a file; the package is found from there.
  return createRequire(import.meta.url ?? __filename)(name);
}

function firstLine(error: unknown): string {
  return String((error as Partial<Error>)?.message ?? error).split("\n", 1)[0] ?? "";
}

/** The part of koffi that is used, written out so that no public type leads to the package. */
interface Koffi {
  load(path: null): {
    func(name: string, result: string, args: readonly string[]): (...args: unknown[]) => unknown;
  };
  errno(): number;
  view(address: number, sizeBytes: number): ArrayBuffer;
  readonly node?: {
    poll(fd: number, events: { readable: boolean }, ready: () => void): PollHandle;
  };
}

interface PollHandle {
  start(events: { readable: boolean }, ready: () => void): void;
  stop(): void;
  close(): void;
}

let found: Libc | string | undefined;

/** Those whose layouts `layout.ts` knows. */
const ARCHITECTURES: readonly string[] = ["x64", "arm64"];
/** An address as a number: those of a process lie below 2^53. */
const ADDRESS = "uintptr_t";
const READ_AND_WRITE = 3;
const PRIVATE_AND_ANONYMOUS = 0x22;
