"""Blox's published files, in all of their formats."""
