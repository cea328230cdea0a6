"""Figures of other ways to rank beside supernets: those of the FEAR paper by name, and amortised cost."""
