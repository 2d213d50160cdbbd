/** Something of WebAssembly's that is made on first use, or found to be refused. */
export class Lazy<T> {
  readonly #make: () => T;
  #made: T | null | undefined;

  /** @param make - Throws where WebAssembly is missing or may not compile. */
  constructor(make: () => T) {
    this.#make = make;
  }

  /** What was made; null where it is refused. */
  get(): T | null {
    if (this.#made === undefined) this.#made = this.#tried();
    return this.#made;
  }

  /** Makes it again if it was refused before. */
  retry(): void {
    this.#made ??= this.#tried();
  }

  #tried(): T | null {
    try {
      return this.#make();
    } catch {
      return null;
    }
  }
}
