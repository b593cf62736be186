/** Under which key a connection counts for its address. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey } from "../../../src/core/listen/admission.ts";
import { from } from "./addressed-network.ts";

describe("what counts as one address", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:DB8:1:2::6", "2001:db8:1:2"],
    ["2001:db8:0001::6", "2001:db8:1:0"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["::", "0:0:0:0"],
    ["fe80::1:2:3:4%eth0", "fe80:0:0:0"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
    ["1:2:3::4:5:192.0.2.1", "1:2:3:0"],
    ["::1:2:3:4:192.0.2.1", "0:0:1:2"],
  ])("%s counts as %s", (host, rig) => {
    expect(addressKey(from(host))).toBe(rig);
  });

  test("is a host by its name in families that have no numbers, and nothing where there is none", () => {
    expect(addressKey({ family: "memory", host: "memory", port: 3 })).toBe("memory");
    expect(addressKey(undefined)).toBeUndefined();
  });

  test("is the first half of any IPv6 address, however it is written", () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 8, maxLength: 8 }),
        fc.nat(7),
        fc.nat(8),
        (groups, at, many) => {
          const zeroed = groups.map((value, index) => (index >= at && index < at + many ? 0 : value));
          const texts = zeroed.map((value) => value.toString(16));
          const short = `${texts.slice(0, at).join(":")}::${texts.slice(at + many).join(":")}`;
          const long = texts.map((text) => text.padStart(4, "0")).join(":");
          const expected = texts.slice(0, 4).join(":");
          expect(addressKey(from(long))).toBe(expected);
          if (many > 0) expect(addressKey(from(short))).toBe(expected);
        },
      ),
      { seed: 14_900 },
    );
  });
});
