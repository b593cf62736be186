import { describeFramework } from "./web-framework.ts";

describeFramework("express", "Cannot GET /none");
