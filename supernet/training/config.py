"""The settings of a training. Imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from supernet.data.config import ABSENT_BY_DEFAULT

UNUSED = ("rest", "move")
DECAYED = ("weights", "all")
STACKING = ("never", "auto", "always", "graph")
CAPTURE = ("never", "auto", "always")
AMP = ("none", "auto", "bf16", "fp16")
FP32_PRECISION = ("ieee", "tf32", "bf16")
POLICIES = ("none", "autoaugment", "randaugment")
BINS = {"autoaugment": 10, "randaugment": 31}  # magnitudes of a policy are numbered 0..bins-1


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images, freshly for each image each time.

    Args:
        shift: pixels, uniform in [-shift, shift] both ways, black beyond the border.
        flip: mirrored left-right with probability 1/2.
        cutout: side of a square set to the mean, centre uniform, clipped at the border.
        noise: standard deviation of Gaussian noise, in standard deviations of the data.
        policy: 'autoaugment' (the one for CIFAR-10), 'randaugment' or 'none' (policies.py).
        num_ops: of RandAugment.
        magnitude: of RandAugment, 0 to 30.
        policy_first: the policy comes before shift and flip, not after.
    """

    shift: int = 0
    flip: bool = False
    cutout: int = 0
    noise: float = 0.0
    policy: str = "none"
    num_ops: int = 2
    magnitude: int = 9
    policy_first: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        for name in ("shift", "cutout"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name}: {value!r} is not an integer >= 0")
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"noise: {self.noise!r} is not a number >= 0")
        self._check_policy()

    def _check_policy(self) -> None:
        if self.policy not in POLICIES:
            raise ValueError(f"policy: {self.policy!r} is not one of {', '.join(POLICIES)}")
        highest = BINS["randaugment"] - 1
        if not isinstance(self.num_ops, int) or self.num_ops < 1:
            raise ValueError(f"num_ops: {self.num_ops!r} is not a positive integer")
        if not isinstance(self.policy_first, bool):
            raise ValueError(f"policy_first: {self.policy_first!r} is not true or false")
        if self.policy_first and self.policy == "none":
            raise ValueError("policy_first: there is no policy that could come first; policy is 'none'")
        if not isinstance(self.magnitude, int) or not 0 <= self.magnitude <= highest:
            raise ValueError(f"magnitude: {self.magnitude!r} is not an integer in 0..{highest}")
        if self.policy != "randaugment":
            for each in fields(self):
                value = getattr(self, each.name)
                if each.name in ("num_ops", "magnitude") and value != each.default:
                    raise ValueError(
                        f"{each.name}: {value} is of policy 'randaugment' and means nothing to {self.policy!r}"
                    )


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """SGD with a cosine schedule, stepped once an epoch; and how its steps are computed.

    The last eight, from `stacking` on, say how steps are computed. They change rounding only, much of it with amp and
    fp32_precision.

    Args:
        epochs: the budget in epochs; exactly one of epochs and updates is given.
        updates: the budget in optimizer steps.
        lr: the first learning rate.
        lr_final: the last learning rate.
        weight_decay: of what `decayed` says.
        decayed: the 'weights' (not BN and biases) or 'all' parameters.
        warmup_epochs: the learning rate rises linearly.
        clip_norm: bound on the gradient's L2 norm, 0 for none.
        label_smoothing: in [0, 1).
        unused: what a step does to parameters that none of its paths used: they 'rest', or they 'move' by momentum and
            weight decay, as where gradients are set to zero and kept (much published code does; the results differ).
        ema: decay of an exponential moving average of the weights that is kept beside them (supernet/training/ema.py),
            0 for none.
        stacking: whether the paths of a strictly fair group share one pass (supernet/fast/stacking.py): 'never',
            'always', 'graph': as one static graph, captured on a CUDA device (supernet/fast/fair_step.py), or 'auto',
            the fastest of these by device and size.
        capture: whether on a CUDA device the parts of a network that are left to paths one by one are replayed as CUDA
            graphs (supernet/fast/captured.py): 'never', 'always', or 'auto', where tensors are small.
        amp: automatic mixed precision, 'none', 'bf16', 'fp16' (CUDA only, with a scaled loss), or 'auto': bf16 where
            the device has units for it.
        compile: torch.compile for every convolution with its BN.
        fp32_precision: in which precision float32 products are computed, 'ieee', 'tf32' (CUDA) or 'bf16' (a CPU with
            units for it).
        deterministic: whether cuDNN may only use algorithms that give the same bits each time.
        cudnn_benchmark: whether it tries which algorithm is fastest, so that the choice, and with it the bits, may
            differ from start to start.
    """

    epochs: int | None = None
    updates: int | None = None
    batch_size: int = 256
    lr: float = 0.025
    lr_final: float = 1e-5
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 3e-4
    warmup_epochs: int = 0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    unused: str = "rest"
    stacking: str = "auto"
    amp: str = "none"
    compile: bool = False
    capture: str = field(default="auto", metadata=ABSENT_BY_DEFAULT)
    fp32_precision: str = field(default="ieee", metadata=ABSENT_BY_DEFAULT)
    deterministic: bool = field(default=True, metadata=ABSENT_BY_DEFAULT)
    cudnn_benchmark: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)
    decayed: str = field(default="weights", metadata=ABSENT_BY_DEFAULT)
    ema: float = field(default=0.0, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.updates is None):
            raise ValueError(
                f"epochs: {self.epochs!r} and updates: {self.updates!r}; give exactly one of them"
            )
        budget = self.epochs if self.updates is None else self.updates
        if not isinstance(budget, int) or budget < 1:
            raise ValueError(
                f"{'updates' if self.epochs is None else 'epochs'}: {budget!r} is not a positive integer"
            )
        if not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size!r} is not an integer above 1")
        for name in ("lr", "lr_final", "momentum", "weight_decay", "warmup_epochs", "clip_norm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: {value!r} is not a number >= 0")
        if not isinstance(self.warmup_epochs, int):
            raise ValueError(f"warmup_epochs: {self.warmup_epochs!r} is not an integer >= 0")
        for name in ("label_smoothing", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not in [0, 1)")
        for name, allowed in (
            ("unused", UNUSED),
            ("stacking", STACKING),
            ("amp", AMP),
            ("capture", CAPTURE),
            ("fp32_precision", FP32_PRECISION),
            ("decayed", DECAYED),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not one of {', '.join(allowed)}")
        for name in ("compile", "deterministic", "cudnn_benchmark"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}: {getattr(self, name)!r} is not true or false")
        if self.compile and self.capture == "always":
            raise ValueError("compile: True does not go with capture 'always'; use 'auto' or 'never'")

    @property
    def numerics(self) -> dict[str, Any]:
        """What holds for a whole process, as `supernet.training.precision.set_numerics` takes it."""
        return {
            "fp32_precision": self.fp32_precision,
            "deterministic": self.deterministic,
            "cudnn_benchmark": self.cudnn_benchmark,
        }

    def batches(self, images: int) -> int:
        """Mini-batches in an epoch. ValueError if the last would be a single image."""
        if images % self.batch_size == 1:
            raise ValueError(
                f"batch_size: {self.batch_size} leaves a last batch of one of {images} images, "
                "which batch normalisation cannot use; take another"
            )
        return math.ceil(images / self.batch_size)

    def total_epochs(self, images: int, batches_per_update: int = 1) -> int:
        """Epochs that the budget takes; the last may be cut short by a budget in updates."""
        batches = self.batches(images)
        if self.epochs is not None:
            return self.epochs
        assert self.updates is not None
        return math.ceil(self.updates * batches_per_update / batches)

    def learning_rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of epoch 0..epochs-1: linear warm-up, then cosine from lr to (nearly) lr_final."""
        if epoch < self.warmup_epochs:
            return self.lr * (epoch + 1) / (self.warmup_epochs + 1)
        done = (epoch - self.warmup_epochs) / max(1, epochs - self.warmup_epochs)
        return self.lr_final + 0.5 * (self.lr - self.lr_final) * (1 + math.cos(math.pi * done))
