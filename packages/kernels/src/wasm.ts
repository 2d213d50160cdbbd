import type { Memory } from "./heap.ts";

/** What newer engines and Node have, which JavaScript that was never run before takes 0.4 ms for. */
interface Decoders {
  readonly Uint8Array: { fromBase64?(base64: string): Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
}

/** The bytes of a generated module. */
export function decode(base64: string): Uint8Array<ArrayBuffer> {
  const { Uint8Array: Bytes, Buffer } = globalThis as unknown as Decoders;
  if (Bytes.fromBase64) return Bytes.fromBase64(base64);
  if (Buffer) return Buffer.from(base64, "base64");
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A module that works in the memory it is given. */
export class WasmModule {
  readonly #base64: string;
  #own: WebAssembly.Module | undefined;
  #shared: WebAssembly.Module | undefined;

  constructor(base64: string) {
    this.#base64 = base64;
  }

  /**
   * Compiles on first use and instantiates.
   *
   * @throws {Error} WebAssembly's own: a CompileError without SIMD or under a content security policy
   * without `wasm-unsafe-eval`, a RangeError where a browser's main thread refuses to compile at once.
   */
  instantiate<Exports>(memory: Memory): Exports {
    const module = isShared(memory) ? this.#forShared() : this.#forOwn();
    const env = { memory: memory as WebAssembly.Memory };
    return new WebAssembly.Instance(module, { env }).exports as Exports;
  }

  /** Compiles without blocking, so that {@link instantiate} need not compile. */
  async compile(): Promise<void> {
    this.#own ??= await WebAssembly.compile(decode(this.#base64));
  }

  #forOwn(): WebAssembly.Module {
    this.#own ??= new WebAssembly.Module(decode(this.#base64));
    return this.#own;
  }

  #forShared(): WebAssembly.Module {
    this.#shared ??= new WebAssembly.Module(withSharedMemory(decode(this.#base64)));
    return this.#shared;
  }
}

const isShared = ({ buffer }: Memory): boolean =>
  Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";

/**
 * The same module for a shared memory, which WebAssembly tells apart in the import alone: the memory's
 * limits are then of kind 3 and name a maximum. The memory is the only import, and ends its section.
 *
 * @see WebAssembly core specification, 5.5.5 import section; threads proposal, limits
 */
export function withSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const importSection = 2;
  let start = 8; // Past the magic number and the version come sections: an id, a size, the content.
  let content = readSize(bytes, start + 1);
  while (bytes[start] !== importSection) {
    start = content.next + content.size;
    content = readSize(bytes, start + 1);
  }
  const end = content.next + content.size;
  // The last two bytes are the limits: their kind, 0, and the least number of pages.
  const entry = bytes.subarray(content.next, end - 2);
  const limits = [3, bytes[end - 1] as number, 0x80, 0x80, 0x04]; // At most 65,536 pages.
  const section = [importSection, entry.length + limits.length, ...entry, ...limits];
  return Uint8Array.of(...bytes.subarray(0, start), ...section, ...bytes.subarray(end));
}

/** An unsigned LEB128 number: seven bits a byte, the lowest first, the top bit for "more follow". */
function readSize(bytes: Uint8Array, at: number): { size: number; next: number } {
  let size = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++] as number;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { size, next };
  }
}
