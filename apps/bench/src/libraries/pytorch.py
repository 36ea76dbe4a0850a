"""PyTorch on the CPU: `pytorch.py THREADS`. Speaks the protocol of protocol.ts on standard input and file descriptor 3."""

import json
import os
import re
import sys
import time

import torch
import torch.nn.functional as F

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
ANSWERS = os.fdopen(3, "w")


class Cannot(Exception):
    """A case this library cannot do."""


def answer(**message):
    ANSWERS.write(json.dumps(message) + "\n")
    ANSWERS.flush()


def version():
    config = torch.__config__.show()
    torch.mm(torch.ones(64, 64), torch.ones(64, 64))
    debian = re.search(r"pytorch-([0-9.]+)\+dfsg", config)
    name = f"{debian.group(1)} (Debian)" if debian else torch.__version__
    built = re.search(r"CPU capability usage: (\S+)", config)
    onednn = re.search(r"MKL-DNN v(\d+\.\d+)", config)
    with open("/proc/self/maps") as maps:
        libraries = maps.read()
    blas = "OpenBLAS" if "openblas" in libraries else "MKL" if "libmkl" in libraries else "a BLAS that is not OpenBLAS"
    facts = [f"{built.group(1)} build" if built else "", f"oneDNN {onednn.group(1)}" if onednn else "", blas]
    return ", ".join([name, *filter(None, facts)])


def read(file):
    dtype = torch.float32 if file["dtype"] == "float32" else torch.int32
    with open(file["path"], "rb") as source:
        return torch.frombuffer(bytearray(source.read()), dtype=dtype).reshape(file["shape"])


def write(folder, arrays):
    files = []
    for i, (name, tensor) in enumerate(arrays):
        path = os.path.join(folder, f"output-{i}.bin")
        dtype = torch.float32 if tensor.is_floating_point() else torch.int32
        tensor = tensor.detach().contiguous().to(dtype)
        with open(path, "wb") as sink:
            sink.write(tensor.numpy().tobytes())
        files.append({"name": name, "shape": list(tensor.shape), "dtype": str(dtype).removeprefix("torch."), "path": path})
    return files


class Program:
    """Carries a case's steps out; the latest values are its outputs."""

    def __init__(self, case, inputs):
        self.case, self.inputs, self.values = case, inputs, {}
        for step in case["steps"]:
            if step["op"] not in OPS:
                raise Cannot(f"this harness knows no {step['op']} in PyTorch")

    def evaluate(self):
        values = dict(self.inputs)
        for step in self.case["steps"]:
            values[step["out"]] = OPS[step["op"]](*[values[name] for name in step["args"]], **step["attributes"])
        return values

    def run(self):
        with torch.no_grad():
            self.values = self.evaluate()

    def outputs(self):
        return [(name, self.values[name]) for name in self.case["mode"]["outputs"]]


class Gradients(Program):
    """A value and its gradients, by a cotangent that is given."""

    def __init__(self, case, inputs):
        super().__init__(case, inputs)
        self.to = case["mode"]["to"]
        for name in self.to:
            inputs[name].requires_grad_(True)

    def run(self):
        mode = self.case["mode"]
        value = self.evaluate()[mode["of"]]
        pulled = torch.autograd.grad(value, [self.inputs[name] for name in self.to], self.inputs[mode["cotangent"]])
        self.made = [(mode["of"], value), *((f"gradient of {name}", gradient) for name, gradient in zip(self.to, pulled))]

    def outputs(self):
        return self.made


class Training(Program):
    """A training step: outputs are the losses of two steps and the parameters after them."""

    def __init__(self, case, inputs):
        super().__init__(case, inputs)
        mode = case["mode"]
        self.label = inputs[mode["label"]].long()
        self.parameters = {each["name"]: inputs[each["name"]] for each in case["inputs"] if each["role"] == "parameter"}
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.SGD(list(self.parameters.values()), lr=mode["learningRate"], momentum=mode["momentum"])
        self.loss = 0.0

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.evaluate()[self.case["mode"]["logits"]], self.label)
        loss.backward()
        self.optimizer.step()
        self.loss = loss.item()

    def outputs(self):
        before = self.loss
        self.run()
        return [("losses", torch.tensor([before, self.loss])), *self.parameters.items()]


def matmul(a, b, transposeA, transposeB):
    return torch.matmul(a.transpose(-1, -2) if transposeA else a, b.transpose(-1, -2) if transposeB else b)


def convolution(x, weight, bias=None, *, stride, padding, dilation, groups):
    return F.conv2d(x, weight, bias, stride, padding, dilation, groups)


def convolution_backward(ct, x, weight, wanted, stride, padding, dilation, groups):
    mask = [wanted == 0, wanted == 1, False]
    pairs = [stride] * 2, [padding] * 2, [dilation] * 2
    return torch.ops.aten.convolution_backward(ct, x, weight, None, *pairs, False, [0, 0], groups, mask)[wanted]


# A gradient reads the shape alone of what it differentiates.
def conv2d_input_grad(ct, weight, inputShape, **attributes):
    return convolution_backward(ct, ct.new_empty(inputShape), weight, 0, **attributes)


def conv2d_weight_grad(x, ct, weightShape, **attributes):
    return convolution_backward(ct, x, ct.new_empty(weightShape), 1, **attributes)


