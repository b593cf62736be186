/**
 * The version of this package, for what is written into recordings. A test holds it
 * against `package.json`, which a page cannot read.
 */

/** The version of tickwire. */
export const VERSION = "0.1.0";
