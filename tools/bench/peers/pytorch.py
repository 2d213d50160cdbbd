"""Answers the benchmark's requests, a line of JSON each, on stdin and stdout: PyTorch on one thread."""

import json
import math
import statistics
import sys
import time

import torch

EPSILON = 1e-5
GOLDEN = (math.sqrt(5) - 1) / 2
SILVER = math.sqrt(2) - 1


def evenly(n, step, offset, spread):
    """The data of every worker: offset + spread · frac(i · step)."""
    values = torch.arange(n, dtype=torch.float64) * step
    return (offset + spread * torch.fmod(values, 1)).float()


def shaped(values, dims, axis):
    """PyTorch's channels are always axis 1; a view says that they lie last in memory."""
    return values.reshape(dims).movedim(axis, 1)


def flat(tensor, axis):
    return tensor.movedim(1, axis).reshape(-1)


def prepare(op, dims, axis):
    n, c = math.prod(dims), dims[axis]
    x = shaped(evenly(n, GOLDEN, -0.5, 4), dims, axis)
    dy = shaped(evenly(n, SILVER, -1, 2), dims, axis)
    gamma, beta = evenly(c, GOLDEN, 0.9, 0.2), evenly(c, SILVER, -0.1, 0.2)
    mean, variance = torch.full((c,), 1.5), torch.full((c,), 4 / 3)
    _, batch_mean, batch_r = torch.native_batch_norm(
        x, gamma, beta, mean.clone(), variance.clone(), True, 0.1, EPSILON
    )

    def forward():
        return torch.native_batch_norm(x, gamma, beta, mean, variance, True, 0.1, EPSILON)[0]

    def inference():
        return torch.native_batch_norm(x, gamma, beta, mean, variance, False, 0.1, EPSILON)[0]

    def backward():
        wanted = [True, True, True]
        return torch.ops.aten.native_batch_norm_backward(
            dy, x, gamma, mean, variance, batch_mean, batch_r, True, EPSILON, wanted
        )[0]

    def both():
        forward()
        return backward()

    ops = {"forward": forward, "inference": inference, "backward": backward}
    return ops.get(op, both)


def measure(run, iterations, batches):
    if batches > 1:
        run()
    samples = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(iterations):
            result = run()
        samples.append((time.perf_counter() - start) * 1e3 / iterations)
    return statistics.median(samples), result


def say(line):
    print(json.dumps(line), flush=True)


torch.set_num_threads(1)
torch.set_grad_enabled(False)
say({"ready": f"PyTorch {torch.__version__}, 1 thread"})
key = None
for line in sys.stdin:
    request = json.loads(line)
    wanted = (request["op"], request["dims"], request["axis"])
    if wanted != key:
        run = prepare(*wanted)
        key = wanted
    ms, result = measure(run, request["iterations"], request["batches"])
    values = flat(result, request["axis"])
    check = [values[i].item() for i in (0, values.numel() // 2, -1)]
    say({"ms": ms, "check": check})