def pool(function):
    return lambda x, kernel, stride, padding: function(x, kernel, stride, padding)


def normalise(x, weight, bias, epsilon):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=epsilon)


def normalise_by(x, weight, bias, mean, variance, epsilon):
    return F.batch_norm(x, mean, variance, weight, bias, training=False, eps=epsilon)


def rms_norm(x, weight, epsilon):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * weight


def attention(query, key, value):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(query, key, value)
    return torch.bmm(F.softmax(torch.bmm(query, key.transpose(1, 2)) / query.shape[-1] ** 0.5, -1), value)


# What torch.nn.LSTM calls.
def lstm(x, *weights):
    layers = len(weights) // 4
    start = x.new_zeros(layers, x.shape[1], weights[1].shape[1])
    _, hidden, _ = torch.lstm(x, (start, start), weights, True, layers, 0.0, True, False, False)
    return hidden[-1]


def gelu(x):
    return F.gelu(x, approximate="tanh")


OPS = {
    "matmul": matmul,
    "conv2d": convolution,
    "conv2dInputGrad": conv2d_input_grad,
    "conv2dWeightGrad": conv2d_weight_grad,
    "maxPool": pool(F.max_pool2d),
    "avgPool": pool(F.avg_pool2d),
    "globalAvgPool": lambda x: x.mean((2, 3)),
    "copy": torch.clone,
    "neg": torch.neg,
    "abs": torch.abs,
    "exp": torch.exp,
    "erf": torch.erf,
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": gelu,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "maximum": torch.maximum,
    "linear": F.linear,
    "softmax": lambda x: F.softmax(x, -1),
    "layerNorm": lambda x, weight, bias, epsilon: F.layer_norm(x, weight.shape, weight, bias, epsilon),
    "batchNorm": normalise,
    "batchNormInference": normalise_by,
    "conv1d": lambda x, weight, stride, padding, dilation, groups: F.conv1d(x, weight, None, stride, padding, dilation, groups),
    "conv3d": lambda x, weight, stride, padding, dilation, groups: F.conv3d(x, weight, None, stride, padding, dilation, groups),
    "convTranspose2d": lambda x, weight, stride, padding: F.conv_transpose2d(x, weight, None, stride, padding),
    "groupNorm": lambda x, weight, bias, groups, epsilon: F.group_norm(x, groups, weight, bias, epsilon),
    "instanceNorm": lambda x, weight, bias, epsilon: F.instance_norm(x, None, None, weight, bias, eps=epsilon),
    "rmsNorm": rms_norm,
    "localResponseNorm": F.local_response_norm,
    "logSoftmax": lambda x: F.log_softmax(x, -1),
    "crossEntropy": lambda logits, label: F.cross_entropy(logits, label.long()),
    "attention": attention,
    "sort": lambda x: x.sort(-1).values,
    "topk": lambda x, k: x.topk(k).values,
    "cumsum": lambda x, axis: x.cumsum(axis),
    "gather": lambda x, index: x.gather(1, index.long()),
    "indexAdd": lambda index, updates, rows: updates.new_zeros(rows, updates.shape[1]).index_add_(0, index, updates),
    "upsampleBilinear": lambda x, factor: F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False),
    "lstm": lstm,
    "sum": lambda x, axes: x.sum(axes),
    "mean": lambda x, axes: x.mean(axes),
    "max": lambda x, axes: x.amax(axes),
    "argmax": lambda x, axis: x.argmax(axis),
    "embedding": lambda table, index: F.embedding(index, table),
    "slice": lambda x, axis, start, end: x.narrow(axis, start, end - start),
    "concat": lambda *xs, axis: torch.cat(xs, axis),
    "flatten": lambda x: x.flatten(1),
}


def prepare(case, files):
    inputs = {file["name"]: read(file) for file in files}
    return {"evaluate": Program, "gradient": Gradients, "training": Training}[case["mode"]["kind"]](case, inputs)


def timed(prepared, milliseconds):
    times = []
    start = before = time.perf_counter()
    while True:
        prepared.run()
        now = time.perf_counter()
        times.append((now - before) * 1e3)
        before = now
        if (now - start) * 1e3 >= milliseconds:
            return times


def status_bytes(name):
    """A size the system tells of this process; None where it does not. The harness's own processes do it alike: peak-memory.ts."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
    except (OSError, StopIteration):
        return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as switch:
            switch.write("5")
    except OSError:
        pass


def peak_bytes(loaded):
    peak = status_bytes("VmHWM:")
    return None if peak is None or loaded is None else max(0, peak - loaded)


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    name = version()
    loaded = status_bytes("VmRSS:")
    answer(kind="hello", version=name)
    prepared = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["kind"] == "release":
                peak = peak_bytes(loaded)
                prepared = None
                answer(kind="released", peakBytes=peak)
            elif request["kind"] == "prepare":
                prepared = None
                forget_peak()
                prepared = prepare(request["benchCase"], request["inputs"])
                start = time.perf_counter()
                prepared.run()
                first = (time.perf_counter() - start) * 1e3
                answer(kind="prepared", outputs=write(request["folder"], prepared.outputs()), firstMilliseconds=first)
            else:
                answer(kind="times", milliseconds=timed(prepared, request["milliseconds"]))
        except Cannot as error:
            answer(kind="cannot", why=str(error))
        except Exception as error:
            answer(kind="failed", why=str(error).split("\n")[0])


main()
