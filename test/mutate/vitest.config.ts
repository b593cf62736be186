/**
 * The tests that judge the mutants of one part of the library, which `main.ts` names.
 * Those that look at the repository, follow the manuals or drive a page are never
 * among them.
 */
import type { ViteUserConfig } from "vitest/config";

const tests = process.env.MUTATE_TESTS ?? "test/{core,codec,transport}";

const config: ViteUserConfig = {
  test: {
    include: tests.split(" ").map((place) => (place.endsWith(".ts") ? place : `${place}/**/*.test.ts`)),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
};

export default config;
