"""Blockwise distillation: candidate blocks learn, each on its own, what a stage of a trained teacher computes."""
