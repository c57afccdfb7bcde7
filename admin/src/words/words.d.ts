/** A part of the words of a language (parts.ts), made by the plugin `parts of words` of vite.config.ts. */
declare module "*.json?first" {
  const words: Record<string, string>;
  export default words;
}
declare module "*.json?rest" {
  const words: Record<string, string>;
  export default words;
}
