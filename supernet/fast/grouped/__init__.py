"""Many stand-alone networks trained side by side in one process, each exactly as if it were alone.

Small networks spend their time on calls, not on arithmetic. Here the same layer of several networks is one call: the
channels of E networks lie beside each other in one tensor (B, E * C, H, W), a convolution has E times as many groups,
BatchNorm E times as many channels. No number of one network ever meets another's.
"""

from supernet.fast.grouped.network import NetworkGroup
from supernet.fast.grouped.training import train_group

__all__ = ["NetworkGroup", "train_group"]
