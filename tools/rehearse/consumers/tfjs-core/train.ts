// The module for tfjs-core alone: tfjs-layers is not installed.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { BatchNorm as Reference } from "@batchnorm/core";
import { BatchNorm } from "@batchnorm/tfjs/core";

const layer = new BatchNorm(2, { momentum: 0.5 });
const x = tf.tensor2d([
  [1, 20],
  [2, 10],
  [4, 40],
]);
const target = tf.tensor2d([
  [1, 2],
  [2, 3],
  [5, 6],
]);
// tfjs-core alone registers no gradient under Node: the loss brings its own, as our layer does.
const squaredError = tf.customGrad((...given) => {
  const [y, save] = given as unknown as [tf.Tensor2D, tf.GradSaveFunc];
  save([y]);
  return {
    value: tf.mean(tf.square(tf.sub(y, target))) as tf.Scalar,
    gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) =>
      tf.mul(dy, tf.mul(tf.sub(y as tf.Tensor, target), 2 / 6)),
  };
});
const loss = () => squaredError(layer.apply(x, { training: true })) as tf.Scalar;
const optimizer = tf.train.sgd(0.3);
const before = loss().dataSync()[0] as number;
for (let i = 0; i < 20; i++)
  optimizer.minimize(loss, false, layer.trainableWeights as tf.Variable[]);
const after = loss().dataSync()[0] as number;

layer.toState().then((state) => {
  const { running } = Reference.fromState(state);
  if (!(after < before / 10)) throw new Error(`loss ${before} became ${after}`);
  if (running?.updates !== 22) throw new Error(`${running?.updates} updates`);
  console.log("learned");
});
