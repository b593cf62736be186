/** How the tests run. */
import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = {
  test: {
    /** A deadline for what hangs, and never a measure: a busy machine is ten times slower than a quiet one. */
    testTimeout: 30_000,
    hookTimeout: 30_000,
    /** Most tests wait for others more than they work. */
    maxWorkers: "100%",
  },
};

export default config;
