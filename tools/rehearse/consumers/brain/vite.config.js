// gpu.js, under brain.js's FeedForward, reads the text of functions, and not what a minifier makes of it.
// biome-ignore lint/style/noDefaultExport: vite asks for it
export default { build: { minify: false } };
