// Made of assembly/products.ts by `npm run assemble`: 63 bytes of WebAssembly.
export const products: string =
  "AGFzbQEAAAABBAFgAAACDwEDZW52Bm1lbW9yeQIAAAMCAQAHFAIHbm90aGluZwAABm1lbW9yeQIACgQBAgAL";
