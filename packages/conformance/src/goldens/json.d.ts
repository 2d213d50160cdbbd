// JSON of data/, which goes through the reader like any other golden file.
declare module "*.json" {
  const value: unknown;
  // biome-ignore lint/style/noDefaultExport: that is what a JSON module has
  export default value;
}
