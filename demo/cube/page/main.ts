/** The page's program, for as long as there is no page. */
console.log("a cube will be here");
