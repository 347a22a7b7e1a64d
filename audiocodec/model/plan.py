"""The layers of a network, in order, from its description; without torch.

torch modules (`audiocodec.model.nn.make`) and ONNX graphs (`audiocodec.backends.onnx.layers`) are built from this list,
and the hop length and the receptive field follow from it.

To add a layer: a class in `audiocodec/model/nn/`; a function of that name in `audiocodec/backends/onnx/layers.py`; and
here, a row of `KINDS` and its place in `encoder` or `conv_decoder`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audiocodec._util.keywords import call
from audiocodec.errors import ConfigError


@dataclass(frozen=True)
class Steps:
    """How the steps of a layer's output relate to those of its input.

    Attributes:
        past: steps of the input before the current one that an output step depends on.
        up: steps out for one step in.
        down: steps in for one step out.
    """

    past: int = 0
    up: int = 1
    down: int = 1


@dataclass(frozen=True)
class Kind:
    """One kind of layer; its key in `KINDS` is the name of its class.

    Attributes:
        module: where its torch class is, imported when a network is built.
        steps: its input and output steps, from the keywords of the class.
    """

    module: str
    steps: Callable[..., Steps]


def _same(**_: Any) -> Steps:
    return Steps()


def _conv(kernel: int = 3, dilation: int = 1, **_: Any) -> Steps:
    return Steps((kernel - 1) * dilation)


NN = "audiocodec.model.nn"
KINDS = {
    "CausalConv": Kind(f"{NN}.conv", _conv),
    "Downsample": Kind(f"{NN}.conv", lambda stride, **_: Steps(stride, down=stride)),
    "Gain": Kind(f"{NN}.gain", _same),
    "LappedAnalysis": Kind(f"{NN}.lapped", lambda hop, **_: Steps(hop, down=hop)),
    "LappedSynthesis": Kind(f"{NN}.lapped", lambda hop, **_: Steps(1, up=hop)),
    "LayerNorm": Kind("torch.nn", _same),
    "Linear": Kind("torch.nn", _same),
    "NoisySynthesis": Kind(f"{NN}.noisy", lambda hop, **_: Steps(1, up=hop)),
    "ResidualBlock": Kind(f"{NN}.block", _conv),
    "Upsample": Kind(f"{NN}.conv", lambda stride, **_: Steps(1, up=stride)),
}


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        kind: name of its class, a key of `KINDS`.
        name: prefix of its weights, as in "encoder.body.layers.0".
        arguments: keywords of its class.
    """

    kind: str
    name: str
    arguments: Mapping[str, Any]

    @property
    def steps(self) -> Steps:
        """Its input and output steps."""
        return KINDS[self.kind].steps(**self.arguments)


@dataclass(frozen=True)
class Plan:
    """An encoder or a decoder.

    Attributes:
        layers: in order.
        delay: samples by which a decoder's output lags the encoder's input.
        conceals: a decoder was trained to conceal lost frames, which reach it as zeros.
    """

    layers: tuple[Layer, ...]
    delay: int = 0
    conceals: bool = False

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return math.prod(layer.steps.up * layer.steps.down for layer in self.layers)

    @property
    def past(self) -> int:
        """Steps of the input (a decoder's frames) before the current one on which the output depends.

        A decoder that starts afresh this many frames early gives, from then on, the samples of one that decoded
        from the start.
        """
        step = 0  # the first of the current output, walked back to the input
        for layer in reversed(self.layers):
            steps = layer.steps
            step = step // steps.up * steps.down - steps.past
        return -step


Unnamed = tuple[str, dict[str, Any]]  # kind and arguments


def _blocks(dim: int, count: int) -> list[Unnamed]:
    """Residual blocks with dilations 1, 3, 9, 1, ..."""
    return [("ResidualBlock", {"dim": dim, "hidden": dim, "dilation": 3 ** (i % 3)}) for i in range(count)]


def _chain(part: str, layers: Sequence[Unnamed]) -> tuple[Layer, ...]:
    return tuple(Layer(kind, f"{part}.body.layers.{i}", arguments) for i, (kind, arguments) in enumerate(layers))


