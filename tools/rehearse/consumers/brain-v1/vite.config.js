// brain.js 1 asks for streams of Node; its own file for browsers does not.
// biome-ignore lint/style/noDefaultExport: vite asks for it
export default { resolve: { alias: { "brain.js": "brain.js/browser.js" } } };
