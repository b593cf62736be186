import { describe, expect, test } from "vitest";
import { BufferPool } from "../../../src/core/storage/buffer-pool.ts";

const MEBIBYTE = 1_048_576;

describe("a buffer pool", () => {
  test("gives buffers whose size is a power of two, from 1 KiB up, with room for what is asked", () => {
    const pool = new BufferPool();
    const sizes = [0, 1, 1_024, 1_025, 2_048, 70_000].map((minBytes) => pool.acquire(minBytes).length);
    expect(sizes).toEqual([1_024, 1_024, 1_024, 2_048, 2_048, 131_072]);
  });

  test("gives a buffer again that was given back, to who asks for its size, and to one alone", () => {
    const pool = new BufferPool();
    const buffer = pool.acquire(3_000);
    pool.release(buffer);
    expect(pool.acquire(2_000)).not.toBe(buffer);
    expect(pool.acquire(4_000)).toBe(buffer);
    expect(pool.acquire(4_000)).not.toBe(buffer);
  });

  test.each([1_024, 65_536])(
    "keeps 4 MiB of buffers of %d bytes, and leaves the others to the collector",
    (sizeBytes) => {
      const pool = new BufferPool();
      const most = (4 * MEBIBYTE) / sizeBytes;
      const released = new Set(Array.from({ length: most + 10 }, () => pool.acquire(sizeBytes)));
      for (const buffer of released) pool.release(buffer);
      const again = Array.from({ length: most + 10 }, () => pool.acquire(sizeBytes));
      expect(again.filter((buffer) => released.has(buffer)).length).toBe(most);
    },
  );

  test("keeps no buffer over 64 KiB, as one flood would cost its memory for ever", () => {
    const pool = new BufferPool();
    const buffer = pool.acquire(65_537);
    pool.release(buffer);
    expect(pool.acquire(65_537) === buffer).toBe(false); // not.toBe() compares all their bytes
  });
});
