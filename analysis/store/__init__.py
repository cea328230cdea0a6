"""The files of runs and studies: for each its form, and how it is written and read.

`studies` writes what `analysis` reads, so both go through here.
"""
