"""What is asked and how it is done: studies, estimators, runs. What can be imported from here is public, nothing
else; each name is imported from its module when it is first used (`__init__.pyi` lists them)."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
