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
        tensor = tensor.detach().contiguous().float()
        with open(path, "wb") as sink:
            sink.write(tensor.numpy().tobytes())
        files.append({"name": name, "shape": list(tensor.shape), "dtype": "float32", "path": path})
    return files


class Function:
    """A function whose latest result is its output."""

    def __init__(self, function):
        self.function = function
        self.out = None

    def run(self):
        self.out = self.function()

    def outputs(self):
        return [("out", self.out)]


class Training:
    """A training step: outputs are the losses of two steps and the parameters after them."""

    def __init__(self, case, logits, parameters, label):
        self.logits, self.parameters, self.label = logits, parameters, label
        for parameter in parameters.values():
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.SGD(list(parameters.values()), lr=case["learningRate"], momentum=case["momentum"])
        self.loss = 0.0

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.logits(), self.label)
        loss.backward()
        self.optimizer.step()
        self.loss = loss.item()

    def outputs(self):
        before = self.loss
        self.run()
        return [("losses", torch.tensor([before, self.loss])), *self.parameters.items()]


def convolution(case, inputs):
    padding = case["padding"]
    if case["pass"] == "forward":
        x, weight = inputs["x"], inputs["weight"]
        return Function(lambda: F.conv2d(x, weight, padding=padding))
    wants_input = case["pass"] == "inputGradient"
    ct = inputs["ct"]
    # The gradient reads the shape alone of what it differentiates.
    x = torch.empty(case["n"], case["c"], case["size"], case["size"]) if wants_input else inputs["x"]
    weight = inputs["weight"] if wants_input else torch.empty(case["o"], case["c"], case["kernel"], case["kernel"])
    mask = [wants_input, not wants_input, False]

    def gradient():
        results = torch.ops.aten.convolution_backward(ct, x, weight, None, [1, 1], [padding, padding], [1, 1], False, [0, 0], 1, mask)
        return results[0] if wants_input else results[1]

    return Function(gradient)


def model(case, inputs):
    image = inputs.pop("image")
    label = inputs.pop("label").long()

    def logits():
        x = image
        for layer in case["layers"]:
            kind = layer["kind"]
            if kind == "conv":
                x = F.conv2d(x, inputs[layer["name"] + ".weight"], inputs[layer["name"] + ".bias"], padding=layer["padding"])
            elif kind == "pool":
                x = F.max_pool2d(x, 2) if layer["mode"] == "max" else F.avg_pool2d(x, 2)
            elif kind == "activation":
                x = F.relu(x) if layer["function"] == "relu" else torch.tanh(x)
            elif kind == "flatten":
                x = x.flatten(1)
            else:
                x = F.linear(x, inputs[layer["name"] + ".weight"], inputs[layer["name"] + ".bias"])
        return x

    if case["pass"] == "training":
        return Training(case, logits, inputs, label)

    def forward():
        with torch.no_grad():
            return logits()

    return Function(forward)


def prepare(case, files):
    inputs = {file["name"]: read(file) for file in files}
    if case["kind"] == "matmul":
        return Function(lambda: torch.mm(inputs["a"], inputs["b"]))
    if case["kind"] == "conv2d":
        return convolution(case, inputs)
    if case["kind"] == "model":
        return model(case, inputs)
    raise Cannot(f"this harness has no {case['kind']} for PyTorch")


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


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    answer(kind="hello", version=version())
    prepared = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["kind"] == "release":
                prepared = None
                answer(kind="released")
            elif request["kind"] == "prepare":
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