def encoder(
    strides: Sequence[int], dims: Sequence[int], blocks: Sequence[int], latent_dim: int, companded: bool = False
) -> Plan:
    """Causal strided convolutions with residual blocks after each.

    Args:
        strides: downsampling of each stage, input side first. The first is best 8 or more: at
            the full sample rate a CPU reaches a tenth of its speed.
        dims: channels of each stage.
        blocks: residual blocks of each stage; dilations 1, 3, 9, 1, ...
        latent_dim: size of the latent vector.
        companded: the first stage is a lapped transform with the square root of its coefficients.
    """
    layers: list[Unnamed] = []
    d_in = 1
    for stride, dim, depth in zip(strides, dims, blocks, strict=True):
        lapped = companded and not layers
        layers.append(
            ("LappedAnalysis", {"d_out": dim, "hop": stride})
            if lapped
            else ("Downsample", {"d_in": d_in, "d_out": dim, "stride": stride})
        )
        layers += _blocks(dim, depth)
        d_in = dim
    norm = Layer("LayerNorm", "encoder.norm", {"normalized_shape": d_in})
    out = Layer("Linear", "encoder.out", {"in_features": d_in, "out_features": latent_dim})
    return Plan((*_chain("encoder", layers), norm, out))


def conv_decoder(
    strides: Sequence[int],
    dims: Sequence[int],
    blocks: Sequence[int],
    latent_dim: int,
    delay: int = 0,
    gain: bool = False,
    conceals: bool = False,
    companded: bool = False,
    noise_from: int | None = None,
    postfilter: float = 0.0,
    learned_noise: bool = False,
) -> Plan:
    """Causal transposed convolutions with residual blocks before each.

    Args:
        strides: upsampling of each stage, latent side first.
        dims: channels of each stage, before it is upsampled.
        blocks: residual blocks of each stage.
        latent_dim: size of the quantized latent vector.
        delay: samples by which the output lags the input of the encoder. The decoder itself
            adds none; training it to answer late lets it see the next frames first.
        gain: scale the steps before the last stage by a factor each (see `audiocodec.model.nn.gain.Gain`).
        conceals: it was trained (`train.lost`) to conceal lost frames, which reach it as zeros.
        companded: the last stage is an inverse lapped transform of the squares of its input.
        noise_from: first coefficient of that transform whose sign is random: see `LappedSynthesis`.
        postfilter: exponent by which formants stand out more in the noise, see there.
        learned_noise: the last stage is `audiocodec.model.nn.noisy.NoisySynthesis`.

    Raises:
        ConfigError: noise without a lapped transform, or a post-filter without noise.
    """
    if noise_from is not None and not companded:
        raise ConfigError("noise_from needs companded: true")
    if postfilter and noise_from is None:
        raise ConfigError("postfilter needs noise_from")
    if learned_noise and (not companded or noise_from is not None):
        raise ConfigError("learned_noise needs companded: true, and takes the place of noise_from")
    layers: list[Unnamed] = [("CausalConv", {"d_in": latent_dim, "d_out": dims[0], "kernel": 3})]
    for stride, dim, d_out, depth in zip(strides, dims, (*dims[1:], 1), blocks, strict=True):
        layers += _blocks(dim, depth)
        layers.append(("Upsample", {"d_in": dim, "d_out": d_out, "stride": stride}))
    if companded:
        synthesis = {"d_in": dims[-1], "hop": strides[-1], "noise_from": noise_from, "postfilter": postfilter}
        layers[-1] = ("LappedSynthesis", synthesis)
    if learned_noise:
        layers[-1] = ("NoisySynthesis", {"d_in": dims[-1], "hop": strides[-1]})
    if gain:
        layers.insert(-1, ("Gain", {"dim": dims[-1]}))
    return Plan(_chain("decoder", layers), delay, conceals)


PARTS: dict[str, dict[str, Callable[..., Plan]]] = {
    "encoder": {"Encoder": encoder},
    "decoder": {"ConvDecoder": conv_decoder},
}


def read(part: str, spec: Mapping[str, Any]) -> Plan:
    """The plan of one part of a description.

    Args:
        part: "encoder" or "decoder".
        spec: its section: `type`, and the keywords of the function of that type.

    Raises:
        ConfigError: the type or a key is unknown or missing, or a value is refused.
    """
    arguments = dict(spec)
    kind = arguments.pop("type", None)
    if kind not in PARTS[part]:
        raise ConfigError(f"{part}: type is {kind!r}, known: {', '.join(sorted(PARTS[part]))}")
    return call(PARTS[part][kind], arguments, part)
