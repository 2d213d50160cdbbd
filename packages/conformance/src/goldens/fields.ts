import { type Place, refuseGolden } from "./golden-error.ts";
import { GoldenTensor } from "./tensor.ts";

/** The fields of a case or of an object in it; knows where it is, so that a refusal can say so. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #place: Place;

  constructor(values: ReadonlyMap<string, unknown>, place: Place) {
    this.#values = values;
    this.#place = place;
  }

  get keys(): string[] {
    return [...this.#values.keys()];
  }

  /** Whether the field is there, and not null. */
  has(key: string): boolean {
    return (this.#values.get(key) ?? null) !== null;
  }

  /** @throws {GoldenError} always, naming the field. */
  refuse(key: string, rule: string, received: unknown = this.#values.get(key)): never {
    const { field } = this.#place;
    refuseGolden(
      { ...this.#place, field: field && key ? `${field}.${key}` : field || key },
      rule,
      received,
    );
  }

  /** @throws {GoldenError} for a field that is not one of `known`, which nobody would judge. */
  restrictedTo(known: readonly string[]): this {
    for (const key of this.keys) {
      if (!known.includes(key)) this.refuse(key, `must be one of ${known.join(", ")}`, key);
    }
    return this;
  }

  /** @throws {GoldenError} when it is no tensor, or holds another number of values than `length`. */
  tensor(key: string, length?: number): GoldenTensor {
    const value = this.#values.get(key);
    if (!(value instanceof GoldenTensor)) this.refuse(key, "must be a tensor");
    if (length !== undefined && value.data.length !== length) {
      this.refuse(key, `must hold ${length} values`, value.data.length);
    }
    return value;
  }

  tensorOr(key: string, length: number, otherwise: number): Float64Array {
    return this.has(key) ? this.tensor(key, length).data : new Float64Array(length).fill(otherwise);
  }

  number(key: string, least: number, most: number): number {
    const value = this.#values.get(key);
    if (typeof value !== "number" || !(value >= least && value <= most)) {
      this.refuse(key, `must be a number in [${least}, ${most}]`);
    }
    return value;
  }

  integer(key: string, least: number, most: number): number {
    const value = this.number(key, least, most);
    if (!Number.isSafeInteger(value)) this.refuse(key, "must be an integer");
    return value;
  }

  text(key: string): string {
    const value = this.#values.get(key);
    if (typeof value !== "string") this.refuse(key, "must be a string");
    return value;
  }

  choice<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.#values.get(key);
    if (!choices.includes(value as T)) this.refuse(key, `must be one of ${choices.join(", ")}`);
    return value as T;
  }

  /** A boolean, or what it is when absent. */
  flag(key: string, otherwise: boolean): boolean {
    const value = this.#values.get(key) ?? otherwise;
    if (typeof value !== "boolean") this.refuse(key, "must be true or false");
    return value;
  }

  object(key: string): Fields {
    const value = this.#values.get(key);
    if (!(value instanceof Fields)) this.refuse(key, "must be an object");
    return value;
  }

  /** The same fields but for one. */
  with(key: string, value: unknown): Fields {
    return new Fields(new Map([...this.#values, [key, value]]), this.#place);
  }

  isObject(key: string): boolean {
    return this.#values.get(key) instanceof Fields;
  }

  isList(key: string): boolean {
    return Array.isArray(this.#values.get(key));
  }

  list(key: string): readonly unknown[] {
    const value = this.#values.get(key);
    if (!Array.isArray(value) || value.length === 0) this.refuse(key, "must be a list, not empty");
    return value;
  }

  tensors(key: string, count?: number): GoldenTensor[] {
    const list = this.#listOf(key, count);
    return list.map((item, i) =>
      item instanceof GoldenTensor ? item : this.refuse(`${key}[${i}]`, "must be a tensor", item),
    );
  }

  objects(key: string, count?: number): Fields[] {
    const list = this.#listOf(key, count);
    return list.map((item, i) =>
      item instanceof Fields ? item : this.refuse(`${key}[${i}]`, "must be an object", item),
    );
  }

  /** Every tensor here and in lists here, with its key. */
  allTensors(): [string, GoldenTensor][] {
    return [...this.#values].flatMap(([key, value]) =>
      [value]
        .flat()
        .filter((item) => item instanceof GoldenTensor)
        .map((tensor): [string, GoldenTensor] => [key, tensor]),
    );
  }

  #listOf(key: string, count: number | undefined): readonly unknown[] {
    const list = this.list(key);
    if (count !== undefined && list.length !== count) {
      this.refuse(key, `must have ${count} items`, list.length);
    }
    return list;
  }
}
