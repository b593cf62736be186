import { describeFramework } from "./web-framework.ts";

describeFramework("fastify", "Route GET:/none not found");
