/** What `npm install` in a new game brings: a test has it in the folder above, where Node finds it as well. */
export const INSTALL = "```sh\nnpm install tickwire ws tsx typescript vite vitest\n```\n";
