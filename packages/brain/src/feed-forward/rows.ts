import type { Matrix } from "./brain-namespace.ts";

/** A matrix in one array, row-major. */
export function flat(matrix: Matrix): Float32Array {
  const rows = "toArray" in matrix ? matrix.toArray() : matrix;
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  for (const [y, row] of rows.entries()) values.set(row, y * width);
  return values;
}

/** The rows of a matrix that lies in one array: views of it. */
export function rowsOf(values: Float32Array, height: number): Float32Array[] {
  const width = values.length / height;
  return Array.from({ length: height }, (_, y) => values.subarray(y * width, (y + 1) * width));
}
