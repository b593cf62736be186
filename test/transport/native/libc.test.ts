/**
 * Where native sockets are, and where not: what each machine is told. And what the
 * system's structures look like on each architecture.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as layout from "../../../src/transport/native/layout.ts";
import {
  eventLayout,
  IO_VECTOR,
  MESSAGE_HEADER,
  SOCKET_ADDRESS,
} from "../../../src/transport/native/layout.ts";
import { type Libc, lookFor } from "../../../src/transport/native/libc.ts";
import { needs } from "../../machine.ts";

const load = createRequire(import.meta.url);
const missing = () => {
  throw new Error("Cannot find module 'koffi'\nRequire stack:\n- /a/b");
};

describe("a machine without native sockets", () => {
  test.each([
    [{ platform: "darwin" }, "it is for Linux, and this is darwin"],
    [{ platform: "linux", arch: "riscv64" }, "it is for x64 and arm64, and this is riscv64"],
    [
      { platform: "linux", arch: "arm64", load: missing },
      "it needs the package koffi: npm install koffi (Cannot find module 'koffi')",
    ],
    [{ platform: "linux", arch: "x64", load: () => ({}) }, "koffi cannot call the system here"],
    [
      { platform: "linux", arch: "x64", load: () => ({ load: () => ({ func: () => () => -1 }) }) },
      "koffi cannot call the system here (mmap: no memory)",
    ],
  ])("%o is told why", (machine, why) => {
    expect(lookFor(machine)).toContain(why);
  });
});

describe("the calls of a machine", needs("native sockets"), () => {
  const own = () => lookFor({}) as Libc;

  test("give the system's memory, filled with zeros, and the error of a call that failed", () => {
    const libc = own();
    const { bytes, view, address } = libc.map(10_000);
    expect([bytes.length, bytes.every((byte) => byte === 0), address % 4_096]).toEqual([10_000, true, 0]);
    view.setUint8(9_999, 7);
    expect([bytes[9_999], libc.close(-1), libc.errno()]).toEqual([7, -1, 9]); // EBADF
  });

  test("watch no descriptor in a runtime that is not Node, or with a koffi that cannot", () => {
    expect((lookFor({ isNode: false }) as Libc).watch(0, () => {})).toBeUndefined();
    const { node: _, ...without } = load("koffi") as { node: unknown };
    expect((lookFor({ load: () => without }) as Libc).watch(0, () => {})).toBeUndefined();
  });
});

describe("the layout", () => {
  test("of epoll's events is packed on x86-64 alone", () => {
    expect(eventLayout("x64")).toEqual({ sizeBytes: 12, dataAt: 4 });
    expect(eventLayout("arm64")).toEqual({ sizeBytes: 16, dataAt: 8 });
  });

  test("of headers and vectors is that of 64 bits, each field aligned, and none over another", () => {
    const { sizeBytes, ...places } = MESSAGE_HEADER;
    const pointers = [
      places.nameAt,
      places.vectorAt,
      places.vectorCountAt,
      places.controlAt,
      places.controlSizeAt,
    ];
    expect(pointers.every((at) => at % 8 === 0)).toBe(true);
    expect(new Set(Object.values(places)).size).toBe(Object.keys(places).length);
    expect([sizeBytes, places.lengthAt, IO_VECTOR.sizeBytes]).toEqual([64, 56, 16]);
    expect(SOCKET_ADDRESS).toMatchObject({ ipv4SizeBytes: 16, ipv6SizeBytes: 28, scopeAt: 24 });
  });

  test("is what the system's own headers say on this machine", needs("a compiler of C for epoll"), () => {
    const program = `
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
int main(void) {
  printf("[%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu]",
    sizeof(struct epoll_event), offsetof(struct epoll_event, data),
    sizeof(struct mmsghdr), offsetof(struct mmsghdr, msg_len), offsetof(struct msghdr, msg_name),
    offsetof(struct msghdr, msg_namelen), offsetof(struct msghdr, msg_iov), offsetof(struct msghdr, msg_iovlen),
    offsetof(struct msghdr, msg_control), offsetof(struct msghdr, msg_controllen), offsetof(struct msghdr, msg_flags),
    sizeof(struct iovec), offsetof(struct iovec, iov_len),
    sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6), offsetof(struct sockaddr_in6, sin6_addr), offsetof(struct sockaddr_in6, sin6_scope_id));
  return 0;
}`;
    const event = eventLayout(process.arch);
    const header = MESSAGE_HEADER;
    expect(JSON.parse(outputOfC(program))).toEqual([
      ...[event.sizeBytes, event.dataAt],
      ...[header.sizeBytes, header.lengthAt, header.nameAt, header.nameSizeAt, header.vectorAt],
      ...[header.vectorCountAt, header.controlAt, header.controlSizeAt, header.flagsAt],
      ...[IO_VECTOR.sizeBytes, IO_VECTOR.sizeAt],
      ...[
        SOCKET_ADDRESS.ipv4SizeBytes,
        SOCKET_ADDRESS.ipv6SizeBytes,
        SOCKET_ADDRESS.ipv6At,
        SOCKET_ADDRESS.scopeAt,
      ],
    ]);
  });

  test("has the numbers of this machine's headers", needs("a compiler of C for epoll"), () => {
    const names = Object.entries(layout).filter(
      ([name, value]) => /^[A-Z0-9_]+$/.test(name) && (typeof value === "number" || Array.isArray(value)),
    );
    const values = names.map(([name, value]) =>
      Array.isArray(value) ? `${LEVELS[value[0]]}, ${name}` : name,
    );
    const program = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
int main(void) { long all[] = {${values.join(", ")}}; for (unsigned i = 0; i < sizeof all / sizeof *all; i++) printf("%s%ld", i ? "," : "[", all[i]); puts("]"); return 0; }`;
    expect(names.length).toBeGreaterThan(40);
    expect(JSON.parse(outputOfC(program))).toEqual(
      names.flatMap(([, value]) => (Array.isArray(value) ? value : [value])),
    );
  });
});

/** The levels of options, as C writes them. */
const LEVELS: Readonly<Record<number, string>> = {
  0: "IPPROTO_IP",
  1: "SOL_SOCKET",
  6: "IPPROTO_TCP",
  41: "IPPROTO_IPV6",
};

function outputOfC(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-layout-"));
  try {
    execFileSync("cc", ["-x", "c", "-o", join(folder, "layout"), "-"], { input: program });
    return execFileSync(join(folder, "layout"), { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
