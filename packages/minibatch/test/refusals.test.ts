import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormErrorCode } from "@batchnorm/core";
import { type Graph, Network, type NetworkOptions } from "@batchnorm/minibatch";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";

type Refused = [BatchNormErrorCode, RegExp, unknown];

const one = { units: 2 };
const graphs: Refused[] = [
  ["ERR_BATCHNORM_OPTION", /graph/, null],
  ["ERR_BATCHNORM_OPTION", /graph's field/, { inputs: 1, layers: [one], extra: 1 }],
  ["ERR_BATCHNORM_SHAPE", /inputs/, { inputs: 0, layers: [one] }],
  ["ERR_BATCHNORM_OPTION", /layers/, { inputs: 1, layers: [] }],
  ["ERR_BATCHNORM_OPTION", /layer 1/, { inputs: 1, layers: [null] }],
  [
    "ERR_BATCHNORM_OPTION",
    /layer 1.*unit,|layer 1.*must be one of/,
    { inputs: 1, layers: [{ ...one, size: 3 }] },
  ],
  ["ERR_BATCHNORM_SHAPE", /layer 2: units/, { inputs: 1, layers: [one, { units: 1.5 }] }],
  ["ERR_BATCHNORM_OPTION", /connections/, { inputs: 1, layers: [{ units: 1, connections: [] }] }],
  [
    "ERR_BATCHNORM_SHAPE",
    /layer 1, connection 0: from/,
    { inputs: 1, layers: [{ units: 1, connections: [{ from: 1 }] }] },
  ],
  [
    "ERR_BATCHNORM_SHAPE",
    /identity/,
    { inputs: 1, layers: [{ units: 2, connections: [{ from: 0, kind: "identity" }] }] },
  ],
  [
    "ERR_BATCHNORM_OPTION",
    /kind/,
    { inputs: 1, layers: [{ units: 2, connections: [{ from: 0, kind: "sparse" }] }] },
  ],
  [
    "ERR_BATCHNORM_MASK",
    /connection 0: mask must hold 2/,
    { inputs: 1, layers: [{ units: 2, connections: [{ from: 0, mask: [1] }] }] },
  ],
  [
    "ERR_BATCHNORM_MASK",
    /mask\[1\]/,
    { inputs: 1, layers: [{ units: 2, connections: [{ from: 0, mask: [1, 2] }] }] },
  ],
  [
    "ERR_BATCHNORM_MASK",
    /no mask/,
    { inputs: 1, layers: [{ units: 1, connections: [{ from: 0, kind: "identity", mask: [1] }] }] },
  ],
  [
    "ERR_BATCHNORM_OPTION",
    /activation/,
    { inputs: 1, layers: [{ units: 1, activation: "swish" }] },
  ],
  ["ERR_BATCHNORM_OPTION", /leak/, { inputs: 1, layers: [{ units: 1, leak: -1 }] }],
  ["ERR_BATCHNORM_OPTION", /bias/, { inputs: 1, layers: [{ units: 1, bias: 1 }] }],
  [
    "ERR_BATCHNORM_OPTION",
    /momentum/,
    { inputs: 1, layers: [{ units: 1, batchNorm: { momentum: 2 } }] },
  ],
  [
    "ERR_BATCHNORM_UNSUPPORTED",
    /layer 1: axis/,
    { inputs: 1, layers: [{ units: 1, batchNorm: { axis: 0 } }] },
  ],
  [
    "ERR_BATCHNORM_UNSUPPORTED",
    /virtualBatchSize/,
    { inputs: 1, layers: [{ units: 1, batchNorm: { virtualBatchSize: 4 } }] },
  ],
  [
    "ERR_BATCHNORM_UNSUPPORTED",
    /renorm/,
    { inputs: 1, layers: [{ units: 1, batchNorm: { renorm: {} } }] },
  ],
  [
    "ERR_BATCHNORM_OPTION",
    /layer 1 must feed/,
    { inputs: 1, layers: [one, { units: 1, connections: [{ from: 0 }] }] },
  ],
];

const networkOptions: Refused[] = [
  ["ERR_BATCHNORM_OPTION", /options/, null],
  ["ERR_BATCHNORM_OPTION", /batchSize/, {}],
  ["ERR_BATCHNORM_OPTION", /batchSize/, { batchSize: 0 }],
  ["ERR_BATCHNORM_OPTION", /type/, { batchSize: 2, type: "float16" }],
  ["ERR_BATCHNORM_OPTION", /an option/, { batchSize: 2, rate: 1 }],
  ["ERR_BATCHNORM_OPTION", /loss/, { batchSize: 2, loss: "hinge" }],
  ["ERR_BATCHNORM_OPTION", /sigmoid/, { batchSize: 2, loss: "cross-entropy" }],
  ["ERR_BATCHNORM_OPTION", /optimizer/, { batchSize: 2, optimizer: { kind: "lion" } }],
  ["ERR_BATCHNORM_OPTION", /momentum/, { batchSize: 2, optimizer: { kind: "sgd", momentum: 1 } }],
  ["ERR_BATCHNORM_OPTION", /beta2/, { batchSize: 2, optimizer: { kind: "adam", beta2: -1 } }],
  ["ERR_BATCHNORM_OPTION", /epsilon/, { batchSize: 2, optimizer: { kind: "adam", epsilon: 0 } }],
  [
    "ERR_BATCHNORM_OPTION",
    /an optimizer's option/,
    { batchSize: 2, optimizer: { kind: "sgd", rate: 1 } },
  ],
];

onEachBackend(() => {
  test.each(graphs)("%s %s: a graph like %j", (code, names, graph) => {
    const error = expectRefusal(code, () => new Network(graph as Graph, { batchSize: 2 }));
    expect(error.message).toMatch(names);
  });

  test.each(networkOptions)("%s %s: options like %j", (code, names, options) => {
    const graph = { inputs: 1, layers: [{ units: 1 }] };
    const error = expectRefusal(code, () => new Network(graph, options as NetworkOptions));
    expect(error.message).toMatch(names);
  });

  describe("what is refused leaves the network as it was", () => {
    const layers = [
      { units: 2, batchNorm: true, activation: "relu" as const },
      { units: 2, connections: [{ from: 1, kind: "identity" as const }, { from: 0 }] },
    ];
    const net = () => new Network({ inputs: 2, layers }, { batchSize: 4 });
    const x = Float32Array.of(1, 2, 3, 4, 5, 7);
    const indices = Uint32Array.of(0, 1, 2);

    const calls: [BatchNormErrorCode, string, (net: Network) => unknown][] = [
      ["ERR_BATCHNORM_SHAPE", "a layer that is none", (n) => n.readWeights(3)],
      ["ERR_BATCHNORM_SHAPE", "layer 0", (n) => n.readWeights(0)],
      ["ERR_BATCHNORM_SHAPE", "a connection that is none", (n) => n.readWeights(1, 1)],
      ["ERR_BATCHNORM_UNSUPPORTED", "an identity's weights", (n) => n.readWeights(2, 0)],
      ["ERR_BATCHNORM_SHAPE", "too small an out", (n) => n.readWeights(1, 0, new Float32Array(3))],
      ["ERR_BATCHNORM_SHAPE", "too few weights", (n) => n.writeWeights(1, 0, [1])],
      [
        "ERR_BATCHNORM_NON_FINITE",
        "a NaN weight",
        (n) => n.writeWeights(1, 0, [1, 2, Number.NaN, 4]),
      ],
      ["ERR_BATCHNORM_UNSUPPORTED", "a bias that is none", (n) => n.writeBias(1, [1, 2])],
      ["ERR_BATCHNORM_SHAPE", "a longer bias", (n) => n.writeBias(2, [1, 2, 3])],
      ["ERR_BATCHNORM_NON_FINITE", "an infinite bias", (n) => n.writeBias(2, [1, Infinity])],
      ["ERR_BATCHNORM_UNSUPPORTED", "no Batch Normalization", (n) => n.batchNormState(2)],
      ["ERR_BATCHNORM_UNSUPPORTED", "freezing none", (n) => n.freeze(2, true)],
      [
        "ERR_BATCHNORM_STATE",
        "a state of three channels",
        (n) => n.loadBatchNormState(1, { ...n.batchNormState(1), channels: 3 }),
      ],
      ["ERR_BATCHNORM_SHAPE", "ragged samples", (n) => n.load(x, x, 2)],
      ["ERR_BATCHNORM_SHAPE", "ragged targets", (n) => n.load(x, x.subarray(2), 3)],
      ["ERR_BATCHNORM_SHAPE", "no samples", (n) => n.load(x.subarray(6), x.subarray(6), 0)],
      ["ERR_BATCHNORM_DTYPE", "plain arrays", (n) => n.load([1, 2] as never, x, 1)],
      [
        "ERR_BATCHNORM_SHAPE",
        "more than a batch",
        (n) => n.step(n.load(x, x, 3), indices, 0, 5, 1),
      ],
      ["ERR_BATCHNORM_SHAPE", "an empty batch", (n) => n.step(n.load(x, x, 3), indices, 0, 0, 1)],
      [
        "ERR_BATCHNORM_TOO_FEW_VALUES",
        "a batch of one",
        (n) => n.step(n.load(x, x, 3), indices, 0, 1, 1),
      ],
      [
        "ERR_BATCHNORM_SHAPE",
        "indices that run out",
        (n) => n.step(n.load(x, x, 3), indices, 1, 3, 1),
      ],
      [
        "ERR_BATCHNORM_SHAPE",
        "a sample that is none",
        (n) => n.step(n.load(x, x, 3), Uint32Array.of(0, 3), 0, 2, 1),
      ],
      [
        "ERR_BATCHNORM_OPTION",
        "a NaN rate",
        (n) => n.step(n.load(x, x, 3), indices, 0, 3, Number.NaN),
      ],
      [
        "ERR_BATCHNORM_OPTION",
        "a negative rate",
        (n) => n.step(n.load(x, x, 3), indices, 0, 3, -1),
      ],
      [
        "ERR_BATCHNORM_OPTION",
        "another's data",
        (n) => n.step(net().load(x, x, 3), indices, 0, 3, 1),
      ],
      ["ERR_BATCHNORM_SHAPE", "too short an x", (n) => n.predict(x, 4)],
      ["ERR_BATCHNORM_SHAPE", "a measured count", (n) => n.measure(x, -1, 1)],
      ["ERR_BATCHNORM_UNSUPPORTED", "a measured layer", (n) => n.measure(x, 3, 2)],
      [
        "ERR_BATCHNORM_SHAPE",
        "gradients of none",
        (n) => n.gradients(x.subarray(6), 0, { targets: x.subarray(6) }),
      ],
      [
        "ERR_BATCHNORM_TOO_FEW_VALUES",
        "gradients of one",
        (n) => n.gradients(x.subarray(4), 1, { targets: x.subarray(4) }),
      ],
      [
        "ERR_BATCHNORM_SHAPE",
        "ragged upstream",
        (n) => n.gradients(x, 3, { upstream: x.subarray(1) }),
      ],
      [
        "ERR_BATCHNORM_STATE",
        "another's snapshot",
        (n) => n.restore({ bytes: new Uint8Array(3), parameters: new Float64Array() }),
      ],
    ];

    test.each(calls)("%s: %s", (code, _name, call) => {
      const subject = net();
      subject.writeWeights(1, 0, [1, 2, 3, 4]);
      const before = subject.toState();
      expectRefusal(code, () => call(subject));
      expect(subject.toState()).toEqual(before);
    });

    test("epsilon 0 is refused in training alone", () => {
      const graph = { inputs: 2, layers: [{ units: 2, batchNorm: { epsilon: 0 } }] };
      const subject = new Network(graph, { batchSize: 4 });
      subject.writeWeights(1, 0, [1, 2, 3, 4]);
      const data = subject.load(x, x, 3);
      expectRefusal("ERR_BATCHNORM_OPTION", () => subject.step(data, indices, 0, 3, 1));
      expect(subject.predict(x, 3)).toHaveLength(6);
    });
  });
});
