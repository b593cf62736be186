/**
 * What this machine has of what some tests need. Says so when it lacks it.
 */
import { networkInterfaces } from "node:os";

/** Whether `::1` can be listened on; containers often have no IPv6. */
export const hasIPv6: boolean = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

if (!hasIPv6) console.log("skipped: this machine has no IPv6 loopback, so its rows and tests are left out");
