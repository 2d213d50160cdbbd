import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { settingOf, withLayer } from "../setting.ts";
import { GoldenTensor, permute } from "../tensor.ts";

const known = ["y_W", "y_aW", "dW", "d_aW", "du_W", "du_aW"];

/** BN((aW)u) = sign(a) · BN(Wu), and what follows for the gradients of W and u. */
export function property(fields: Fields): Draft {
  fields.choice("property", ["BN((aW)u)=sign(a)*BN(Wu)"]);
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const [u, weights] = [inputs.tensor("u"), inputs.tensor("W")];
  const a = inputs.number("a", -1e6, 1e6);
  if (u.shape.length !== 2 || weights.shape.length !== 2 || u.shape[1] !== weights.shape[0]) {
    inputs.refuse("W", "must be a matrix that u can be multiplied by", weights.shape.join("×"));
  }
  const [rows, inner] = u.shape as [number, number];
  const channels = weights.shape[1] as number;
  const dy = inputs.tensor("dy", rows * channels).data;
  const shown = new GoldenTensor([rows, channels], u.dtype, new Float64Array(rows * channels));
  const setting = settingOf(fields, [shown], { training: true });
  const { view, floats, requires } = setting;
  const judge = (key: string, length: number) => expected.judge(key, length);
  const sides = [
    {
      factor: 1,
      y: judge("y_W", rows * channels),
      dW: judge("dW", inner * channels),
      du: judge("du_W", rows * inner),
    },
    {
      factor: a,
      y: judge("y_aW", rows * channels),
      dW: judge("d_aW", inner * channels),
      du: judge("du_aW", rows * inner),
    },
  ];
  const [yW, yaW] = [expected.tensor("y_W").data, expected.tensor("y_aW").data];
  const { relative, absolute } = expected.toleranceOf("y_W", yW);
  if (
    yW.some(
      (y, i) => Math.abs((yaW[i] as number) - Math.sign(a) * y) > relative * Math.abs(y) + absolute,
    )
  ) {
    fields.refuse("expected", "must have the property that it names", "other numbers");
  }
  return {
    clause: "BN-2.1",
    fact: "a factor of the weights changes the sign at most, as in",
    requires: [...requires, "gradient"],
    async run(subject) {
      for (const { factor, y, dW, du } of sides) {
        const scaled = weights.data.map((weight) => weight * factor);
        const x = multiply(u.data, scaled, inner);
        await withLayer(subject, setting, async (layer) => {
          y(await layer.forward(floats(x), view.shape, { training: true }));
          const dx = (await layer.backward?.(floats(dy)))?.dx ?? [];
          dW(multiply(permute(u.data, u.shape, [1, 0]), dx, rows));
          du(multiply(dx, permute(scaled, weights.shape, [1, 0]), channels));
        });
      }
    },
  };
}

/** [n, inner] × [inner, m], row-major. */
function multiply(a: ArrayLike<number>, b: ArrayLike<number>, inner: number): Float64Array {
  const [n, m] = [a.length / inner, b.length / inner];
  const product = new Float64Array(n * m);
  for (let at = 0; at < product.length; at++) {
    const [row, column] = [Math.floor(at / m), at % m];
    for (let k = 0; k < inner; k++) {
      product[at] =
        (product[at] as number) + (a[row * inner + k] as number) * (b[k * m + column] as number);
    }
  }
  return product;
}
