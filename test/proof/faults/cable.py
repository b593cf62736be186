"""A cable between two network namespaces, for kernels without netem: carries
IP packets from one TUN device to another, late, and loses some.

    python3 cable.py NEAR FAR DEVICE DELAY_MS LOSS_PERCENT
"""

import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000


def device_in(namespace: str, name: str) -> int:
    home = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(home, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_WITHOUT_HEADER))
    return device


def main() -> None:
    near, far, name, delay_ms, loss_percent = sys.argv[1:]
    ends = [device_in(near, name), device_in(far, name)]
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    dice = random.Random(14900)
    under_way = collections.deque()  # (when due, to which end, packet), all equally late
    print("carrying", flush=True)
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select(ends, [], [], wait)
        for end in readable:
            try:
                packet = os.read(end, 65536)
            except OSError:  # pulled out
                time.sleep(0.001)
                continue
            if dice.random() * 100 >= float(loss_percent):
                under_way.append((time.monotonic() + float(delay_ms) / 1000, other[end], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, end, packet = under_way.popleft()
            try:
                os.write(end, packet)
            except OSError:  # pulled out: the packet is lost
                pass


main()
