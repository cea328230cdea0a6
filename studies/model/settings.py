"""`--set training.epochs=5`: a study with another value of a setting in every variant, for a try.

The changed study is a study of its own: its name says what was set ('quickstart+training.epochs=5'), and the ids of its
runs follow from their changed configurations, as always.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from types import NoneType
from typing import Any, Union, get_args, get_origin, get_type_hints

from studies.model.study import Study
from studies.model.variant import Variant

# Of a variant, beside the settings of its estimator; the others say what it is within its study.
OF_VARIANT = ("size", "data", "mask", "evaluation_noise", "evaluation_batch")
EITHER_OR = {"epochs": "updates", "updates": "epochs"}  # a length is said in one of two ways
LONGEST = 120  # characters of what a name says was set
EXPECTED = {int: "an integer", float: "a number", bool: "true or false"}

Tree = dict[str, Any]  # by name, a text or the tree of a setting that has settings


def change(study: Study, texts: Sequence[str]) -> tuple[Study, list[str]]:
    """The study with what the texts set in every variant that has the setting, and remarks on what follows.

    Args:
        texts: such as 'training.epochs=5': settings of `Variant` (OF_VARIANT) or of its estimator, and a value; lists
            are separated by commas, 'none' is no value. All are set at once.

    Raises:
        ValueError: for a setting that no variant has, with those that there are, and for a value that is refused.
    """
    tree = parse(texts)
    remarks: list[str] = []
    for name in tree:
        without = [variant.name for variant in study.variants if name not in allowed(variant)]
        if len(without) == len(study.variants):
            known = sorted({name for variant in study.variants for name in allowed(variant)})
            deeper = {
                path for variant in study.variants for path in _inner(variant) if path.endswith(f".{name}")
            }
            meant = f"; {' or '.join(sorted(deeper))} is a setting" if deeper else ""
            raise ValueError(f"--set: {name!r} is not one of {', '.join(known)}{meant}")
        if without:
            remarks.append(f"--set {name}: {', '.join(dict.fromkeys(without))}: has no such setting")
    said: dict[str, str] = {}
    variants: dict[str, Variant] = {}
    for variant in study.variants:
        changed = _changed(variant, tree, said)
        same = variants.setdefault(changed.run_id(0), changed)
        if same is not changed:
            remarks.append(
                f"--set: {variant.name} of {variant.space} is left out: now the same as {same.name}"
            )
    label = [f"{path}={value}" for path, value in sorted(said.items())]
    changed_study = replace(
        study,
        name=_name(study.name, "+".join(label)),
        title=f"{study.title} (with {', '.join(label)})",
        note=f"A try: every variant with {', '.join(label)}. {study.note}",
        variants=tuple(variants.values()),
    )
    return changed_study, remarks


def parse(texts: Sequence[str]) -> Tree:
    """The texts as a tree. ValueError for one that is not NAME=VALUE, and for two that contradict each other."""
    tree: Tree = {}
    for text in texts:
        path, equals, value = text.partition("=")
        names = path.strip().split(".")
        if not equals or not all(names):
            raise ValueError(f"--set: {text!r} is not SETTING=VALUE such as training.epochs=5")
        branch = tree
        for name in names[:-1]:
            branch = branch.setdefault(name, {})
            if not isinstance(branch, dict):
                break
        if not isinstance(branch, dict) or names[-1] in branch:
            raise ValueError(f"--set: {path} is set twice")
        branch[names[-1]] = value.strip()
    return tree


def allowed(variant: Variant) -> list[str]:
    """What can be set of a variant."""
    estimator: Any = variant.estimator
    return [*OF_VARIANT, *(item.name for item in fields(estimator) if item.init)]


def _inner(variant: Variant) -> list[str]:
    """The settings of what can be set of a variant and has settings: 'training.epochs'."""
    values = {
        name: getattr(variant if name in OF_VARIANT else variant.estimator, name) for name in allowed(variant)
    }
    return [
        f"{name}.{item.name}"
        for name, value in values.items()
        if is_dataclass(value)
        for item in fields(value)
    ]


def _changed(variant: Variant, tree: Tree, said: dict[str, str]) -> Variant:
    """The variant, and what it rests on, with what it has of the settings. said: gets their values, spelled, by
    their full names."""
    parent = None if variant.parent is None else _changed(variant.parent, tree, said)
    members = tuple(replace(one, variant=_changed(one.variant, tree, said)) for one in variant.members)
    known = {name: value for name, value in tree.items() if name in allowed(variant)}
    if not known and parent is None and not members:
        return variant
    try:
        settings = {
            name: _value(variant if name in OF_VARIANT else variant.estimator, name, value, name, said)
            for name, value in known.items()
        }
        return variant.changed(**settings, parent=parent, members=members, expected_seconds=None)
    except ValueError as error:
        told = str(error)
        raise ValueError(told if told.startswith("--set") else f"--set: {variant.name}: {told}") from None


def _value(config: Any, name: str, new: Any, path: str, said: dict[str, str]) -> Any:
    """The new value of a setting of a configuration: what a text stands for, or the old one with what a tree sets."""
    old = getattr(config, name)
    inner = [item.name for item in fields(old)] if is_dataclass(old) else []
    if not isinstance(new, dict):
        if inner:
            raise ValueError(
                f"--set: {path}: has settings of its own, {', '.join(inner)}; set {path}.{inner[0]}="
            )
        value = convert(new, get_type_hints(type(config))[name], path)
        said[path] = _spelled(value)
        return value
    for key in new:
        if key not in inner:
            there = (
                f"{key!r} is not one of {', '.join(inner)}" if inner else f"{path} has no settings of its own"
            )
            raise ValueError(f"--set: {path}.{key}: {there}")
    values = {key: _value(old, key, text, f"{path}.{key}", said) for key, text in new.items()}
    for key, other in EITHER_OR.items():  # what is set takes the place of its counterpart
        if values.get(key) is not None and other in inner:
            values.setdefault(other, None)
    return replace(old, **values)


def convert(text: str, hint: Any, path: str) -> Any:
    """The value that a text stands for, by the type of the setting. ValueError that names the setting if it stands for
    none; whether the value is allowed, the configuration says."""
    choices = get_args(hint) if get_origin(hint) in (Union, type(int | None)) else (hint,)
    if NoneType in choices and text.lower() in ("none", "null"):
        return None
    kind = next(choice for choice in choices if choice is not NoneType)
    if get_origin(kind) is tuple:
        return tuple(
            convert(part.strip(), get_args(kind)[0], path) for part in text.split(",") if part.strip()
        )
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if str in choices:  # beside another type: a word, which the configuration judges
        return text
    if kind not in (*EXPECTED, str):
        raise ValueError(f"--set: {path}: cannot be said in a word; change it in the study's file")
    if kind is not bool:
        with suppress(ValueError):
            return kind(text)
    or_none = " or none" if NoneType in choices else ""
    raise ValueError(f"--set: {path}: {text!r} is not {EXPECTED[kind]}{or_none}")


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_spelled, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _name(name: str, said: str) -> str:
    """The changed study's, also of its folder and jobs: without spaces and the like, and not too long."""
    safe = re.sub(r"[^\w.,=+-]", "_", said, flags=re.ASCII)
    if safe != said or len(safe) > LONGEST:
        safe = f"{safe[:LONGEST]}-{hashlib.sha256(said.encode()).hexdigest()[:6]}"
    return f"{name}+{safe}"
